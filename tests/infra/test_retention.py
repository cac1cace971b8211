"""What is over its time goes by itself, a stretch at a time, and what was removed is counted whatever is killed."""

import importlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from infra.identity import Role
from infra.ids import NOBODY, new_id
from infra.retention import sweeping
from infra.retention.periods import Period, Sweep
from tests.asking import BRAND, problem
from tests.conftest import Start
from tests.profile.build import someone
from tests.running import Running

NOW = datetime(2030, 6, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=4_000)
SERVICES = ("profile", "appointments", "feedback", "recommend")


def periods(service: str) -> tuple[Period, ...]:
    found: tuple[Period, ...] = importlib.import_module(f"services.{service}.rights.tables.periods").PERIODS
    return found


@pytest.fixture
async def profile(running: Start) -> Running:
    return await running("profile", clock=lambda: NOW)


async def _write(running: Running, statement: str, *rows: tuple[object, ...]) -> None:
    connection = await asyncpg.connect(running.settings.database_url)
    try:
        await connection.execute("select set_config('maison.brand_id', '*', false)")
        await connection.executemany(statement, rows)
    finally:
        await connection.close()


def test_the_guide_says_how_long_everything_is_kept() -> None:
    said = Path("docs/privacy.md").read_text()
    for service in SERVICES:
        for one in periods(service):
            assert one.least <= one.days <= one.most
            assert f"| {service} | {one.category} | {one.days} | {one.least} | {one.most} | {one.why} |" in said


@pytest.mark.parametrize("service", SERVICES)
async def test_every_sweep_of_every_service_runs_to_its_end(running: Start, service: str) -> None:
    one = await running(service, clock=lambda: NOW)
    for period in periods(service):
        assert await sweeping.sweep(one.kit.database, period, now=NOW) == 0
        assert not await sweeping.is_due(one.kit.database, period, now=NOW)
    rows = await one.rows("select brand_id, removed from retention_run where finished_at is not null")
    assert rows == [{"brand_id": "*", "removed": 0}] * len(periods(service))


PRESENCE = (
    "insert into presence (brand_id, appointment_id, client_id, boutique_id, from_at, until_at)"
    " values ($1, $2, $2, $2, $3, $3)"
)


async def test_a_brand_keeps_longer_or_shorter_between_the_bounds(profile: Running) -> None:
    [period] = [one for one in periods("profile") if one.category == "presence"]
    officer = profile.client(someone(Role.PRIVACY))
    at = "/v1/retention/profile/presence"
    for days, status in ((1, 400), (366, 400), (0, 422), (10, 200)):
        answer = await officer.put(at, json={"days": days})
        assert answer.status_code == status, answer.text
    refused = await officer.put(at, json={"days": 1})
    assert (problem(refused), refused.json()["least"], refused.json()["most"]) == ("period-out-of-bounds", 2, 365)
    assert (await officer.put("/v1/retention/profile/nothing", json={"days": 9})).status_code == 404
    ages = [(BRAND, 5), (BRAND, 30), (BRAND, 100), ("aurore", 5), ("aurore", 30), ("aurore", 100)]
    await _write(profile, PRESENCE, *((brand, new_id(), NOW - timedelta(days=age)) for brand, age in ages))
    assert await sweeping.sweep(profile.kit.database, period, now=NOW) == 3
    left = await profile.rows("select brand_id, count(*) as n from presence group by 1 order by 1")
    assert [(row["brand_id"], row["n"]) for row in left] == [("aurore", 2), (BRAND, 1)]
    shown = (await officer.get("/v1/retention/profile")).json()
    [one] = [one for one in shown["items"] if one["category"] == "presence"]
    assert (one["days"], [run["removed"] for run in one["runs"]]) == (10, [2])
    theirs = (await profile.client(someone(Role.PRIVACY, brand_id="aurore")).get("/v1/retention/profile")).json()
    [one] = [one for one in theirs["items"] if one["category"] == "presence"]
    assert (one["days"], [run["removed"] for run in one["runs"]]) == (90, [1])


