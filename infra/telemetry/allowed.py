"""What logs, spans and metrics may carry: lists of names; whatever stands in none of them is dropped."""

from collections.abc import Mapping
from typing import TypeVar

# The only keys a log line may have. What is not here is dropped, so a careless call cannot leak a name.
LOG = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "service",
        "trace_id",
        "method",
        "route",
        "status",
        "duration_ms",
        "role",
        "brand",
        "fault",
        "sqlstate",
        "constraint",
        "where",
        "follower",
        "source",
        "position",
        "count",
        "peer",
        "seconds",
        "process",
        "epoch",
        "fact_type",
        "attempt",
        "lag",
        "errcode",
        "rid",
        "setting",
        "kind",
    }
)

# The only attributes of spans, their events and their links. Names are those of OpenTelemetry's semantic conventions
# where it has one. `http.route` is the template; paths, queries, addresses, ids and texts have no name here.
SPAN = frozenset(
    {
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "error.type",
        "db.response.status_code",
        "maison.constraint",
        "maison.peer",
        "messaging.batch.message_count",
        "messaging.consumer.group.name",
    }
)

# What a process says of itself.
RESOURCE = frozenset({"service.name", "service.namespace", "service.instance.id", "deployment.environment.name"})

# The only labels of metrics, as Prometheus writes them, with the attribute that each one is in OTLP.
LABELS: Mapping[str, str] = {
    "http_request_method": "http.request.method",
    "http_route": "http.route",
    "status_class": "http.response.status_class",
    "refusal": "maison.refusal",
    "outcome": "maison.outcome",
    "peer": "maison.peer",
    "source": "maison.source",
    "follower": "messaging.consumer.group.name",
    "lease": "maison.lease",
    "category": "maison.category",
    "pool": "db.client.connection.pool.name",
}

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})

V = TypeVar("V")


def kept(said: Mapping[str, V] | None, names: frozenset[str]) -> dict[str, V]:
    """What of this may leave the process."""
    return {name: value for name, value in (said or {}).items() if name in names}


def method_of(said: str) -> str:
    """The method of a request, `_OTHER` for one that a caller has made up."""
    return said if said in _METHODS else "_OTHER"
