"""The metrics: what is counted, by which labels, and what they say when the database is away."""

import math
from typing import Any

import httpx
import pytest

from infra.database import Database
from infra.telemetry import metrics
from infra.telemetry.metrics import REGISTRY
from tests.asking import until
from tests.infra.telemetry.noted import ADVISOR, REACTIONS, line, noted
from tests.running import Running, Throwaway

SERVED = "http_server_request_duration_seconds_count"


def value(name: str, **labels: str) -> float:
    """A series as it stands; zero before it exists."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def page(running: Running) -> str:
    answer = await running.client().get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return answer.text


async def test_requests_are_counted_by_template_method_and_class_of_status(postgres: Throwaway) -> None:
    async with noted(postgres) as running:
        client = running.client(ADVISOR)
        refused = {"http_request_method": "GET", "http_route": "/v1/thrown/{what}", "status_class": "5xx"}
        before = value(SERVED, **refused)
        for what in "abc":
            assert (await client.get(f"/v1/thrown/{what}")).status_code == 500
        assert value(SERVED, **refused) == before + 3
        shown = await page(running)
        assert line(shown, SERVED, **refused) == before + 3
        assert "/v1/thrown/a" not in shown
        bounds = [one for one in shown.splitlines() if f"{SERVED[:-6]}_bucket{{" in one and "thrown" in one]
        assert len(bounds) == len(metrics.DURATIONS) + 1


async def test_probes_are_not_counted(postgres: Throwaway) -> None:
    probes = {"/healthz", "/readyz", "/metrics"}
    async with noted(postgres) as running:
        for path in sorted(probes):
            assert (await running.client().get(path)).status_code == 200
        counted = [one.split('"')[3] for one in (await page(running)).splitlines() if one.startswith(f"{SERVED}{{")]
        assert not probes & set(counted)


async def test_a_no_is_counted_by_its_slug_and_a_repeat_by_its_outcome(postgres: Throwaway) -> None:
    async with noted(postgres) as running:
        outcomes = ("first", "replayed", "reused")
        before = {one: value("maison_idempotent_requests_total", outcome=one) for one in outcomes}
        faint = value("maison_refusals_total", refusal="test-too-faint")
        client = running.client(ADVISOR)
        for said in ("faint", "faint", "other"):
            await client.post("/v1/notes", json={"text": said}, headers={"Idempotency-Key": "k"})
        after = {one: value("maison_idempotent_requests_total", outcome=one) for one in outcomes}
        assert {one: after[one] - before[one] for one in outcomes} == {"first": 1, "replayed": 1, "reused": 1}
        assert value("maison_refusals_total", refusal="test-too-faint") == faint + 1


@pytest.mark.parametrize(
    ("answer", "outcome"), [((200, {}), "ok"), ((409, {"type": "x"}), "refused"), ((503, {}), "unavailable")]
)
async def test_calls_to_peers_are_counted_by_outcome(
    postgres: Throwaway, answer: tuple[int, Any], outcome: str
) -> None:
    peer = httpx.MockTransport(lambda _: httpx.Response(answer[0], json=answer[1]))
    async with noted(postgres, transports={"profile": peer}) as running:
        before = value("maison_peer_call_duration_seconds_count", peer="profile", outcome=outcome)
        await running.client(ADVISOR).get("/v1/asked")
        assert value("maison_peer_call_duration_seconds_count", peer="profile", outcome=outcome) == before + 1


async def test_the_log_is_seen_from_the_outbox_to_the_follower(postgres: Throwaway) -> None:
    async with noted(postgres, reactions=REACTIONS) as running:

        async def held() -> bool:
            shown = await page(running)
            return line(shown, "maison_lease_held", lease="follower:feedback") == 1

        await until(held)
        await running.client(ADVISOR).post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "k"})

        async def taken() -> bool:
            rows = await running.rows("select position from follower_cursor where follower = 'feedback'")
            return bool(rows and rows[0]["position"] == 1)

        await until(taken)
        shown = await page(running)
        assert line(shown, "maison_outbox_unpublished", source="feedback") == 0
        assert line(shown, "maison_follower_behind", follower="feedback") == 0
        assert line(shown, "maison_follower_lag_seconds", follower="feedback") == 0
        assert line(shown, "maison_lease_held", lease="relay:feedback") == 1

    # Nobody relays any more: what is recorded now waits, and says for how long.
    assert value("maison_lease_held", lease="relay:feedback") == 0


async def test_a_fact_that_waits_and_one_that_is_parked_are_seen(postgres: Throwaway) -> None:
    async with noted(postgres, reactions=REACTIONS) as running:
        await running.rows("update lease set holder = 'somebody', epoch = epoch + 1, expires_at = 'infinity'")
        await running.rows(
            "insert into outbox (event_id, brand_id, type, aggregate, sequence, data, occurred_at) select"
            " uuidv7(interval '-1 minute'), 'lumiere', 'test.noticed.v1', 'note:1', 1, '{}', '2019-01-01 00:00Z'"
        )
        await running.rows(
            "insert into parked_fact (follower, position, source, relay_seq, brand_id, aggregate, envelope, reason,"
            " attempts) values ('feedback', 1, 'x', 1, 'lumiere', 'note:1', '{}', 'LookupError', 3)"
        )
        shown = await page(running)
        assert line(shown, "maison_outbox_unpublished", source="feedback") == 1
        # Since it was recorded, whenever it happened.
        age = line(shown, "maison_outbox_oldest_age_seconds", source="feedback")
        assert age is not None
        assert 60 <= age < 120
        assert line(shown, "maison_follower_parked", follower="feedback") == 1


async def test_with_the_database_away_the_rest_is_shown_and_no_number_is_out_of_date(postgres: Throwaway) -> None:
    async with noted(postgres) as running:
        await page(running)
        await postgres.drop(running.settings.database_url)
        shown = await page(running)
        age = line(shown, "maison_outbox_oldest_age_seconds", source="feedback")
        assert age is not None
        assert math.isnan(age)
        assert line(shown, "process_resident_memory_bytes") is not None


async def test_the_pool_says_how_large_it_is_how_full_and_how_long_was_waited(postgres: Throwaway) -> None:
    url = await postgres.database("maison_feedback")
    database = Database(url, pool_size=3, name="alone")
    async with database.engine.connect(), database.engine.connect():
        shown = metrics.page().decode()
    assert line(shown, "db_client_connection_max", pool="alone") == 3
    assert line(shown, "db_client_connection_used", pool="alone") == 2
    assert line(shown, "db_client_connection_wait_time_seconds_count", pool="alone") == 2
    await database.dispose()
    await postgres.drop(url)


def test_a_label_that_is_not_on_the_list_cannot_be_defined() -> None:
    with pytest.raises(ValueError, match="not allowed"):
        metrics._counter("maison.calls", "{call}", "Calls by number.", "phone")  # noqa: SLF001 - the one way in


def test_a_method_that_a_caller_made_up_makes_no_series() -> None:
    metrics.served("13912345678", "/v1/notes", 405, 0.001)
    assert b"13912345678" not in metrics.page()
