"""The report of shares and flows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from infra.identity import Role
from infra.ids import NOBODY
from services.profile.segments import queries
from services.profile.segments.actions import reporting
from services.profile.segments.queries import kept
from services.profile.segments.queries.kept import Asked
from services.profile.segments.rules import reports as rules
from tests.asking import problem, until
from tests.conftest import Start
from tests.profile import retail
from tests.profile.relationship import as_role, consented
from tests.profile.retail import Sale
from tests.profile.test_segments import policy
from tests.running import Running

HERE, THERE = uuid4(), uuid4()


@pytest.fixture
async def profile(running: Start) -> Running:
    """A house whose policy is in pounds, with receipts of last year and of this one."""
    profile, now = await running("profile"), datetime.now(UTC)
    recently, last_year = now - timedelta(days=5), now - timedelta(days=370)
    sold = [
        Sale("grown", "a", last_year, 2_000_00, HERE),
        Sale("grown", "b", recently, 60_000_00, HERE),
        Sale("gone", "c", last_year, 6_000_00, THERE),
        Sale("come", "d", recently, 100_00, THERE),
        Sale("come", "e", recently, 5_900_00, HERE),
        Sale("off", "f", recently, 300_00, HERE),
        Sale("erased", "z", recently, 90_000_00, HERE),
        *(Sale("monthly", f"m{number}", now - timedelta(days=10 + number), 500_00, HERE) for number in range(12)),
    ]
    ids = await retail.filled(profile, sold)
    connection = await asyncpg.connect(profile.settings.database_url)
    try:
        await connection.execute("select set_config('maison.brand_id', 'lumiere', false)")
        await connection.execute(
            "insert into purchase_line (brand_id, purchase_id, line, piece_code, quantity, unit_minor, net_minor,"
            " category) select brand_id, purchase_id, line, 'P', 1, 1, 1, case line when 1 then 'rings' else 'bags' end"
            " from purchase, generate_series(1, 2) line where receipt in ('b', 'e') and line <= ascii(receipt) - 97"
        )
        await connection.execute("update purchase set client_id = null where receipt = 'm0'")
        await connection.execute("update purchase set client_id = $1 where receipt = 'z'", NOBODY)
    finally:
        await connection.close()
    headquarters = as_role(profile)
    form = policy(currency="GBP", rates=[{"currency": "GBP", "effective_on": "2000-01-01", "rate": "1.25"}])
    assert (await headquarters.put("/v1/segment-policy", json=form, headers={"If-Match": "*"})).status_code == 200
    await consented(profile, ids["off"], "personalisation", granted=False)
    return profile


async def test_a_house_too_large_to_wait_for_has_its_report_made_and_says_of_when_it_is(profile: Running) -> None:
    at_once = (await reported(profile)).json()
    assert abs(datetime.fromisoformat(at_once["reckoned_at"]) - datetime.now(UTC)) < timedelta(minutes=1)
    # As it is where there are very many receipts to read.
    await profile.rows("alter table purchase rename to receipts_in_masses")
    await profile.rows("create table slow as select 1")
    waits = f"pg_sleep(case when exists (table slow) then {rules.SLOW + 0.2} else 0 end)"
    slowly = f"select receipts.* from receipts_in_masses receipts, (select {waits}) waited"  # noqa: S608 - our own words
    await profile.rows(f"create view purchase with (security_invoker) as {slowly}")
    refused = await reported(profile)
    assert (refused.status_code, problem(refused), refused.headers["retry-after"]) == (503, "report-being-made", "30")

    async def is_made() -> bool:
        return bool(await profile.rows("select 1 from segment_report where found is not null"))

    await until(is_made)
    await profile.rows("delete from slow")
    made = (await reported(profile)).json()
    [row] = await profile.rows("select reckoned_at from segment_report")
    assert datetime.fromisoformat(made.pop("reckoned_at")) == row["reckoned_at"]
    assert made == {name: at_once[name] for name in made}
    # Kept by another policy than the one in force, it is not answered.
    async with profile.kit.database.transaction("lumiere") as tx:
        asked, setting = Asked(date.fromisoformat(made["as_of"]), None, None), await queries.policy(tx)
        assert await kept.kept(tx, asked, setting, or_day_before=False) is not None
        assert await kept.kept(tx, asked, replace(setting, version=99), or_day_before=False) is None


async def test_by_night_a_large_house_has_its_day_and_its_last_months_made(profile: Running) -> None:
    now = datetime(2026, 3, 5, 1, tzinfo=UTC)
    database = profile.kit.database
    await reporting.prepare(database, now=now)
    assert await profile.rows("select 1 from segment_report") == []
    async with database.transaction("lumiere") as tx:
        await reporting.want(tx, Asked(date(2026, 1, 31), None, None), now=now)
    assert await reporting.make_next(database, now=now)
    await profile.rows("update segment_report set seconds = 60 returning 1")
    await reporting.prepare(database, now=now)
    wanted = await profile.rows("select as_of, compared_on from segment_report where found is null order by as_of")
    assert [(str(row["as_of"]), str(row["compared_on"])) for row in wanted] == [
        ("2026-02-28", "2026-01-31"),
        ("2026-03-05", "None"),
    ]
    # Told again, it is wanted once; what nobody has asked for in two months is forgotten.
    await reporting.prepare(database, now=now)
    assert len(await profile.rows("select 1 from segment_report")) == 3
    await reporting.prepare(database, now=now + timedelta(days=61))
    assert await profile.rows("select 1 from segment_report") == []


async def reported(profile: Running, role: Role = Role.HEADQUARTERS, **asked: Any) -> httpx.Response:
    boutiques: frozenset[UUID] = asked.pop("boutiques", frozenset())
    return await as_role(profile, role, boutique_ids=boutiques).get("/v1/segments/report", params=asked)


async def test_the_report_shows_shares_with_what_they_are_shares_of(profile: Running) -> None:
    answer = await reported(profile)
    assert answer.status_code == 200, answer.text
    seen = answer.json()
    assert (seen["clients"], seen["revenue_minor"], seen["currency"]) == (3, 71_500_00, "GBP")
    assert (seen["not_reckoned_clients"], seen["not_reckoned_minor"], seen["anonymous_minor"]) == (1, 300_00, 90_500_00)
    vic, core = seen["segments"]
    assert (vic["segment"], vic["clients"], vic["clients_share"]) == ("vic", 1, 0.3333)
    assert (vic["revenue_minor"], vic["revenue_share"]) == (60_000_00, 0.8392)
    assert (core["segment"], core["clients"], core["revenue_minor"]) == ("core", 2, 11_500_00)
    assert [one["categories_a_year"] for one in (vic, core)] == [1.0, 2.0]
    assert (core["clients_with_categories"], core["monthly_buyers"]) == (1, 0)


async def test_flows_say_who_went_from_where_to_where(profile: Running) -> None:
    before = (datetime.now(UTC) - timedelta(days=366)).date().isoformat()
    seen = (await reported(profile, compared_on=before)).json()
    assert seen["compared_on"] == before
    assert seen["flows"] == [
        {"before": "core", "after": None, "clients": 1},
        {"before": "potential", "after": "vic", "clients": 1},
        {"before": None, "after": "core", "clients": 2},
    ]


async def test_a_manager_sees_her_boutique_and_no_other(profile: Running) -> None:
    mine = (await reported(profile, Role.MANAGER, boutiques=frozenset({THERE}))).json()
    # Her segment is by all she spent; what is counted is what she spent here.
    assert (mine["clients"], mine["revenue_minor"], mine["segments"][0]["segment"]) == (1, 100_00, "core")
    named = await reported(profile, Role.REGIONAL, boutiques=frozenset({HERE, THERE}), boutique_id=str(THERE))
    assert named.json()["segments"] == mine["segments"]
    foreign = await reported(profile, Role.MANAGER, boutiques=frozenset({THERE}), boutique_id=str(HERE))
    assert (foreign.status_code, problem(foreign)) == (404, "not-found")
    assert (await reported(profile, boutique_id=str(THERE))).json()["revenue_minor"] == 100_00
    assert (await reported(profile, Role.ADVISOR)).status_code == 403
    assert (await reported(profile, Role.CLIENT)).status_code == 403


@pytest.mark.parametrize("name", ["as_of", "compared_on"])
async def test_a_report_of_an_absurd_day_is_refused(profile: Running, name: str) -> None:
    headquarters = as_role(profile)
    absurd = await headquarters.get("/v1/segments/report", params={name: "0001-01-01"})
    assert problem(absurd) == "day-out-of-range"
    assert (await headquarters.get("/v1/segments/report", params={name: "soon"})).status_code == 422
