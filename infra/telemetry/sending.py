"""Sending what is seen to a collector, where one is configured; OpenTelemetry's SDK is loaded only then."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from infra.eventlog.hint import pause
from infra.settings import Settings

if TYPE_CHECKING:
    from infra.telemetry.otlp import Collector

EVERY = 15.0  # seconds between two sendings of the metrics


def collector_of(settings: Settings, service: str) -> "Collector | None":
    """The way to the collector, None without one."""
    if not settings.otlp_endpoint:
        return None
    # Some 6 MB and 0.2 s that a process without a collector does not pay.
    from infra.telemetry.otlp import Collector  # noqa: PLC0415

    return Collector(
        settings.otlp_endpoint, service=service, environment=settings.environment, ratio=settings.trace_ratio
    )


async def keep_sending(collector: "Collector", measure: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Send the metrics until told to stop; `measure` reads the gauges that a query must answer."""
    while not stop.is_set():
        await measure()
        await asyncio.to_thread(collector.send_metrics)
        await pause(stop, EVERY)
