"""`python -m infra.serve tests.faults.deadly:appointments`: the real service, which dies when a request says so."""

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.appointments.app import build
from tests.faults.lifetime import die

DIES = "x-faults-dies"


class Deadly:
    """Kills the process when the answer of a marked request that succeeded is about to be sent: after its commit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def last_words(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 300:
                die()
            await send(message)

        marked = scope["type"] == "http" and any(name == DIES.encode() for name, _ in scope["headers"])
        await self._app(scope, receive, last_words if marked else send)


def appointments() -> FastAPI:
    """The service, around whose edge death waits."""
    app = build()
    app.add_middleware(Deadly)
    return app
