"""Which traces are recorded, what hangs together in them, and that nothing is left behind in a context."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from infra.telemetry import start_trace, trace_id, traceparent
from infra.telemetry.traces import Export, Traced, is_sampled, speak_for, step, stop_speaking

KNOWN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = KNOWN[:-1] + "0"


class Recorded:
    """An exporter that keeps spans."""

    def __init__(self, ratio: float) -> None:
        self._kept = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._kept))
        self.export = Export(provider.get_tracer("test"), lambda *_: None, ratio)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._kept.get_finished_spans()


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    made = Recorded(ratio=1.0)
    token = speak_for(made.export)
    yield made
    stop_speaking(token)


@pytest.fixture
def seldom() -> Iterator[Recorded]:
    made = Recorded(ratio=0.0)
    token = speak_for(made.export)
    yield made
    stop_speaking(token)


@pytest.mark.parametrize("incoming", [None, "", "00-zz", KNOWN.replace("00-0", "01-0"), "00-" + "0" * 32 + KNOWN[35:]])
def test_what_is_no_traceparent_starts_a_trace(incoming: str | None) -> None:
    value = start_trace(incoming)
    assert len(value) == 55
    assert value[3:35] != KNOWN[3:35]
    assert not is_sampled(value)
    assert trace_id() == value[3:35]


def test_a_trace_is_continued_with_its_flags() -> None:
    assert start_trace(KNOWN).startswith(KNOWN[:35])
    assert is_sampled(traceparent())
    assert not is_sampled(start_trace(UNSAMPLED))


def test_without_a_collector_a_step_still_has_a_trace_of_its_own() -> None:
    with Traced("request", SpanKind.SERVER) as outer:
        first = traceparent()
        assert first is not None
        assert not outer.is_recorded
        with step("call profile") as inner:
            assert not inner.is_recorded
            assert trace_id() == first[3:35]
    with Traced("request", SpanKind.SERVER):
        assert trace_id() != first[3:35]


def test_after_a_step_the_context_is_as_it_was(recorded: Recorded) -> None:
    before = start_trace(None)
    with Traced("request", SpanKind.SERVER):
        assert traceparent() != before
    assert traceparent() == before


def test_a_trace_that_begins_here_is_sampled_by_the_ratio(recorded: Recorded, seldom: Recorded) -> None:
    token = speak_for(recorded.export)
    with Traced("request", SpanKind.SERVER):
        assert is_sampled(traceparent())
    stop_speaking(token)
    with Traced("request", SpanKind.SERVER):
        assert not is_sampled(traceparent())
    assert (len(recorded.spans), len(seldom.spans)) == (1, 0)


def test_a_trace_that_began_elsewhere_is_sampled_as_it_was_there(recorded: Recorded, seldom: Recorded) -> None:
    with Traced("request", SpanKind.SERVER, incoming=KNOWN):
        pass
    [span] = seldom.spans
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == KNOWN[36:52]
    token = speak_for(recorded.export)
    with Traced("request", SpanKind.SERVER, incoming=UNSAMPLED):
        assert trace_id() == KNOWN[3:35]
    stop_speaking(token)
    assert recorded.spans == ()


def test_steps_hang_together(recorded: Recorded) -> None:
    with Traced("request", SpanKind.SERVER), step("call profile", SpanKind.CLIENT):
        handed_on = traceparent()
    call, request = recorded.spans
    assert call.parent is not None
    assert request.context is not None
    assert call.parent.span_id == request.context.span_id
    assert handed_on is not None
    assert call.context is not None
    assert handed_on[36:52] == f"{call.context.span_id:016x}"


def test_who_takes_facts_is_linked_to_where_they_come_from_and_recorded_if_that_is(seldom: Recorded) -> None:
    with Traced("follow", SpanKind.CONSUMER, links=[UNSAMPLED]):
        assert trace_id() != KNOWN[3:35]
    assert not list(seldom.spans)
    with Traced("follow", SpanKind.CONSUMER, links=[UNSAMPLED, KNOWN, KNOWN]):
        assert trace_id() != KNOWN[3:35]
    [span] = seldom.spans
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [KNOWN[3:35]]
    assert span.parent is None


def test_a_probe_is_never_recorded(recorded: Recorded) -> None:
    with Traced("request", SpanKind.SERVER, silent=True):
        assert trace_id()
    assert recorded.spans == ()


def test_a_fault_is_said_by_its_class_alone(recorded: Recorded) -> None:
    with pytest.raises(ValueError, match="13912345678"), Traced("request", SpanKind.SERVER):
        raise ValueError("13912345678")
    [span] = recorded.spans
    assert dict(span.attributes or {}) == {"error.type": "ValueError"}
    assert span.events == ()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
