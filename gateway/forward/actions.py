"""Passing a request on: the body streams in as far as its limit, the answer streams out as it comes."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import aiohttp
import structlog
from multidict import CIMultiDict
from starlette.types import Message, Receive, Send
from yarl import URL

from gateway.forward.rules import AnswerTooLate, Header, ServiceAway, outbound
from infra.refusal import BodyTooLarge, BodyTooSlow, Refusal

CONNECTIONS = 100  # per service
# Shorter than the five seconds after which our services close an idle connection: a POST on a dying one is lost.
KEEP_ALIVE = 3.0
CONNECT = 2.0  # seconds for a connection, its turn in the pool included
CHUNK = 15.0  # seconds until the caller's next piece of body
SMALL = 64 * 1024  # bytes: a body this small is sent in one piece, which costs less
# Seconds until anybody looks whether the caller has hung up: most answers are there before, and the looking costs.
MOMENT = 0.05

_SKIPPED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class CallerLeft(Exception):
    """The caller has hung up; nobody waits for an answer."""


class Incoming:
    """The caller's side of a request: its body, once, and whether he is still there."""

    def __init__(self, receive: Receive, *, limit: int, declared: int | None, expected: bool) -> None:
        self._receive = receive
        self._limit = limit
        self._ended = asyncio.Event()
        self.declared = declared
        self.expected = expected
        self.failure: Refusal | CallerLeft | None = None
        if declared is not None and declared > limit:
            raise BodyTooLarge
        if not expected:
            self._ended.set()

    async def whole(self) -> bytes:
        """All of it; raises BodyTooLarge, BodyTooSlow or CallerLeft."""
        return b"".join([chunk async for chunk in self.chunks()]) if self.expected else b""

    async def chunks(self) -> AsyncIterator[bytes]:
        """Piece by piece; raises BodyTooLarge, BodyTooSlow or CallerLeft, and remembers it in `failure`."""
        size, more = 0, not self._ended.is_set()
        while more:
            message = await self._next()
            if message["type"] == "http.disconnect":
                raise self._failed(CallerLeft())
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > self._limit:
                raise self._failed(BodyTooLarge())
            more = message.get("more_body", False)
            if chunk:
                yield chunk
        self._ended.set()

    async def gone(self) -> None:
        """Wait until the caller hangs up, once his body is read."""
        await self._ended.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(CHUNK):
                return await self._receive()
        except TimeoutError:
            raise self._failed(BodyTooSlow()) from None

    def _failed(self, failure: Refusal | CallerLeft) -> Refusal | CallerLeft:
        self.failure = failure
        return failure


class Upstreams:
    """The services behind the door, each with its own pool: one that hangs does not take the others' connections.

    `patience` is how many seconds a service may be silent.
    """

    def __init__(self, addresses: Mapping[str, str], *, patience: float) -> None:
        self._addresses = addresses
        self._patience = patience
        self._pools: dict[str, aiohttp.ClientSession] = {}
        self._fresh: dict[str, aiohttp.ClientSession] = {}  # for second attempts: a connection is never used again

    async def open(self) -> None:
        """Open the pools; must run inside the event loop."""
        for service in self._addresses:
            pooled = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE)
            self._pools[service] = self._session(pooled)
            self._fresh[service] = self._session(aiohttp.TCPConnector(limit=CONNECTIONS, force_close=True))

    def _session(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT, sock_connect=CONNECT, sock_read=self._patience),
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_SKIPPED,
        )
        # aiohttp would repeat a PUT or DELETE by itself, which may have taken effect. It has no public switch for that:
        # tests/gateway/test_broken_connections.py says when this one goes.
        session._retry_connection = False  # noqa: SLF001
        return session

    async def close(self) -> None:
        """Close the pools."""
        for pool in (*self._pools.values(), *self._fresh.values()):
            await pool.close()

    async def pass_on(
        self,
        service: str,
        method: str,
        target: str,
        *,
        headers: list[Header],
        incoming: Incoming,
        body: bytes | None,
        is_repeatable: bool,
        send: Send,
    ) -> None:
        """Send the request to a service and stream its answer to the caller.

        `target` is path and query as they came, `body` the body if it was read already. What `is_repeatable` is sent
        once more when the connection breaks before an answer and its body is still there. Raises ServiceAway,
        AnswerTooLate, BodyTooLarge, BodyTooSlow or CallerLeft; once the answer has begun, only what cuts it off.
        """
        loop, this = asyncio.get_running_loop(), asyncio.current_task()
        watch: asyncio.Task[None] | None = None
        left = False

        async def look() -> None:
            nonlocal left
            await incoming.gone()
            left = True
            if this is not None:
                this.cancel()

        def begin_to_look() -> None:
            nonlocal watch
            watch = loop.create_task(look())

        later = loop.call_later(MOMENT, begin_to_look)
        try:
            await self._exchange(
                service,
                method,
                target,
                headers=headers,
                incoming=incoming,
                body=body,
                is_repeatable=is_repeatable,
                send=send,
            )
        except asyncio.CancelledError:
            if this is None or not left:
                raise
            this.uncancel()
            raise CallerLeft from None
        finally:
            later.cancel()
            if watch is not None:
                watch.cancel()

    async def _exchange(
        self,
        service: str,
        method: str,
        target: str,
        *,
        headers: list[Header],
        incoming: Incoming,
        body: bytes | None,
        is_repeatable: bool,
        send: Send,
    ) -> None:
        sent = CIMultiDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
        data: bytes | AsyncIterator[bytes] | None = body
        if body is None and incoming.expected:
            if incoming.declared is not None and incoming.declared <= SMALL:
                data = await incoming.whole()
            else:
                data = incoming.chunks()
                if incoming.declared is not None:
                    sent["Content-Length"] = str(incoming.declared)
        url = URL(self._addresses[service] + target, encoded=True)
        try:
            is_whole = data is None or isinstance(data, bytes)
            answer = await self._ask(service, method, url, sent, data, is_repeatable=is_repeatable and is_whole)
        except aiohttp.SocketTimeoutError:
            raise incoming.failure or self._away(service, AnswerTooLate()) from None
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise incoming.failure or self._away(service, ServiceAway(retry_after=2)) from None
        try:
            start = {"type": "http.response.start", "status": answer.status, "headers": outbound(answer.raw_headers)}
            await send(start)
            more = True
            while more:
                chunk = await answer.content.readany()
                more = not answer.content.at_eof()
                await send({"type": "http.response.body", "body": chunk, "more_body": more})
        finally:
            # Read to its end, the connection goes back into the pool; otherwise it is closed.
            answer.release()

    async def _ask(
        self,
        service: str,
        method: str,
        url: URL,
        headers: CIMultiDict[str],
        data: bytes | AsyncIterator[bytes] | None,
        *,
        is_repeatable: bool,
    ) -> aiohttp.ClientResponse:
        """Ask; once more, on a fresh connection, when the first broke before its answer and repeating does no harm."""
        try:
            return await self._pools[service].request(method, url, headers=headers, data=data, allow_redirects=False)
        except aiohttp.ClientConnectorError:
            raise  # nobody listens
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # The instance at the other end has ended, or was killed; its siblings accept what comes anew.
            if not is_repeatable:
                raise
        return await self._fresh[service].request(method, url, headers=headers, data=data, allow_redirects=False)

    def _away(self, service: str, refusal: Refusal) -> Refusal:
        structlog.get_logger().warning("service-away", peer=service, fault=refusal.slug)
        return refusal
