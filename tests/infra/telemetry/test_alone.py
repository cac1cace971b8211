"""One instrumentation only: FastAPI's own stays silent, and without a collector OpenTelemetry's SDK is not loaded."""

import json
import subprocess
import sys
from pathlib import Path

from tests.running import Throwaway

ROOT = Path(__file__).resolve().parents[3]

PROGRAM = """
import asyncio, json, sys, httpx
from infra.app import create_app
from infra.settings import Settings
from tests.infra.telemetry.noted import routes

settings = Settings(
    environment="test", database_url="postgresql://nobody@127.0.0.1:1/x", log_url="postgresql://nobody@127.0.0.1:1/x",
    keys=sys.argv[1] + "/feedback.json", inner_jwks=sys.argv[1] + "/inner-jwks.json")
app = create_app("feedback", settings, routers=[routes])
loaded = [name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))]

# Whatever somebody sets up for the whole process, FastAPI must leave it alone.
from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
spans, reader, logs = InMemorySpanExporter(), InMemoryMetricReader(), InMemoryLogRecordExporter()
traces = TracerProvider()
traces.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(traces)
metrics.set_meter_provider(MeterProvider([reader]))
logging = LoggerProvider()
logging.add_log_record_processor(SimpleLogRecordProcessor(logs))
_logs.set_logger_provider(logging)

async def main():
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://feedback") as client:
        answers = [await client.get(path) for path in ("/healthz", "/v1/13912345678?phone=13912345678", "/readyz")]
        return [answer.status_code for answer in answers]

statuses = asyncio.run(main())
print(json.dumps({
    "loaded": loaded, "statuses": statuses, "spans": len(spans.get_finished_spans()),
    "metrics": reader.get_metrics_data() is not None, "logs": len(logs.get_finished_logs())}))
"""


def test_fastapi_traces_nothing_and_without_a_collector_the_sdk_is_not_loaded(postgres: Throwaway) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(postgres.keys)],
        cwd=ROOT,
        env={"FASTAPI_OTEL_AUTO_CONFIGURE": "true", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told == {"loaded": [], "statuses": [200, 404, 503], "spans": 0, "metrics": False, "logs": 0}
