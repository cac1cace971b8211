"""What is bought where: basket, category, frequency and limited editions by type of store."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from infra.identity import Caller, Role
from services.profile.purchases.actions.boutiques import learn_types
from services.profile.purchases.rules.stores import PeriodTooLong, average, check_period, per_one
from tests.asking import BRAND, problem, tell, until
from tests.conftest import Start
from tests.profile.build import BOUTIQUE, OTHER_BOUTIQUE, line, receipt, someone

MARCH = {"from_on": "2026-03-01", "to_on": "2026-03-31"}


async def _house(profile: Any) -> None:
    for code, boutique_id, kind in (("SH-1", BOUTIQUE, "flagship"), ("OUT-1", OTHER_BOUTIQUE, "outlet")):
        fact = {"boutique_id": str(boutique_id), "code": code, "boutique_type": kind}
        await tell(profile, "appointments.boutique-opened.v1", fact)
    ring = line(1, category="ring", limited_edition=True)
    receipts = [
        receipt("R-1", [ring, line(2, category="watch", quantity=2)], customer="C-1"),
        receipt("R-2", [line(1, category="ring")], customer="C-1"),
        receipt("R-3", [line(1)]),
        receipt("R-4", [line(1, quantity=-1)], customer="C-1"),
        receipt("R-5", [line(1)], store_code="OUT-1", customer="C-2"),
        receipt("R-6", [line(1)], store_code="POP-UP", currency="EUR"),
        receipt("R-7", [line(1)], purchased_at="2026-04-01T00:00:00+08:00"),
    ]
    answer = await profile.client(someone(Role.POS)).post("/v1/purchases/batch", json={"receipts": receipts})
    assert answer.json()["rejected_lines"] == 0


async def test_every_type_of_store_has_its_basket_and_frequency(running: Start) -> None:
    profile = await running("profile")
    await _house(profile)
    report = (await profile.client(someone()).get("/v1/purchases/by-store-type", params=MARCH)).json()
    assert [(one["boutique_type"], one["currency"]) for one in report["items"]] == [
        ("flagship", "CNY"),
        ("outlet", "CNY"),
        (None, "EUR"),
    ]
    flagship = report["items"][0]
    assert flagship == {
        "boutique_type": "flagship",
        "currency": "CNY",
        "receipts": 3,
        "clients": 1,
        "pieces": 5,
        "sold_minor": 500_000,
        "returned_minor": 100_000,
        "basket_minor": 166_667,
        "basket_pieces": 1.67,
        "frequency": 2.0,
        "limited_pieces": 1,
        "categories": [
            {"category": "ring", "pieces": 2, "sold_minor": 200_000},
            {"category": "watch", "pieces": 2, "sold_minor": 200_000},
            {"category": None, "pieces": 1, "sold_minor": 100_000},
        ],
    }


async def test_a_regional_manager_sees_her_boutiques_and_another_house_nothing(running: Start) -> None:
    profile = await running("profile")
    await _house(profile)
    regional = Caller("regional:1", Role.REGIONAL, BRAND, boutique_ids=frozenset({OTHER_BOUTIQUE}))
    seen = (await profile.client(regional).get("/v1/purchases/by-store-type", params=MARCH)).json()["items"]
    assert [one["boutique_type"] for one in seen] == ["outlet"]
    ombre = profile.client(someone(brand_id="ombre"))
    assert (await ombre.get("/v1/purchases/by-store-type", params=MARCH)).json()["items"] == []


@pytest.mark.parametrize("to_on", ["2026-02-28", "2027-03-02"])
async def test_a_report_is_of_some_days_of_a_year_at_most(running: Start, to_on: str) -> None:
    profile = await running("profile")
    asked = {**MARCH, "to_on": to_on}
    answer = await profile.client(someone()).get("/v1/purchases/by-store-type", params=asked)
    assert (answer.status_code, problem(answer)) == (400, "period-too-long")
    assert (await profile.client(someone()).get("/v1/purchases/by-store-type")).status_code == 422


def test_of_nothing_there_is_no_average() -> None:
    assert (average(5, 2), average(5, 0)) == (3, None)
    assert (per_one(5, 3), per_one(5, 0)) == (1.67, None)
    day = date(2026, 1, 1)
    check_period(day, day)
    check_period(day, day + timedelta(days=365))
    for last in (day - timedelta(days=1), day + timedelta(days=366)):
        with pytest.raises(PeriodTooLong):
            check_period(day, last)


async def test_a_boutique_known_before_its_type_was_kept_gets_it_without_a_replay(running: Start) -> None:
    profile = await running("profile")
    await _house(profile)
    await profile.rows("update boutique set boutique_type = null where code = 'SH-1'")
    # As the service does whenever it starts.
    stop = asyncio.Event()
    learning = asyncio.create_task(learn_types(profile.kit, stop))

    async def learned() -> bool:
        return not await profile.rows("select from boutique where boutique_type is null")

    await until(learned)
    stop.set()
    await learning
    report = (await profile.client(someone()).get("/v1/purchases/by-store-type", params=MARCH)).json()
    assert [one["boutique_type"] for one in report["items"]] == ["flagship", "outlet", None]
