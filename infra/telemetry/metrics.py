"""Every metric of the house, defined once: /metrics shows them to Prometheus, and OTLP carries the same ones."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar
from weakref import WeakSet

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from infra.telemetry import allowed

# When a series began is of no use to Prometheus, and would double the page.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

MEDIA_TYPE = prometheus_client.CONTENT_TYPE_LATEST
REGISTRY = CollectorRegistry()
# What a metric is called in OTLP, and its unit there, by its name in Prometheus.
IN_OTLP: dict[str, tuple[str, str]] = {}

# Seconds; those of OpenTelemetry's semantic conventions.
DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
SHORT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds
NOT_A_NUMBER = float("nan")  # of a gauge that cannot be read just now

# As Prometheus ends a name; a count of things has no ending of its own.
_ENDINGS = {"s": "_seconds"}

M = TypeVar("M", bound=MetricWrapperBase)


def _named(name: str, unit: str, labels: Sequence[str]) -> str:
    unknown = set(labels) - set(allowed.LABELS)
    if unknown:
        raise ValueError(f"{name} has labels that are not allowed: {sorted(unknown)}")
    said = name.replace(".", "_") + _ENDINGS.get(unit, "")
    IN_OTLP[said] = (name, unit)
    return said


def _histogram(name: str, text: str, *labels: str, buckets: Sequence[float] = DURATIONS) -> Histogram:
    return Histogram(_named(name, "s", labels), text, labels, buckets=buckets, registry=REGISTRY)


def _counter(name: str, unit: str, text: str, *labels: str) -> Counter:
    return Counter(_named(name, unit, labels), text, labels, registry=REGISTRY)


def _gauge(name: str, unit: str, text: str, *labels: str) -> Gauge:
    return Gauge(_named(name, unit, labels), text, labels, registry=REGISTRY)


# Requests. `http_route` is the template, "none" where nothing answers; probes and /metrics itself are not counted.
SERVED = _histogram(
    "http.server.request.duration",
    "How long requests took, by route template.",
    "http_request_method",
    "http_route",
    "status_class",
)
REFUSALS = _counter("maison.refusals", "{refusal}", "Answers that were a no, by the slug of their type.", "refusal")
RETENTION = _counter(
    "maison.retention.removed", "{row}", "Rows removed or unlinked because their time was over.", "category"
)
ONCE = _counter(
    "maison.idempotent.requests",
    "{request}",
    "Requests with an Idempotency-Key: first, replayed, reused (other request) or running.",
    "outcome",
)
CALLS = _histogram(
    "maison.peer.call.duration",
    "How long calls to other services took: ok, refused or unavailable.",
    "peer",
    "outcome",
)
FORWARDED = _histogram(
    "maison.gateway.upstream.duration",
    "How long services took behind the gateway's door: answered, service-away, answer-too-late or cut-off.",
    "peer",
    "outcome",
)

# The log.
UNPUBLISHED = _gauge("maison.outbox.unpublished", "{fact}", "Facts that wait in the outbox, up to 10,000.", "source")
OLDEST = _gauge("maison.outbox.oldest.age", "s", "How long the oldest fact in the outbox has waited.", "source")
LAG = _gauge("maison.follower.lag", "s", "How long the oldest fact not yet taken has stood in the log.", "follower")
BEHIND = _gauge("maison.follower.behind", "{fact}", "Positions of the log that were not yet read.", "follower")
PARKED = _gauge("maison.follower.parked", "{fact}", "Facts put aside, those that wait behind one included.", "follower")
HELD = _gauge("maison.lease.held", "{lease}", "1 in the process that relays or follows, 0 in those that wait.", "lease")
DIFFERENCES = _gauge(
    "maison.reconciliation.differences", "{fact}", "Facts of which outbox and log did not agree last time.", "source"
)
CHECKED = _gauge("maison.reconciliation.age", "s", "How long ago outbox and log were last compared.", "source")

# The database.
WAITED = _histogram("db.client.connection.wait_time", "How long a connection was waited for.", "pool", buckets=SHORT)


class Pool(Protocol):
    """A pool of connections to one database, as SQLAlchemy has it."""

    @property
    def logging_name(self) -> str | None:
        """Whose it is."""

    def size(self) -> int:
        """The most it opens."""

    def checkedout(self) -> int:
        """How many are in use."""


class _Pools(Collector):
    """Reads the pools when asked; those of one name, as tests may have them, together."""

    _size, _used = "db.client.connection.max", "db.client.connection.used"

    def __init__(self) -> None:
        self.known: WeakSet[Pool] = WeakSet()
        self._names = [_named(name, "{connection}", ["pool"]) for name in (self._size, self._used)]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        size = GaugeMetricFamily(self._names[0], "The most connections that the pool opens.", labels=["pool"])
        used = GaugeMetricFamily(self._names[1], "Connections in use.", labels=["pool"])
        known = list(self.known)
        for name in sorted({str(pool.logging_name) for pool in known}):
            pools = [pool for pool in known if pool.logging_name == name]
            size.add_metric([name], sum(pool.size() for pool in pools))
            used.add_metric([name], sum(pool.checkedout() for pool in pools))
        yield from (size, used)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return self.collect()


_pools = _Pools()
REGISTRY.register(_pools)
# Memory, processor time and open files of this process; on Linux only.
ProcessCollector(registry=REGISTRY)


def watch_pool(pool: Pool) -> None:
    """Show a pool for as long as it lives."""
    _pools.known.add(pool)


_served: dict[tuple[str, str, int], Histogram] = {}


def served(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request. `status` is 0 where the caller left before there was one."""
    key = allowed.method_of(method), route, status // 100
    series = _served.get(key)
    if series is None:
        named = f"{key[2]}xx" if key[2] else "none"
        series = _served[key] = SERVED.labels(key[0], route, named)
    series.observe(seconds)


def page() -> bytes:
    """All of them, as Prometheus reads them."""
    return prometheus_client.generate_latest(REGISTRY)
