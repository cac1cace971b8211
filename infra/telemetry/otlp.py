"""To a collector by OTLP over HTTP. Imported only where one is configured; nothing leaves that is not on the lists."""

import time
from collections.abc import Mapping, Sequence

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Status

from infra.ids import new_id
from infra.telemetry import allowed
from infra.telemetry.otlp_metrics import metrics_data
from infra.telemetry.traces import Export, context_of

TIMEOUT = 5.0  # seconds for one export, repeats included; a stop may wait for it
_SEVERITIES = {"warning": SeverityNumber.WARN, "error": SeverityNumber.ERROR, "critical": SeverityNumber.FATAL}


class Collector:
    """The way of one service's traces, logs and metrics to its collector.

    `address` is the base of its OTLP/HTTP receiver, such as http://127.0.0.1:4318. Certificates and headers come from
    OpenTelemetry's own variables (OTEL_EXPORTER_OTLP_CERTIFICATE, OTEL_EXPORTER_OTLP_HEADERS).
    """

    def __init__(self, address: str, *, service: str, environment: str, ratio: float) -> None:
        # Not Resource.create(): it would add what it finds in the environment and about the machine.
        self._resource = Resource(
            {
                "service.name": service,
                "service.namespace": "maison",
                "service.instance.id": str(new_id()),
                "deployment.environment.name": environment,
            }
        )
        self._began = time.time_ns()
        self._spans = TracerProvider(resource=self._resource, shutdown_on_exit=False)
        traces = AllowedSpans(OTLPSpanExporter(f"{address}/v1/traces", timeout=TIMEOUT))
        self._spans.add_span_processor(BatchSpanProcessor(traces))
        self._logs = LoggerProvider(resource=self._resource, shutdown_on_exit=False)
        logs = AllowedLogs(OTLPLogExporter(f"{address}/v1/logs", timeout=TIMEOUT))
        self._logs.add_log_record_processor(BatchLogRecordProcessor(logs))
        self._logger = self._logs.get_logger("maison")
        self._metrics = OTLPMetricExporter(f"{address}/v1/metrics", timeout=TIMEOUT)
        self.export = Export(self._spans.get_tracer("maison"), self._log, ratio)

    def send_metrics(self) -> None:
        """Send every metric as it stands. Blocks; meant for a thread."""
        self._metrics.export(metrics_data(self._resource, since=self._began))

    def close(self) -> None:
        """Send what waits, and stop. Blocks; meant for a thread."""
        self._spans.shutdown()
        self._logs.shutdown()
        self.send_metrics()
        self._metrics.shutdown()

    def _log(self, event: Mapping[str, object], traceparent: str | None) -> None:
        said = {key: value for key, value in event.items() if isinstance(value, str | int | float)}
        level = str(said.pop("level", "info"))
        self._logger.emit(
            LogRecord(
                timestamp=time.time_ns(),
                severity_text=level,
                severity_number=_SEVERITIES.get(level, SeverityNumber.INFO),
                body=said.pop("event", ""),
                attributes={key: value for key, value in said.items() if key not in {"timestamp", "trace_id"}},
                context=context_of(traceparent),
            )
        )


class AllowedSpans(SpanExporter):
    """Lets through what `infra.telemetry.allowed` names, of spans, their events and links, and of the resource."""

    def __init__(self, onward: SpanExporter) -> None:
        self._onward = onward

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._onward.export([_cleaned(span) for span in spans])

    def shutdown(self) -> None:
        self._onward.shutdown()


class AllowedLogs(LogRecordExporter):
    """Lets through the allowed keys of log records."""

    def __init__(self, onward: LogRecordExporter) -> None:
        self._onward = onward

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        for one in batch:
            one.log_record.attributes = allowed.kept(one.log_record.attributes, allowed.LOG)
        return self._onward.export(batch)

    def force_flush(self, timeout_millis: int = 5_000) -> bool:
        return self._onward.force_flush(timeout_millis)

    def shutdown(self) -> None:
        self._onward.shutdown()  # type: ignore[no-untyped-call]


def _cleaned(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=Resource(allowed.kept(span.resource.attributes, allowed.RESOURCE)),
        attributes=allowed.kept(span.attributes, allowed.SPAN),
        # An exception's event would carry its text and its stack.
        events=[
            Event(event.name, allowed.kept(event.attributes, allowed.SPAN), event.timestamp)
            for event in span.events
            if event.name != "exception"
        ],
        links=[Link(link.context, allowed.kept(link.attributes, allowed.SPAN)) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
