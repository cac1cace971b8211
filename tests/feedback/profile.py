"""A profile that takes messages and nothing else: the peer behind feedback's transport."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.asking import until


async def _nothing(_: str) -> None:
    pass


@dataclass
class FakeProfile:
    """Answers as told; remembers each message it was asked for under its key."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    tries: list[str] = field(default_factory=list)  # keys, one per request
    away: bool = False
    status: int = 202
    garbled: bool = False  # answers 2xx without JSON
    before_answering: Callable[[str], Awaitable[None]] = _nothing  # with the message's id
    answer: dict[str, Any] = field(default_factory=lambda: {"status": "queued", "reason": None})

    @property
    def transport(self) -> httpx.ASGITransport:
        """The way in."""
        return httpx.ASGITransport(Starlette(routes=[Route("/v1/messages", self._take, methods=["POST"])]))

    def links(self) -> list[str]:
        """The paths of the links it was given, in order."""
        return [str(httpx.URL(message["link"]).path) for message in self.messages]

    async def asked(self, count: int) -> None:
        """Wait until it was asked for that many messages."""

        async def there() -> bool:
            return len(self.messages) >= count

        await until(there)

    async def _take(self, request: Request) -> Response:
        key = request.headers["idempotency-key"]
        self.tries.append(key)
        if self.away:
            return JSONResponse({}, 503)
        assert request.headers["authorization"].startswith("Bearer ")
        message_id = str(uuid4())
        self.messages.append({"key": key, "message_id": message_id, **(await request.json())})
        await self.before_answering(message_id)
        if self.garbled:
            return PlainTextResponse("<html>", self.status)
        return JSONResponse({"message_id": message_id, **self.answer}, self.status)
