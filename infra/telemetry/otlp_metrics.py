"""The metrics of the registry as OpenTelemetry's points: defined once, carried both ways."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client.core import Metric as Family
from prometheus_client.samples import Sample

from infra.telemetry.allowed import LABELS
from infra.telemetry.metrics import IN_OTLP, REGISTRY

_SINCE_START = AggregationTemporality.CUMULATIVE


def metrics_data(resource: Resource, *, since: int) -> MetricsData:
    """Everything in the registry. `since` is when the process began to count, in nanoseconds since 1970."""
    now = time.time_ns()
    metrics = [_metric(family, since, now) for family in REGISTRY.collect() if family.samples]
    scope = ScopeMetrics(InstrumentationScope("maison"), metrics, "")
    return MetricsData([ResourceMetrics(resource, [scope], "")])


def _metric(family: Family, since: int, now: int) -> Metric:
    name, unit = IN_OTLP.get(family.name, (family.name, ""))
    data: Histogram | Sum | Gauge
    if family.type == "histogram":
        data = Histogram(list(_histograms(family.samples, since, now)), _SINCE_START)
    else:
        points = [NumberDataPoint(_attributes(one.labels), since, now, one.value) for one in family.samples]
        data = Sum(points, _SINCE_START, is_monotonic=True) if family.type == "counter" else Gauge(points)
    return Metric(name, family.documentation, unit, data)


def _histograms(samples: Sequence[Sample], since: int, now: int) -> Iterator[HistogramDataPoint]:
    # One series after the other: its buckets by their upper bound, each counting those below it too, and its sum.
    counts: dict[tuple[tuple[str, str], ...], list[tuple[float, int]]] = defaultdict(list)
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for sample in samples:
        series = tuple((label, value) for label, value in sample.labels.items() if label != "le")
        if sample.name.endswith("_bucket"):
            counts[series].append((float(sample.labels["le"]), int(sample.value)))
        elif sample.name.endswith("_sum"):
            sums[series] = sample.value
    for series, buckets in counts.items():
        below = [0, *(count for _, count in buckets[:-1])]
        yield HistogramDataPoint(
            attributes=_attributes(dict(series)),
            start_time_unix_nano=since,
            time_unix_nano=now,
            count=buckets[-1][1],
            sum=sums[series],
            bucket_counts=[count - under for (_, count), under in zip(buckets, below, strict=True)],
            explicit_bounds=[bound for bound, _ in buckets[:-1]],
            min=None,  # type: ignore[arg-type]  # not known, and left out on the wire
            max=None,  # type: ignore[arg-type]
        )


def _attributes(labels: Mapping[str, str]) -> dict[str, str]:
    return {LABELS[label]: value for label, value in labels.items()}
