"""A profile that takes messages and nothing else: the peer behind feedback's transport."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


@dataclass
class FakeProfile:
    """Answers as told; remembers each message it was asked for under its key."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    tries: list[str] = field(default_factory=list)  # keys, one per request
    away: bool = False
    status: int = 202
    answer: dict[str, Any] = field(default_factory=lambda: {"status": "queued", "reason": None})

    @property
    def transport(self) -> httpx.ASGITransport:
        """The way in."""
        return httpx.ASGITransport(Starlette(routes=[Route("/v1/messages", self._take, methods=["POST"])]))

    def links(self) -> list[str]:
        """The paths of the links it was given, in order."""
        return [str(httpx.URL(message["link"]).path) for message in self.messages]

    async def _take(self, request: Request) -> JSONResponse:
        key = request.headers["idempotency-key"]
        self.tries.append(key)
        if self.away:
            return JSONResponse({}, 503)
        assert request.headers["authorization"].startswith("Bearer ")
        self.messages.append({"key": key, **(await request.json())})
        return JSONResponse({"message_id": str(uuid4()), **self.answer}, self.status)
