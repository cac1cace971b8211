"""Logs: JSON lines on standard output, and to the collector where one is configured; allowed keys only."""

import logging
import sys

import structlog

from infra.telemetry import allowed
from infra.telemetry.traces import exporting, is_sampled, trace_id, traceparent

EACH = "request"  # the event of the one line that each request leaves


def _allow(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return allowed.kept(event, allowed.LOG)


def _trace(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if trace := trace_id():
        event["trace_id"] = trace
    return event


def _export(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    export = exporting()
    # The line that every request leaves goes with its trace: sending all of them would cost more than all the spans.
    if export is not None and (event["event"] != EACH or is_sampled(traceparent())):
        export.logs(event, traceparent())
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
            _export,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # One write for a line; print would make two, the line and its end. To what is standard output at that moment.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stdout),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    root = logging.getLogger()
    root.handlers = [_Reduced()]
    root.setLevel(logging.WARNING)
