"""Logs and the trace that runs through a request; both carry an allow-list of attributes and nothing personal."""

import logging
import re
import secrets
import sys
from contextvars import ContextVar

import structlog

# W3C trace context, version 00: 55 characters.
_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)

# The only keys a log line may have. What is not here is dropped, so a careless call cannot leak a name.
ALLOWED = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "service",
        "trace_id",
        "method",
        "route",
        "status",
        "duration_ms",
        "role",
        "brand",
        "fault",
        "sqlstate",
        "constraint",
        "where",
        "follower",
        "source",
        "position",
        "count",
        "peer",
        "seconds",
        "process",
        "epoch",
        "fact_type",
        "attempt",
        "lag",
        "errcode",
        "rid",
        "setting",
        "kind",
    }
)


def start_trace(incoming: str | None) -> str:
    """Continue a valid `traceparent` with a new span id, or start a trace; answers the new header value."""
    match = _TRACEPARENT.match(incoming or "")
    known = match is not None and match[1] != "0" * 32
    trace, flags = (match[1], match[3]) if match is not None and known else (secrets.token_hex(16), "00")
    value = f"00-{trace}-{secrets.token_hex(8)}-{flags}"
    _current.set(value)
    return value


def traceparent() -> str | None:
    """The header value to hand on to a peer or to write beside a fact."""
    return _current.get()


def trace_id() -> str | None:
    """The 32 hex digits a person may quote."""
    value = _current.get()
    return value[3:35] if value else None


def _allow(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: value for key, value in event.items() if key in ALLOWED}


def _trace(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if trace := trace_id():
        event["trace_id"] = trace
    return event


class _Reduced(logging.Handler):
    """Library log records: only who spoke and what was thrown, for their texts may hold values."""

    def emit(self, record: logging.LogRecord) -> None:
        thrown = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().log(record.levelno, "library", where=record.name, fault=thrown)


def configure_logs(service: str) -> None:
    """JSON lines on standard output, one per event."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _trace,
            _allow,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    root = logging.getLogger()
    root.handlers = [_Reduced()]
    root.setLevel(logging.WARNING)


def reduced(fault: BaseException) -> dict[str, str]:
    """What may be said of an exception: its class, and for the database SQLSTATE and constraint name.

    asyncpg's texts quote the offending row, a client's phone included, so a text is never kept.
    """
    said = {"fault": type(fault).__name__}
    cause: BaseException | None = fault
    while cause is not None:
        for name, key in (("sqlstate", "sqlstate"), ("constraint_name", "constraint")):
            value = getattr(cause, name, None)
            if isinstance(value, str):
                said.setdefault(key, value)
        cause = getattr(cause, "orig", None) or cause.__cause__
    frames = []
    tb = fault.__traceback__
    while tb is not None:
        frames.append(f"{tb.tb_frame.f_code.co_filename.rsplit('/', 2)[-1]}:{tb.tb_lineno}")
        tb = tb.tb_next
    said["where"] = " > ".join(frames[-4:])
    return said
