"""Everything that leaves a process, read to the last byte: no value that a caller sent, no name that is not allowed."""

import asyncio
import contextlib
import io
import re
from dataclasses import dataclass

import httpx
import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, StatusCode

from infra.telemetry import allowed, configure_logs, metrics
from infra.telemetry.otlp import AllowedLogs, AllowedSpans
from tests.asking import until
from tests.infra.telemetry.noted import ADVISOR, REACTIONS, noted
from tests.infra.telemetry.receiver import Receiver, receiver
from tests.running import Running, Throwaway

PHONE = "13912345678"
NAME = "欧阳清秋"
OPENID = "oLvPpjqs9BhvzwPj5A-vTYAX3GLc"
NOTE = "her husband must not know"
CANARIES = (PHONE, NAME, OPENID, NOTE)
# As they stand in a URL, in JSON and in protobuf's text.
DISGUISED = ("%E6%AC%A7", "\\u6b27", "\\346\\254\\247")


async def drive(running: Running) -> None:
    """Put the canaries wherever a caller can put something."""
    client = running.client(ADVISOR)
    headers = {b"User-Agent": OPENID.encode(), b"X-Phone": PHONE.encode(), b"Cookie": NAME.encode()}
    tracing = {b"traceparent": b"00-%s-%s-01" % (b"a" * 32, b"b" * 16), b"tracestate": b"phone=%s" % PHONE.encode()}
    for number, canary in enumerate(CANARIES):
        said = headers | {b"Idempotency-Key": b"k%d" % number}
        for _ in range(2):
            assert (await client.post("/v1/notes", json={"text": canary}, headers=said | tracing)).status_code == 201
        # The same text again: a unique constraint breaks, and asyncpg quotes the row.
        again = said | {b"Idempotency-Key": b"again%d" % number}
        assert (await client.post("/v1/notes", json={"text": canary}, headers=again)).status_code == 500
        assert (await client.post("/v1/notes", json={"text": [canary], canary: 1}, headers=said)).status_code == 422
        assert (await client.get(f"/v1/notes/{canary}", headers=headers)).status_code == 500
        assert (await client.get("/v1/notes/x", params={"limit": f"x{canary}", canary: "1"})).status_code == 422
        assert (await client.get(f"/v1/thrown/{canary}", headers=tracing)).status_code == 500
        assert (await client.get(f"/v1/{canary}")).status_code == 404
        assert (await client.get("/v1/asked", headers={b"Authorization": canary.encode()})).status_code == 401
    assert (await client.request("卡".encode().hex(), f"/v1/{PHONE}")).status_code in {404, 405}
    faint = {"Idempotency-Key": "faint"}
    assert (await client.post("/v1/notes", json={"text": "faint"}, headers=faint)).status_code == 400
    assert (await client.get("/v1/asked")).status_code == 409


def peer(_: httpx.Request) -> httpx.Response:
    """Says no, and repeats everything."""
    return httpx.Response(409, json={"type": f"urn:maison:problem:{PHONE}", "detail": NAME})


@dataclass(frozen=True)
class Told:
    """What a collector received, the page of metrics, and the lines of the log."""

    received: Receiver
    page: str
    lines: str


@pytest.fixture(scope="module")
def told(postgres: Throwaway) -> Told:
    lines = io.StringIO()
    with receiver() as received, contextlib.redirect_stdout(lines):
        page = asyncio.run(_drive_all(postgres, received.address))
    configure_logs("feedback")  # so that it speaks to the real output again
    return Told(received, page, lines.getvalue())


async def _drive_all(postgres: Throwaway, address: str) -> str:
    transports = {"profile": httpx.MockTransport(peer)}
    async with noted(
        postgres, reactions=REACTIONS, transports=transports, otlp_endpoint=address, trace_ratio=1.0
    ) as running:
        await drive(running)

        async def taken() -> bool:
            cursors = await running.rows("select position from follower_cursor where follower = 'feedback'")
            return bool(cursors and cursors[0]["position"] >= len(CANARIES))

        await until(taken)
        return (await running.client().get("/metrics")).text


def test_nothing_that_a_caller_sent_is_in_anything_that_leaves(told: Told) -> None:
    received, page, lines = told.received, told.page, told.lines
    assert received.spans
    assert received.logs
    assert received.metrics
    for everything in (received.text, page, lines):
        assert len(everything) > 1_000
        for canary in (*CANARIES, *DISGUISED):
            assert canary not in everything


