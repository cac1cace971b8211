"""The edge around every request: its trace, its one log line, and the last word on whatever went wrong."""

import time

import structlog
from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra import problems, telemetry
from infra.database import is_passing
from infra.refusal import BodyTooLarge, Fault, Refusal, Unavailable
from infra.telemetry import metrics
from infra.telemetry.allowed import method_of
from infra.telemetry.logs import EACH
from infra.telemetry.traces import Export, Traced, speak_for, stop_speaking

TOO_LARGE = 413
FAULTS = 500  # statuses from here on are ours to answer for
# Asked by machines every few seconds: neither logged nor counted nor traced.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


class Edge:
    """Around every request: its trace, its one log line, and the last word on whatever went wrong."""

    def __init__(self, app: ASGIApp, *, export: Export | None = None) -> None:
        self._app = app
        self._export = export

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        token = speak_for(self._export)
        try:
            silent = scope["path"] in PROBES
            with Traced("request", SpanKind.SERVER, incoming=_header(scope, b"traceparent"), silent=silent) as span:
                await self._serve(scope, receive, send, span)
        finally:
            stop_speaking(token)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, span: Traced) -> None:
        status, began, clock = 0, False, time.perf_counter()

        async def sent(message: Message) -> None:
            nonlocal status, began
            if message["type"] == "http.response.start":
                status, began = message["status"], True
                if _is_plain_too_large(message):
                    # FastAPI's own body limit answers in plain text, outside of every exception handler.
                    await problems.answer(BodyTooLarge(), accept_language=_languages(scope))(scope, receive, send)
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
            span.fail(fault)
            if began:
                raise
            refusal: Refusal = Unavailable() if away else Fault()
            status = 503 if away else 500
            response = problems.answer(refusal, accept_language=_languages(scope), status=status)
            await response(scope, receive, sent)
        finally:
            _say(scope, abs(status), time.perf_counter() - clock, span)


def _header(scope: Scope, wanted: bytes) -> str | None:
    for name, value in scope["headers"]:
        if name == wanted:
            found: str = value.decode("latin-1")
            return found
    return None


def _languages(scope: Scope) -> str:
    return _header(scope, b"accept-language") or ""


def _is_plain_too_large(start: Message) -> bool:
    if start["status"] != TOO_LARGE:
        return False
    kinds = [value for name, value in start["headers"] if name.lower() == b"content-type"]
    return not any(kind.startswith(problems.MEDIA_TYPE.encode()) for kind in kinds)


def _say(scope: Scope, status: int, seconds: float, span: Traced) -> None:
    route = getattr(scope.get("route"), "path", "none")
    if route in PROBES:
        return
    method = method_of(scope["method"])
    metrics.served(method, route, status, seconds)
    if span.is_recorded:
        span.call(f"{method} {route}")
        span.say("http.request.method", method)
        span.say("http.route", route)
        span.say("http.response.status_code", status)
        if status >= FAULTS:
            span.fail()
    caller = scope.get("state", {}).get("caller")
    structlog.get_logger().info(
        EACH,
        method=method,
        route=route,
        status=status,
        duration_ms=round(seconds * 1000, 2),
        role=caller.role.value if caller else None,
        brand=caller.brand_id if caller else None,
    )
