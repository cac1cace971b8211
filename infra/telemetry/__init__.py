"""What the house says of itself while it works: traces, metrics and logs, with nothing personal in them."""

from infra.telemetry.faults import reduced
from infra.telemetry.logs import configure_logs
from infra.telemetry.traces import start_trace, trace_id, traceparent

__all__ = ["configure_logs", "reduced", "start_trace", "trace_id", "traceparent"]
