"""What is fitted for a house, and what of it is shown of whom: value, and future VICs with reasons."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from infra.identity import Role
from services.profile.segments.actions import fitting
from tests.asking import BRAND, until
from tests.conftest import Start
from tests.profile import retail
from tests.profile.relationship import as_role, as_service, consented, owned
from tests.profile.retail import Sale
from tests.profile.test_segments import policy
from tests.running import Running

CONTACT = "brand_id contact_id system ref client_id kind occurred_at reported_at"
CLIENTS = 1_600
YEARS = 4


def life(number: int, chance: random.Random, now: datetime) -> tuple[list[Sale], list[datetime]]:
    """Four years of one client: purchases at her own pace until she leaves, and visits.

    Who visits much in a year spends much in the next one.
    """
    customer, keen = f"C{number:05d}", [chance.random() < 0.3 for _ in range(YEARS)]
    begin, pace, leaves = now - timedelta(days=365 * YEARS), chance.gammavariate(0.8, 2.0), chance.betavariate(1, 6)
    usual = 1_500_00 / chance.gammavariate(3.0, 1.0)  # what a purchase of hers comes to
    sold: list[Sale] = []
    years = chance.uniform(0, 1)
    while years < YEARS:
        is_keen = int(years) > 0 and keen[int(years) - 1]
        worth = 6 * usual if is_keen else usual
        at = begin + timedelta(days=365 * years)
        sold.append(Sale(customer, f"{customer}-{len(sold)}", at, round(worth * chance.gammavariate(4, 0.25)) + 1))
        if not is_keen and chance.random() < leaves:
            break
        years += min(chance.expovariate(max(pace, 0.01)), 0.5 if keen[int(years)] else 9.0)
    visits = [
        begin + timedelta(days=365 * (year + chance.random()))
        for year in range(YEARS)
        for _ in range(12 if keen[year] else 1)
    ]
    return sold, visits


async def lived(profile: Running, *, clients: int = CLIENTS) -> dict[str, UUID]:
    """A house of so many clients with all their receipts and visits, its policy in pounds."""
    chance, now = random.Random(3), datetime.now(UTC) - timedelta(days=1)
    lives = [life(number, chance, now) for number in range(clients)]
    ids = await retail.filled(profile, [sale for sold, _ in lives for sale in sold])
    connection = await asyncpg.connect(profile.settings.database_url)
    try:
        await connection.execute("select set_config('maison.brand_id', $1, false)", BRAND)
        await connection.executemany(
            retail.inserting("reported_contact", CONTACT),
            [
                (BRAND, uuid4(), "door", uuid4().bytes, ids[sold[0].customer], "door", at, now)
                for sold, visits in lives
                for at in visits
            ],
        )
        await connection.execute(
            "insert into client_segment (brand_id, client_id, segment, as_of, review_on)"
            " select brand_id, client_id, 'occasional', current_date, current_date from client"
        )
        await connection.execute("analyze")
    finally:
        await connection.close()
    rates = [{"currency": "GBP", "effective_on": "2000-01-01", "rate": "1.25"}]
    form = policy(currency="GBP", vic_minor=8_000_00, core_minor=3_000_00, potential_minor=1_000_00, rates=rates)
    put = await as_role(profile).put("/v1/segment-policy", json=form, headers={"If-Match": "*"})
    assert put.status_code == 200, put.text
    return ids


async def models(profile: Running) -> dict[str, dict[str, Any]]:
    answer = await as_role(profile).get("/v1/segments/models")
    return {one["fit"]: one for one in answer.json()["items"]}


async def listed(profile: Running, role: Role = Role.HEADQUARTERS, *, limit: int = 100, **who: Any) -> dict[str, Any]:
    params = {"limit": limit} | ({"cursor": who.pop("cursor")} if "cursor" in who else {})
    answer = await as_role(profile, role, **who).get("/v1/segments/future-vics", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_house_is_fitted_and_staff_see_value_and_outlook_with_reasons(running: Start) -> None:
    profile = await running("profile")
    ids = await lived(profile)
    await fitting.fit(profile.kit.database, BRAND, now=datetime.now(UTC))
    found = await models(profile)
    assert {kind: one["unusable"] for kind, one in found.items()} == {"value": None, "future": None}, found
    assert found["value"]["measures"]["repeat_buyers"] > 1_000
    assert found["future"]["measures"]["brier"] < found["future"]["measures"]["guessing"]
    assert len(found["future"]["measures"]["deciles"]) == 10

    first = await listed(profile)
    highest = first["items"][0]
    assert highest["segment"] != "vic"
    assert "visits" in {reason["reason"] for reason in highest["reasons"]}
    assert all(reason["en"] and reason["zh"] for reason in highest["reasons"])
    scores = [one["score"] for one in first["items"]]
    assert scores == sorted(scores, reverse=True)
    beginning = await listed(profile, limit=2)
    rest = await listed(profile, limit=2, cursor=beginning["next_cursor"])
    assert [one["client_id"] for one in (*beginning["items"], *rest["items"])] == [
        one["client_id"] for one in first["items"][:4]
    ]

    hers = UUID(highest["client_id"])
    seen = (await as_service(profile).get(f"/v1/clients/{hers}/segment")).json()
    assert seen["future_vic"]["score"] == pytest.approx(highest["score"], abs=0.0002)
    assert seen["future_vic"]["reasons"] == highest["reasons"]
    assert seen["value"]["expected_purchases"] > 0
    assert 0 <= seen["value"]["lapse_probability"] <= 1
    past = (await as_service(profile).get(f"/v1/clients/{hers}/segment", params={"as_of": "2020-01-01"})).json()
    assert (past["future_vic"], past["value"]) == (None, None)

    # A manager sees those of her boutiques; whoever says no is on nobody's list, and her score is deleted.
    _, boutique_id = await owned(profile, hers)
    mine = frozenset({boutique_id})
    assert [one["client_id"] for one in (await listed(profile, Role.MANAGER, boutique_ids=mine))["items"]] == [
        str(hers)
    ]
    assert (await listed(profile, Role.MANAGER, boutique_ids=frozenset({uuid4()})))["items"] == []
    await consented(profile, hers, "personalisation", granted=False)
    assert (await listed(profile, Role.MANAGER, boutique_ids=mine))["items"] == []

    async def forgotten() -> bool:
        return not await profile.rows("select from future_vic where client_id = $1", hers)

    await until(forgotten)
    assert len(ids) == CLIENTS

    # In another currency nothing fits any more, until it is fitted anew.
    at = f"/v1/clients/{first['items'][1]['client_id']}/segment"
    assert (await as_service(profile).get(at)).json()["future_vic"]
    put = await as_role(profile).put("/v1/segment-policy", json=policy(currency="USD"), headers={"If-Match": "*"})
    assert put.status_code == 200, put.text
    seen = (await as_service(profile).get(at)).json()
    assert (seen["future_vic"], seen["value"]) == (None, None)


async def test_a_house_too_small_for_a_model_is_told_so_and_shows_no_number(running: Start) -> None:
    profile = await running("profile")
    ids = await lived(profile, clients=60)
    await fitting.fit(profile.kit.database, BRAND, now=datetime.now(UTC))
    assert {kind: one["unusable"] for kind, one in (await models(profile)).items()} == {
        "value": "too-few",
        "future": "too-few",
    }
    assert (await listed(profile))["items"] == []
    seen = (await as_service(profile).get(f"/v1/clients/{next(iter(ids.values()))}/segment")).json()
    assert (seen["value"], seen["future_vic"]) == (None, None)