def test_only_what_is_on_the_lists_is_exported(told: Told) -> None:
    received, page = told.received, told.page
    for seen in received.spans:
        assert set(seen.attributes) <= allowed.SPAN
        assert not seen.span.events
        assert not seen.span.status.message
        assert not seen.span.trace_state
        assert all(not link.attributes for link in seen.span.links)
        assert re.fullmatch(r"(GET|POST|_OTHER) (/v1/[a-z/{}_]+|none)|call profile|follow feedback", seen.span.name)
    for record in received.logs:
        assert {one.key for one in record.attributes} <= allowed.LOG
        assert re.fullmatch("[a-z-]+", record.body.string_value)
    assert {name for resource in received.resources for name in resource} <= allowed.RESOURCE
    for metric in received.metrics.values():
        data = getattr(metric, str(metric.WhichOneof("data")))
        named = {one.key for point in data.data_points for one in point.attributes}
        assert named <= set(allowed.LABELS.values())
    shown = set(re.findall(r'[{,]([a-z_]+)="', page))
    assert shown <= {*allowed.LABELS, "le"}


def test_a_route_is_said_by_its_template_and_a_fault_by_class_state_and_constraint(told: Told) -> None:
    spans = told.received.spans
    names = {seen.span.name for seen in spans}
    assert {"GET /v1/notes/{note_id}", "POST /v1/notes", "GET none", "call profile", "follow feedback"} <= names
    faults = {
        (seen.attributes["error.type"], seen.attributes.get("db.response.status_code")): seen.attributes
        for seen in spans
        if "error.type" in seen.attributes
    }
    assert faults["IntegrityError", "23505"]["maison.constraint"] == "note_text_key"
    assert ("DBAPIError", "22P02") in faults
    assert ("LookupError", None) in faults


def test_every_fault_is_logged_with_a_trace_that_can_be_looked_up(told: Told) -> None:
    received = told.received
    recorded = {seen.trace_id for seen in received.spans}
    faults = [record for record in received.logs if record.body.string_value == "fault"]
    assert len(faults) == 3 * len(CANARIES)
    assert all(record.trace_id.hex() in recorded for record in faults)
    assert {record.severity_text for record in faults} == {"error"}


def test_a_collector_gets_the_same_numbers_as_prometheus(told: Told) -> None:
    sent = told.received.metrics
    shown = {re.split(r"[{ ]", line)[0] for line in told.page.splitlines() if not line.startswith("#")}
    for name, (said, unit) in metrics.IN_OTLP.items():
        if shown & {name, f"{name}_total", f"{name}_count"}:
            assert sent[said].unit == unit
    for point in sent["http.server.request.duration"].histogram.data_points:
        assert list(point.explicit_bounds) == list(metrics.DURATIONS)
        assert sum(point.bucket_counts) == point.count
        assert not point.HasField("min")
    assert sent["maison.refusals"].sum.is_monotonic


def test_what_somebody_puts_into_a_span_by_mistake_stays_here() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(
        resource=Resource({"service.name": "feedback", "host.name": NAME}), shutdown_on_exit=False
    )
    provider.add_span_processor(SimpleSpanProcessor(AllowedSpans(kept)))
    origin = SpanContext(1, 1, is_remote=True)
    with provider.get_tracer("test").start_as_current_span(
        "GET /v1/notes", attributes={"url.path": PHONE, "http.route": "/v1/notes"}, links=[Link(origin, {"who": NAME})]
    ) as span:
        span.add_event("exception", {"exception.message": NOTE})
        span.add_event("asked", {"phone": PHONE, "error.type": "LookupError"})
        span.set_status(StatusCode.ERROR, NOTE)
    [sent] = kept.get_finished_spans()
    assert dict(sent.attributes or {}) == {"http.route": "/v1/notes"}
    assert [(event.name, dict(event.attributes or {})) for event in sent.events] == [
        ("asked", {"error.type": "LookupError"})
    ]
    assert [(link.context, dict(link.attributes or {})) for link in sent.links] == [(origin, {})]
    assert (sent.status.status_code, sent.status.description) == (StatusCode.ERROR, None)
    assert dict(sent.resource.attributes) == {"service.name": "feedback"}


def test_what_somebody_puts_into_a_log_record_by_mistake_stays_here() -> None:
    kept = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider(resource=Resource({}), shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(AllowedLogs(kept)))
    provider.get_logger("test").emit(LogRecord(body="asked", attributes={"phone": PHONE, "status": 200}))
    [sent] = kept.get_finished_logs()
    assert dict(sent.log_record.attributes or {}) == {"status": 200}
