"""A collector for tests: takes OTLP over HTTP on a loopback port, decodes it, and keeps every byte of meaning in it."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

KINDS: dict[str, Any] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
}


@dataclass(frozen=True)
class Seen:
    """One span, and the service that sent it."""

    service: str
    span: Span

    @property
    def span_id(self) -> str:
        return self.span.span_id.hex()

    @property
    def parent_id(self) -> str:
        return self.span.parent_span_id.hex()

    @property
    def trace_id(self) -> str:
        return self.span.trace_id.hex()

    @property
    def attributes(self) -> dict[str, Any]:
        return values(self.span.attributes)

    @property
    def links(self) -> set[tuple[str, str]]:
        """Trace and span of everything it is linked to."""
        return {(link.trace_id.hex(), link.span_id.hex()) for link in self.span.links}


@dataclass
class Receiver:
    """What has arrived, by the path it came to."""

    address: str
    arrived: dict[str, list[Any]] = field(default_factory=lambda: {path: [] for path in KINDS})

    @property
    def spans(self) -> list[Seen]:
        return [
            Seen(values(group.resource.attributes)["service.name"], span)
            for request in self.arrived["/v1/traces"]
            for group in request.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]

    @property
    def logs(self) -> list[LogRecord]:
        return [
            record
            for request in self.arrived["/v1/logs"]
            for group in request.resource_logs
            for scope in group.scope_logs
            for record in scope.log_records
        ]

    @property
    def metrics(self) -> dict[str, Metric]:
        """The latest of each name."""
        return {
            metric.name: metric
            for request in self.arrived["/v1/metrics"]
            for group in request.resource_metrics
            for scope in group.scope_metrics
            for metric in scope.metrics
        }

    @property
    def resources(self) -> list[dict[str, Any]]:
        groups = [
            group
            for kind in ("spans", "logs", "metrics")
            for requests in self.arrived.values()
            for request in requests
            for group in getattr(request, f"resource_{kind}", [])
        ]
        return [values(group.resource.attributes) for group in groups]

    @property
    def text(self) -> str:
        """Everything, as text in which a value can be searched."""
        return "\n".join(
            bytes(str(request), "utf-8")
            .decode("unicode_escape")
            .encode("latin-1", "replace")
            .decode("utf-8", "replace")
            for requests in self.arrived.values()
            for request in requests
        )


def values(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes by name."""
    return {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in attributes}


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Receive until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.arrived[self.path].append(KINDS[self.path].FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: what it says would be mistaken for a log of ours."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
