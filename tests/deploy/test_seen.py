"""What watches the suite names only metrics that the suite has, and the page for the IT team explains every one."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from infra.eventlog import gauges
from infra.telemetry.allowed import LABELS
from infra.telemetry.metrics import REGISTRY
from services.appointments.bookings.rules import SlotTaken
from suite.launcher.processes import PROGRAMS
from suite.launcher.settings import OFFSETS, ROOT

SEEN = ROOT / "infra/deploy/seen"
RULES: dict[str, Any] = yaml.safe_load((SEEN / "rules.yaml").read_text())
DASHBOARD: dict[str, Any] = json.loads((SEEN / "dashboard.json").read_text())
COLLECTOR: dict[str, Any] = yaml.safe_load((SEEN / "collector.yaml").read_text())
PROMETHEUS: dict[str, Any] = yaml.safe_load((SEEN / "prometheus.yaml").read_text())
PAGE = (ROOT / "docs/observability.md").read_text()

# Words of the query language that could be taken for metrics or labels.
FUNCTIONS = {"sum", "rate", "max", "min", "by", "topk", "histogram_quantile", "and", "le", "e6"}
# What Prometheus adds itself.
ADDED = {"job", "instance", "le"}
# Read from /proc, so on Linux only.
OF_LINUX = {"process_resident_memory_bytes", "process_cpu_seconds_total"}


def exported() -> dict[str, str]:
    """The kind of every metric, by its name in Prometheus."""
    return {family.name: family.type for family in REGISTRY.collect()}


def names() -> set[str]:
    """Everything that can be asked for."""
    made = set(OF_LINUX)
    for name, kind in exported().items():
        if kind == "histogram":
            made |= {f"{name}_bucket", f"{name}_count", f"{name}_sum"}
        else:
            made.add(f"{name}_total" if kind == "counter" else name)
    return made


def rules() -> Iterator[dict[str, Any]]:
    for group in RULES["groups"]:
        yield from group["rules"]


def queries() -> list[str]:
    targets = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [*targets, *(rule["expr"] for rule in rules())]


@pytest.mark.parametrize("query", queries())
def test_a_query_asks_for_metrics_and_labels_that_there_are(query: str) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    assert query.count("(") == query.count(")")
    labels = set(re.findall(r"(\w+)(?:=~|!=|=)\"", query))
    labels |= {name.strip() for found in re.findall(r"by \(([^)]*)\)", query) for name in found.split(",")}
    assert labels <= {*LABELS, *ADDED}
    bare = re.sub(r"\{[^}]*\}|\[\w+\]|by \([^)]*\)|\"[^\"]*\"", " ", query)
    asked = set(re.findall(r"[a-zA-Z_:][\w:]*", bare)) - FUNCTIONS
    assert asked
    assert asked <= names() | recorded | {"up"}


def test_the_slots_that_were_taken_are_on_the_dashboard() -> None:
    assert any(f'refusal="{SlotTaken.slug}"' in query for query in queries())


def test_every_alert_says_what_is_wrong_and_whom_to_wake() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    assert len(alerts) == len({rule["alert"] for rule in alerts}) > 10
    for rule in alerts:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert len(rule["annotations"]["summary"]) > 20


def test_fast_and_slow_burns_look_at_two_windows() -> None:
    found = {rule["alert"]: rule["expr"] for rule in rules() if "alert" in rule}
    for name in ("BookingWrites", "Reads"):
        assert {"1h > 14.4", "5m > 14.4"} == set(re.findall(r"_(1h > 14\.4|5m > 14\.4)", found[f"{name}BurnFast"]))
        assert {"6h > 6 ", "30m > 6 "} == set(re.findall(r"_(6h > 6 |30m > 6 )", found[f"{name}Burn"]))


def test_what_is_promised_to_wake_somebody_does() -> None:
    expressions = " ".join(rule["expr"] for rule in rules() if "alert" in rule)
    for name in (
        "maison_outbox_oldest_age_seconds",
        "maison_follower_lag_seconds",
        "maison_follower_parked",
        "maison_reconciliation_differences",
        "maison_lease_held",
    ):
        assert name in expressions


def test_the_page_explains_every_metric_of_ours() -> None:
    ours = {name for name in exported() if name.startswith(("maison_", "http_", "db_"))}
    assert len(ours) > 10
    assert {name for name in ours if f"`{name}" not in PAGE} == set()
    # And none that there is not any more.
    named = set(re.findall(r"`((?:maison|http|db|process)_[a-z_]+)`", PAGE))
    assert named <= names() | set(exported())


def test_every_process_is_asked_by_its_name_and_port() -> None:
    asked = {one["job_name"]: one["static_configs"][0]["targets"] for one in PROMETHEUS["scrape_configs"]}
    watched = {name for name, program in PROGRAMS.items() if program.migrations is not None}
    assert asked == {name: [f"{name}:{8700 + OFFSETS[name]}"] for name in watched}
    assert PROMETHEUS["rule_files"] == ["rules.yaml"]
    assert (SEEN / "rules.yaml").exists()


def test_the_collector_takes_what_the_suite_sends() -> None:
    assert COLLECTOR["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")
    pipelines = COLLECTOR["service"]["pipelines"]
    assert set(pipelines) == {"traces", "logs", "metrics"}
    for pipeline in pipelines.values():
        assert pipeline["receivers"] == ["otlp"]
        assert set(pipeline["processors"]) <= set(COLLECTOR["processors"])
        assert set(pipeline["exporters"]) <= set(COLLECTOR["exporters"])


def test_a_scrape_costs_a_few_small_queries() -> None:
    # Counting stops at so many rows, however much has piled up.
    assert gauges.MOST <= 10_000
