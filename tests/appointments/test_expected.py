"""How many will not come: fitted in a process of its own, said as a sum for a day, never of one visit."""

import random
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from infra.identity import Role
from infra.ids import new_id
from services.appointments.reports.actions.fitting import fit
from tests.appointments.build import House, at, client, house, said, staff
from tests.asking import BRAND, problem
from tests.conftest import Start

_PAST = """
insert into appointment (brand_id, appointment_id, client_id, boutique_id, advisor_id, experience_id, starts_at,
    ends_at, status, party_size, assigned_for, made_by, created_at, confirmed_at, version)
select $1, gen_random_uuid(), item.client_id, $2, $3, $4, item.starts_at, item.starts_at + interval '1 hour',
    item.status, 1, 'requested', 'client', item.made_at, item.made_at, 1
from unnest($5::uuid[], $6::timestamptz[], $7::timestamptz[], $8::text[])
    as item (client_id, starts_at, made_at, status)
"""


async def past(place: House, visits: int, *, seed: int = 1) -> None:
    """Visits of the last two years: the longer ahead they were booked, the fewer came."""
    chance = random.Random(seed)
    clients = [new_id() for _ in range(max(visits // 4, 1))]
    rows: list[tuple[UUID, datetime, datetime, str]] = []
    for _ in range(visits):
        starts_at = at("2030-01-07 00:00") - timedelta(hours=chance.randint(24, 24 * 700))
        lead = chance.choice((0, 1, 3, 7, 14, 30))
        missed = chance.random() < 0.05 + 0.01 * lead
        rows.append(
            (chance.choice(clients), starts_at, starts_at - timedelta(days=lead), "no-show" if missed else "completed")
        )
    connection = await asyncpg.connect(place.running.settings.database_url)
    try:
        await connection.execute("select set_config('maison.brand_id', $1, false)", BRAND)
        ids = [place.boutique_id, place.advisor_ids[0], place.experience["experience_id"]]
        await connection.execute(_PAST, BRAND, *ids, *(list(one) for one in zip(*rows, strict=True)))
    finally:
        await connection.close()


async def expected(place: House, on: str = "2030-01-08") -> dict[str, object]:
    manager = place.by(staff(Role.MANAGER, place.boutique_id))
    asked = {"boutique_id": place.boutique_id, "on": on}
    return said(await manager.get("/v1/reports/expected-no-shows", params=asked))


async def test_the_model_is_fitted_apart_and_says_a_sum_for_a_day(running: Start) -> None:
    place = await house(running, needs_room=False)
    await past(place, 4_000)
    for hour in (10, 11, 12, 13, 14, 15):
        await place.visit(client(), f"2030-01-08 {hour}:00")
    before = await expected(place)
    assert (before["agreed"], before["basis"], before["fitted_at"]) == (6, "rate", None)
    await fit(place.running.kit.database, BRAND, now=place.clock.now)
    after = await expected(place)
    assert (after["agreed"], after["basis"]) == (6, "model")
    # Booked the day before, hardly anybody stays away: 6 times .06.
    assert after["expected"] in {0.0, 0.5}
    assert isinstance(after["auc"], float)
    assert after["auc"] > 0.6
    (kept,) = await place.running.rows("select appointments, unusable, measures::text as measures from no_show_fit")
    assert (kept["appointments"], kept["unusable"]) == (4_000, None)


async def test_of_a_few_visits_nothing_is_said(running: Start) -> None:
    place = await house(running, needs_room=False)
    await past(place, 200)
    for hour in (10, 11, 12, 13):
        await place.visit(client(), f"2030-01-08 {hour}:00")
    found = await expected(place)
    assert (found["agreed"], found["expected"], found["basis"]) == (4, None, "rate")


async def test_with_too_few_visits_there_is_no_model_and_that_is_kept(running: Start) -> None:
    place = await house(running)
    await past(place, 30)
    await fit(place.running.kit.database, BRAND, now=place.clock.now)
    (kept,) = await place.running.rows("select appointments, unusable from no_show_fit")
    assert (kept["appointments"], kept["unusable"]) == (30, "too-few")
    assert (await expected(place))["basis"] == "none"


async def test_only_who_plans_may_ask_and_only_for_days_to_come(running: Start) -> None:
    place = await house(running)
    advisor = place.by(staff(Role.ADVISOR, place.boutique_id, advisor_id=place.advisor_ids[0]))
    asked = {"boutique_id": place.boutique_id, "on": "2030-01-06"}
    assert problem(await advisor.get("/v1/reports/expected-no-shows", params=asked)) == "not-permitted"
    assert problem(await place.manager().get("/v1/reports/expected-no-shows", params=asked)) == "day-has-passed"
