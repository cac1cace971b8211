"""Anonymous receipts find their clients: with what stands on them, by a phone left at the till, through staff."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra.identity import Caller, Role
from services.profile.identities.models import fits
from services.profile.purchases.rules.claims import Proof, proves
from tests.asking import Clock, problem, until
from tests.conftest import Start
from tests.profile.build import (
    advisor,
    client_of,
    gave_phone,
    line,
    own,
    phone,
    receipt,
    recognised,
    registered,
    someone,
)

NOW = datetime(2026, 3, 20, tzinfo=UTC)
RIGHT = {"pos": "till", "receipt": "R-1", "purchased_on": "2026-03-01", "net_minor": 100_000}


async def _sold(profile: Any, **more: Any) -> str:
    answer = await profile.client(someone(Role.POS)).post("/v1/purchases", json=receipt("R-1", **more))
    assert answer.status_code == 201, answer.text
    purchase_id: str = answer.json()["purchase_id"]
    return purchase_id


async def _claim(profile: Any, by: Caller, **form: Any) -> httpx.Response:
    answer: httpx.Response = await profile.client(by).post("/v1/purchases/claims", json=form)
    return answer


async def test_a_client_claims_with_what_stands_on_her_receipt(running: Start) -> None:
    profile = await running("profile")
    purchase_id, client_id = await _sold(profile), await recognised(profile, "o-1")
    for _ in range(2):  # she taps twice
        answer = await _claim(profile, client_of(client_id), **RIGHT)
        assert (answer.status_code, answer.json()) == (200, {"client_id": client_id, "purchase_ids": [purchase_id]})
    told = await profile.facts("profile.purchase-claimed.v1")
    assert [fact["data"]["client_id"] for fact in told] == [client_id]
    mine = (await profile.client(client_of(client_id)).get("/v1/me/purchases")).json()["items"]
    assert [one["receipt"] for one in mine] == ["R-1"]

    async def entered() -> bool:
        return len(await profile.rows("select 1 from touchpoint where kind = 'purchase'")) == 1

    await until(entered)


@pytest.mark.parametrize(
    ("more", "status", "slug"),
    [
        ({"net_minor": 100_001}, 404, "claim-not-proven"),
        ({"purchased_on": "2026-03-03"}, 404, "claim-not-proven"),
        ({"receipt": "R-2"}, 404, "claim-not-proven"),
        ({"purchased_on": None}, 400, "claim-incomplete"),
        ({"net_minor": None}, 400, "claim-incomplete"),
        ({"pos": None}, 400, "claim-incomplete"),
        ({"phone": "13800138000"}, 400, "claim-incomplete"),
        ({"client_id": str(uuid4())}, 404, "client-unknown"),
    ],
)
async def test_what_does_not_prove_it_gives_nothing(
    running: Start, more: dict[str, Any], status: int, slug: str
) -> None:
    profile = await running("profile")
    await _sold(profile)
    answer = await _claim(profile, client_of(await recognised(profile, "o-1")), **{**RIGHT, **more})
    assert (answer.status_code, problem(answer)) == (status, slug)
    assert await profile.rows("select client_id from purchase") == [{"client_id": None}]
    assert await profile.facts("profile.purchase-claimed.v1") == []


async def test_who_guesses_runs_out_of_tries_also_with_the_right_one(running: Start) -> None:
    clock = Clock(NOW)
    profile = await running("profile", clock=clock)
    await _sold(profile)
    guesser = client_of(await recognised(profile, "o-1"))
    for amount in range(5):
        assert (await _claim(profile, guesser, **{**RIGHT, "net_minor": amount})).status_code == 404
    refused = await _claim(profile, guesser, **RIGHT)
    assert (refused.status_code, problem(refused)) == (429, "too-many-claims")
    assert 0 < int(refused.headers["retry-after"]) <= 3_600
    # Others still may, and she herself later.
    other = client_of(await recognised(profile, "o-2"))
    assert (await _claim(profile, other, **{**RIGHT, "net_minor": 1})).status_code == 404
    clock.advance(hours=1)
    assert (await _claim(profile, guesser, **RIGHT)).status_code == 200
    assert len(await profile.rows("select 1 from claim_attempt")) == 2  # the old ones are forgotten


async def test_a_receipt_that_many_guess_at_is_closed_for_a_while(running: Start) -> None:
    profile = await running("profile", clock=Clock(NOW))
    await _sold(profile)
    statuses = []
    for n in range(5):
        guesser = client_of(await recognised(profile, f"o-{n}"))
        statuses += [(await _claim(profile, guesser, **{**RIGHT, "net_minor": n})).status_code for _ in range(5)]
    assert statuses == [404] * 20 + [429] * 5


async def test_of_two_who_claim_at_once_one_gets_it(running: Start) -> None:
    profile = await running("profile")
    await _sold(profile)
    rivals = [client_of(await recognised(profile, f"o-{n}")) for n in range(6)]
    answers = await asyncio.gather(*[_claim(profile, rival, **RIGHT) for rival in rivals])
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    assert {problem(answer) for answer in answers if answer.status_code == 409} == {"receipt-claimed"}
    [winner] = [rival for rival, answer in zip(rivals, answers, strict=True) if answer.status_code == 200]
    assert await profile.rows("select client_id from purchase") == [{"client_id": winner.client_id}]
    assert len(await profile.facts("profile.purchase-claimed.v1")) == 1


async def test_staff_claim_for_a_client_they_may_see(running: Start) -> None:
    profile = await running("profile")
    await _sold(profile)
    client_id = await registered(profile)
    form = {"client_id": client_id, "pos": "till", "receipt": "R-1"}
    refused = await _claim(profile, advisor(), **form)
    assert (refused.status_code, problem(refused)) == (404, "client-unknown")
    await own(profile, client_id)
    assert problem(await _claim(profile, advisor(), **{**form, "client_id": None})) == "claim-incomplete"
    assert problem(await _claim(profile, advisor(), **form, net_minor=1)) == "claim-incomplete"
    assert problem(await _claim(profile, advisor(), **{**RIGHT, **form, "net_minor": 1})) == "claim-not-proven"
    assert (await _claim(profile, advisor(), **form)).status_code == 200
    seen = await profile.rows("select seen, ground from access_log where seen = 'claim'")
    assert seen == [{"seen": "claim", "ground": "owner"}]


async def test_a_receipt_that_names_its_buyer_is_not_claimed_by_another(running: Start) -> None:
    profile = await running("profile")
    await _sold(profile, customer="C-1")
    answer = await _claim(profile, client_of(await recognised(profile, "o-1")), **RIGHT)
    assert (answer.status_code, problem(answer)) == (409, "receipt-claimed")


async def test_an_eshops_order_is_hers_whose_phone_is_behind_the_mask(running: Start) -> None:
    profile = await running("profile")
    number = phone()
    await _sold(profile, channel="e-shop", masked_phone=f"139****{number[-4:]}")
    stranger, buyer = await recognised(profile, "o-1"), await recognised(profile, "o-2")
    await gave_phone(profile, stranger, phone())
    await gave_phone(profile, buyer, number)
    assert problem(await _claim(profile, client_of(stranger), **RIGHT)) == "claim-not-proven"
    assert (await _claim(profile, client_of(buyer), **RIGHT)).status_code == 200


async def test_receipts_left_with_a_phone_are_hers_while_the_number_cannot_be_another_persons(running: Start) -> None:
    profile = await running("profile", clock=Clock(NOW))
    number, till = phone(), profile.client(someone(Role.POS))
    for name, day in (("R-1", "2026-03-01"), ("R-2", "2026-01-02"), ("R-3", "2025-12-01")):
        told = receipt(name, [line()], phone=number[3:], purchased_at=f"{day}T12:00:00+08:00")
        assert (await till.post("/v1/purchases", json=told)).status_code == 201
    client_id = await recognised(profile, "o-1")
    assert problem(await _claim(profile, client_of(client_id), phone=number)) == "claim-not-proven"
    await gave_phone(profile, client_id, number)
    assert len((await _claim(profile, client_of(client_id), phone=number)).json()["purchase_ids"]) == 2
    assert (await _claim(profile, client_of(client_id), phone=number)).json()["purchase_ids"] == []
    mine = (await profile.client(client_of(client_id)).get("/v1/me/purchases")).json()["items"]
    assert [one["receipt"] for one in mine] == ["R-1", "R-2"]
    # Somebody else's number opens nothing.
    other = client_of(await recognised(profile, "o-2"))
    assert problem(await _claim(profile, other, phone=number)) == "claim-not-proven"


async def test_another_houses_receipt_is_not_there(running: Start) -> None:
    profile = await running("profile")
    await _sold(profile)
    client_id = await registered(profile, by=someone(brand_id="ombre"))
    form = {**RIGHT, "client_id": client_id}
    assert problem(await _claim(profile, someone(brand_id="ombre"), **form)) == "claim-not-proven"


NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("on", "minor", "period", "proven"),
    [
        (date(2026, 3, 1), 100, None, True),
        (date(2026, 2, 28), 100, None, True),  # still, in Honolulu
        (date(2026, 3, 2), 100, None, False),
        (date(2026, 3, 1), 99, None, False),
        (date(2026, 3, 31), 100, "2026-03", True),
        (date(2026, 4, 1), 100, "2026-03", False),
        (date(2026, 12, 1), 100, "2026", True),
    ],
)
def test_day_and_amount_prove_a_receipt(on: date, minor: int, period: str | None, *, proven: bool) -> None:
    assert proves(Proof(on, minor), purchased_at=NOON, purchased_in=period, net_minor=100) is proven


@pytest.mark.parametrize(
    ("masked", "fitting"),
    [
        ("138****8000", True),
        ("****8000", True),
        ("+86138****8000", True),
        ("139****8000", False),
        ("138****8001", False),
        ("**00", True),
    ],
)
def test_a_number_is_seen_behind_its_mask(masked: str, *, fitting: bool) -> None:
    assert fits("+8613800138000", masked) is fitting