async def test_a_run_that_dies_has_counted_what_it_removed_and_the_next_takes_the_rest(profile: Running) -> None:
    [period] = [one for one in periods("profile") if one.category == "presence"]
    old = [(BRAND, new_id(), LONG_AGO) for _ in range(2 * sweeping.FEW + 1)]
    await _write(profile, PRESENCE, *old)
    # The second table is not there: the run dies behind the first one.
    broken = replace(period, sweeps=(*period.sweeps, Sweep("no_such_table", "true", key=("key",))))
    with pytest.raises(Exception, match="no_such_table"):
        await sweeping.sweep(profile.kit.database, broken, now=NOW)
    counted = "select removed, finished_at from retention_run where brand_id = $1"
    assert await profile.rows(counted, BRAND) == [{"removed": len(old), "finished_at": None}]
    assert await sweeping.is_due(profile.kit.database, period, now=NOW)
    assert await sweeping.sweep(profile.kit.database, period, now=NOW) == 0


async def test_who_was_heard_of_keeps_her_timeline_whichever_record_of_hers_it_was(profile: Running) -> None:
    [period] = [one for one in periods("profile") if one.category == "contacts"]
    quiet, heard, merged, known = new_id(), new_id(), new_id(), new_id()
    contact = (
        "insert into touchpoint (brand_id, touchpoint_id, event_id, client_id, kind, occurred_at, subject_id)"
        " values ($1, $2, $2, $3, 'purchase', $4, $2)"
    )
    old = [(BRAND, new_id(), one, LONG_AGO) for one in (quiet, heard, merged, known)]
    new = [(BRAND, new_id(), one, NOW - timedelta(days=30)) for one in (heard, known)]
    await _write(profile, contact, *old, *new)
    alias = "insert into client_alias (brand_id, client_id, canonical_id) values ($1, $2, $3)"
    await _write(profile, alias, (BRAND, merged, known))
    assert await sweeping.sweep(profile.kit.database, period, now=NOW) == 1
    left = await profile.rows("select distinct client_id from touchpoint")
    assert {row["client_id"] for row in left} == {heard, merged, known}


async def test_a_visit_of_long_ago_stays_without_whose_it_was(running: Start) -> None:
    appointments = await running("appointments", clock=lambda: NOW)
    period = next(one for one in periods("appointments") if one.category == "visits")
    values = (BRAND, new_id(), LONG_AGO, LONG_AGO + timedelta(hours=1))
    # Directory rows are beside the point here.
    await _write(appointments, "alter table appointment drop constraint fk_appointment_boutique", ())
    for name in ("advisor", "experience"):
        await _write(appointments, f"alter table appointment drop constraint fk_appointment_{name}", ())
    await _write(
        appointments,
        "insert into appointment (brand_id, appointment_id, client_id, boutique_id, advisor_id, experience_id,"
        " starts_at, ends_at, status, party_size, piece_code, assigned_for, made_by, created_at, version)"
        " values ($1, $2, $2, $2, $2, $2, $3, $4, 'completed', 1, 'RING-1', 'asked', 'client', $3, 1)",
        values,
    )
    assert await sweeping.sweep(appointments.kit.database, period, now=NOW) == 1
    assert await sweeping.sweep(appointments.kit.database, period, now=NOW) == 0
    rows = await appointments.rows("select client_id, piece_code, status from appointment")
    assert rows == [{"client_id": NOBODY, "piece_code": None, "status": "completed"}]


async def test_a_closed_entry_of_a_register_goes_with_all_its_versions_after_its_legal_time(profile: Running) -> None:
    [period] = [one for one in periods("profile") if one.category == "registers"]
    entry = (
        "insert into register_entry (brand_id, register, entry_id, version, changed_by, changed_at, ended_on, content)"
        " values ($1, 'breaches', $2, $3, 'officer', $4, $5, '')"
    )
    ended, open_one = new_id(), new_id()
    # PostgreSQL goes by its own calendar, and lets nothing go sooner than the sweep.
    ago = datetime.now(UTC) - timedelta(days=2_000)
    rows = [(BRAND, ended, number, ago, ago.date() if number == 3 else None) for number in (1, 2, 3)]
    await _write(profile, entry, *rows, (BRAND, open_one, 1, ago, None))
    assert await sweeping.sweep(profile.kit.database, period, now=datetime.now(UTC)) == 3
    assert await profile.rows("select entry_id from register_entry") == [{"entry_id": open_one}]
