"""Calls to the other services: signed by this one, bounded in time, refusals passed on as refusals."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from opentelemetry.trace import SpanKind

from infra.identity import Caller, Role, Signer
from infra.problems import URN
from infra.refusal import Kind, Refusal
from infra.settings import Settings
from infra.telemetry import metrics, traceparent
from infra.telemetry.traces import step
from infra.trust import trusted

TIMEOUT = httpx.Timeout(3.0, connect=1.0)
# Given up before the five seconds after which our servers close an idle connection: the two must not meet.
KEEP_ALIVE = 3.0
# The connection broke before the answer: the instance at its other end has ended, or was killed.
BROKEN = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


class PeerUnavailable(Refusal):
    """A service this answer needs does not answer."""

    kind = Kind.UNAVAILABLE
    slug = "peer-unavailable"
    en = "A part of the house needed for this is briefly away. Please try again in a moment."
    zh = "完成此操作所需的服务暂时不可用，请稍后再试。"


class PeerRefused(Refusal):
    """Another service said no; `peer_type` is its problem type without the URN."""

    kind = Kind.CONFLICT
    slug = "peer-refused"
    en = "Another part of the house refused this. See `peer_type`."
    zh = "相关服务拒绝了此操作，原因见 peer_type。"

    def __init__(self, status: int, peer_type: str) -> None:
        super().__init__(peer_type=peer_type)
        self.status = status
        self.peer_type = peer_type


class Peer:
    """One other service."""

    def __init__(self, name: str, client: httpx.AsyncClient, signer: Signer) -> None:
        self.name = name
        self._client = client
        self._signer = signer

    async def call(
        self,
        method: str,
        path: str,
        *,
        brand_id: str,
        json: object = None,
        params: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        caller: Caller | None = None,
    ) -> Any:
        """The JSON body of a 2xx answer; raises PeerRefused for a 4xx, otherwise PeerUnavailable.

        `caller` is for whom the gateway vouches, the only one who is believed in that; otherwise we ask ourselves.
        """
        began, outcome = time.perf_counter(), "unavailable"
        said = {"maison.peer": self.name, "http.request.method": method}
        with step(f"call {self.name}", SpanKind.CLIENT, said) as span:
            try:
                headers = self._headers(brand_id, caller)
                if idempotency_key:
                    headers["Idempotency-Key"] = idempotency_key
                answer = await self._ask(method, path, json=json, params=params, headers=headers)
                outcome = "ok"
            except PeerRefused as refused:
                span.say("http.response.status_code", refused.status)
                outcome = "refused"
                raise
            finally:
                metrics.CALLS.labels(self.name, outcome).observe(time.perf_counter() - began)
            return answer

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        json: object,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
    ) -> Any:
        try:
            try:
                answer = await self._client.request(method, path, json=json, params=params, headers=headers)
            except BROKEN:
                if method != "GET" and "Idempotency-Key" not in headers:
                    raise
                # Repeating does no harm, and its siblings accept what comes anew.
                answer = await self._client.request(method, path, json=json, params=params, headers=headers)
        except httpx.HTTPError:
            raise PeerUnavailable from None
        _check(answer)
        try:
            return answer.json() if answer.content else None
        except ValueError:  # something else than the peer answers at its address
            raise PeerUnavailable from None

    @asynccontextmanager
    async def lines(self, path: str, *, brand_id: str, json: object) -> AsyncIterator[AsyncIterator[str]]:
        """The lines of a long answer to a POST that changes nothing, as they come, each with its line feed.

        Whether all came, they must say themselves.

        Raises PeerRefused for a 4xx, otherwise PeerUnavailable, also in the middle.
        """
        began, outcome = time.perf_counter(), "unavailable"
        said = {"maison.peer": self.name, "http.request.method": "POST"}
        with step(f"call {self.name}", SpanKind.CLIENT, said):
            try:
                headers = self._headers(brand_id)
                async with self._client.stream("POST", path, json=json, headers=headers) as answer:
                    if answer.is_error:
                        await answer.aread()
                    _check(answer)
                    yield _lines(answer)
                outcome = "ok"
            except PeerRefused:
                outcome = "refused"
                raise
            except httpx.HTTPError:
                raise PeerUnavailable from None
            finally:
                metrics.CALLS.labels(self.name, outcome).observe(time.perf_counter() - began)

    def _headers(self, brand_id: str, caller: Caller | None = None) -> dict[str, str]:
        caller = caller or Caller(subject=self._signer.issuer, role=Role.SERVICE, brand_id=brand_id)
        headers = {"Authorization": f"Bearer {self._signer.sign(caller, audience=self.name)}"}
        if trace := traceparent():
            headers["traceparent"] = trace
        return headers


async def _lines(answer: httpx.Response) -> AsyncIterator[str]:
    # httpx has the same, and ends a line at U+2028 and its like too.
    rest = ""
    async for piece in answer.aiter_text():
        *whole, rest = (rest + piece).split("\n")
        for line in whole:
            yield line + "\n"
    if rest:
        yield rest


def _check(answer: httpx.Response) -> None:
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise PeerUnavailable
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        raise PeerRefused(answer.status_code, _type(answer))


def _type(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["type"]).removeprefix(URN)
    except (ValueError, KeyError, TypeError):
        return "unknown"


class Peers:
    """All other services, and the gateway, by name. Tests pass `transports` to reach apps in the same process."""

    def __init__(
        self, settings: Settings, signer: Signer, transports: Mapping[str, httpx.AsyncBaseTransport] | None = None
    ) -> None:
        self._clients = []
        addresses = {
            "profile": settings.profile_url,
            "appointments": settings.appointments_url,
            "feedback": settings.feedback_url,
            "recommend": settings.recommend_url,
            "gateway": settings.gateway_url,
        }
        self._peers = {}
        for name, address in addresses.items():
            client = httpx.AsyncClient(
                base_url=address,
                timeout=TIMEOUT,
                limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE),
                transport=(transports or {}).get(name),
                verify=trusted(),
                trust_env=False,
            )
            self._clients.append(client)
            self._peers[name] = Peer(name, client, signer)

    def __getitem__(self, name: str) -> Peer:
        """The peer of that name."""
        return self._peers[name]

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            await client.aclose()
