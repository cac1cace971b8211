"""The trace that runs through a request and on into its facts: one context variable, spans only where it is sampled."""

import random
import re
import secrets
from collections.abc import Collection, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from infra.telemetry.faults import reduced

# W3C trace context, version 00: 55 characters.
_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
SAMPLED = 0x01
MOST_LINKS = 128  # of one span; what OpenTelemetry's SDK keeps

# An attribute of a fault's span, by its name in the log.
_SAID = {"fault": "error.type", "sqlstate": "db.response.status_code", "constraint": "maison.constraint"}


class LogSink(Protocol):
    """Takes log lines to a collector."""

    def __call__(self, event: Mapping[str, object], traceparent: str | None) -> None:
        """Queue one line, which holds allowed keys only."""


@dataclass(frozen=True, slots=True)
class Export:
    """Where one service's spans and logs go, and which part of the traces that begin with it is sampled."""

    tracer: Tracer
    logs: LogSink
    ratio: float


_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_export: ContextVar[Export | None] = ContextVar("export", default=None)


def speak_for(export: Export | None) -> Token[Export | None]:
    """Send what happens in this context, and in the tasks made in it, to a service's collector."""
    return _export.set(export)


def stop_speaking(token: Token[Export | None]) -> None:
    """Undo `speak_for`."""
    _export.reset(token)


def exporting() -> Export | None:
    """Where this context's spans and logs go; None where no collector is configured."""
    return _export.get()


def start_trace(incoming: str | None) -> str:
    """Continue a valid `traceparent` with a new span id, or start a trace; answers the new header value.

    For work without a span of its own: a trace that starts here is not sampled.
    """
    trace, flags = _read(incoming) or (secrets.token_hex(16), 0)
    value = f"00-{trace}-{secrets.token_hex(8)}-{flags:02x}"
    _current.set(value)
    return value


def traceparent() -> str | None:
    """The header value to hand on to a peer or to write beside a fact."""
    return _current.get()


def trace_id() -> str | None:
    """The 32 hex digits a person may quote."""
    value = _current.get()
    return value[3:35] if value else None


def is_sampled(value: str | None) -> bool:
    """Whether a `traceparent` says that its trace is being recorded."""
    known = _read(value)
    return known is not None and bool(known[1] & SAMPLED)


class Traced:
    """One step of a trace, from entering to leaving; recorded if the trace is sampled and a collector configured.

    A step that begins a trace is sampled by `Export.ratio`; one with an `incoming` traceparent as that says; one that
    takes facts if any of the traces they come from is (`links`), for then it is that trace's continuation; a `silent`
    one never. Whatever is not sampled costs little more than a context variable.
    """

    __slots__ = ("_incoming", "_kind", "_links", "_name", "_said", "_silent", "_span", "_token")

    def __init__(
        self,
        name: str,
        kind: SpanKind,
        *,
        incoming: str | None = None,
        links: Collection[str] | None = None,
        said: Mapping[str, str | int] | None = None,
        silent: bool = False,
    ) -> None:
        self._silent = silent
        self._name = name
        self._kind = kind
        self._incoming = incoming
        self._links = links
        self._said = said
        self._span: Span = INVALID_SPAN

    def __enter__(self) -> Self:
        self._token = _current.set(_current.get())
        export = _export.get()
        if export is not None and not self._silent and self._is_wanted(export):
            self._record(export.tracer)
        else:
            start_trace(self._incoming)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, fault: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if isinstance(fault, Exception):
            self.fail(fault)
        self._span.end()
        _current.reset(self._token)

    def say(self, name: str, value: str | int) -> None:
        """Add an attribute; see `infra.telemetry.allowed` for the names that leave the process."""
        self._span.set_attribute(name, value)

    def call(self, name: str) -> None:
        """Name the step, once it is known what it is."""
        self._span.update_name(name)

    def fail(self, fault: BaseException | None = None) -> None:
        """Mark it as failed, with what may be said of the fault."""
        if not self._span.is_recording():
            return
        self._span.set_status(Status(StatusCode.ERROR))
        if fault is not None:
            self._span.set_attributes({_SAID[key]: said for key, said in reduced(fault).items() if key in _SAID})

    @property
    def is_recorded(self) -> bool:
        """Whether it is worth saying anything."""
        return self._span.is_recording()

    def _is_wanted(self, export: Export) -> bool:
        if (known := _read(self._incoming)) is not None:
            return bool(known[1] & SAMPLED)
        if self._links is not None:
            return any(is_sampled(link) for link in self._links)
        return random.random() < export.ratio  # noqa: S311 - which traces are kept is no secret

    def _record(self, tracer: Tracer) -> None:
        linked = dict.fromkeys(link for link in self._links or () if is_sampled(link))
        links = [Link(origin) for link in list(linked)[:MOST_LINKS] if (origin := _origin(link)) is not None]
        self._span = tracer.start_span(
            self._name,
            context_of(self._incoming),
            self._kind,
            attributes=self._said,
            links=links,
            record_exception=False,
            set_status_on_exception=False,
        )
        made = self._span.get_span_context()
        _current.set(f"00-{made.trace_id:032x}-{made.span_id:016x}-{made.trace_flags:02x}")


def work(name: str) -> Traced:
    """What a loop does on its own, such as sending a message: a trace begins with it."""
    return Traced(name, SpanKind.INTERNAL)


def context_of(value: str | None) -> Context:
    """A `traceparent` as OpenTelemetry's API has it: the place in a trace that a span or a log line belongs to."""
    origin = _origin(value)
    return set_span_in_context(INVALID_SPAN if origin is None else NonRecordingSpan(origin), Context())


def step(name: str, kind: SpanKind = SpanKind.INTERNAL, said: Mapping[str, str | int] | None = None) -> Traced:
    """A step inside the current trace, such as a call to a peer."""
    return Traced(name, kind, incoming=_current.get(), said=said)


def _read(value: str | None) -> tuple[str, int] | None:
    match = _TRACEPARENT.match(value) if value else None
    if match is None or match[1] == "0" * 32 or match[2] == "0" * 16:
        return None
    return match[1], int(match[3], 16)


def _origin(value: str | None) -> SpanContext | None:
    match = _TRACEPARENT.match(value) if value else None
    if match is None:
        return None
    return SpanContext(int(match[1], 16), int(match[2], 16), is_remote=True, trace_flags=TraceFlags(int(match[3], 16)))
