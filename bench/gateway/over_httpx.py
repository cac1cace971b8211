"""The same forwarder over httpx: one pooled client, both bodies streamed; without token, limits, log or trace.

Served like ours, by uvicorn on uvloop and httptools. It does less than the gateway, so the comparison favours it.
"""

import os
from collections.abc import AsyncIterator

import httpx
from starlette.types import Receive, Scope, Send

PASSED = {b"accept", b"accept-language", b"authorization", b"content-type", b"if-match", b"if-none-match"}
OF_ONE_CONNECTION = {b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server"}


class Forwarder:
    """An ASGI app that passes every request on to one service."""

    def __init__(self, upstream: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=upstream,
            timeout=10,
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=100),
            trust_env=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        headers = [(name, value) for name, value in scope["headers"] if name in PASSED]
        content = _chunks(receive) if scope["method"] not in {"GET", "HEAD"} else None
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        request = self._client.build_request(scope["method"], target.decode(), headers=headers, content=content)
        answer = await self._client.send(request, stream=True)
        try:
            kept = [(name.lower(), value) for name, value in answer.headers.raw]
            kept = [(name, value) for name, value in kept if name not in OF_ONE_CONNECTION]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
            async for chunk in answer.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await answer.aclose()


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        yield message.get("body", b"")
        more = message.get("more_body", False)


def build() -> Forwarder:
    """The app; BENCH_UPSTREAM is the service's address."""
    return Forwarder(os.environ["BENCH_UPSTREAM"])
