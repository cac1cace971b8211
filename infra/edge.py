"""The edge around every request: its trace, its one log line, and the last word on whatever went wrong."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra import problems, telemetry
from infra.database import is_passing
from infra.refusal import BodyTooLarge, Fault, Refusal, Unavailable

TOO_LARGE = 413


class Edge:
    """Around every request: its trace, its one log line, and the last word on whatever went wrong."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        telemetry.start_trace(headers.get("traceparent"))
        status, began, clock = 0, False, time.perf_counter()

        accept_language = headers.get("accept-language", "")

        async def sent(message: Message) -> None:
            nonlocal status, began
            if message["type"] == "http.response.start":
                status, began = message["status"], True
                if _is_plain_too_large(message):
                    # FastAPI's own body limit answers in plain text, outside of every exception handler.
                    await problems.answer(BodyTooLarge(), accept_language=accept_language)(scope, receive, send)
                    status = -TOO_LARGE
                    return
            if status != -TOO_LARGE:
                await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as fault:
            # The edge: nothing may leave a request but an answer.
            away = is_passing(fault)
            structlog.get_logger().error("database-away" if away else "fault", **telemetry.reduced(fault))
            if began:
                raise
            refusal: Refusal = Unavailable() if away else Fault()
            status = 503 if away else 500
            response = problems.answer(refusal, accept_language=accept_language, status=status)
            await response(scope, receive, sent)
        finally:
            _say(scope, abs(status), time.perf_counter() - clock)


def _is_plain_too_large(start: Message) -> bool:
    kinds = [value for name, value in start["headers"] if name.lower() == b"content-type"]
    return start["status"] == TOO_LARGE and not any(kind.startswith(problems.MEDIA_TYPE.encode()) for kind in kinds)


def _say(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "none")
    if route in {"/healthz", "/readyz"}:
        return
    caller = scope.get("state", {}).get("caller")
    structlog.get_logger().info(
        "request",
        method=scope["method"],
        route=route,
        status=status,
        duration_ms=round(seconds * 1000, 2),
        role=caller.role.value if caller else None,
        brand=caller.brand_id if caller else None,
    )
