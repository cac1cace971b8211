"""Everything a till may tell of a receipt: returns, exchanges, gifts, shares, totals, old ledgers, masked buyers."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from infra.identity import Role
from tests.asking import problem
from tests.conftest import Start
from tests.profile.build import client_of, line, of_till, receipt, someone

SALE = {"pos": "till", "receipt": "R-1", "line": 1}


def back(name: str, pieces: int = 1, **more: Any) -> dict[str, Any]:
    """A receipt that takes pieces of the sale back."""
    return receipt(name, [line(quantity=-pieces, returns=SALE, **more)])


async def _send(profile: Any, *receipts: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await profile.client(someone(Role.POS)).post("/v1/purchases/batch", json={"receipts": list(receipts)})
    assert answer.status_code == 207, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def _reasons(items: list[dict[str, Any]]) -> list[list[str]]:
    return [[one["reason"] for one in item["reasons"]] for item in items]


async def test_a_return_larger_than_its_sale_is_refused_over_all_its_returns(running: Start) -> None:
    profile = await running("profile")
    await _send(profile, receipt("R-1", [line(quantity=3)], customer="C-1"))
    items = await _send(profile, back("B-1", 2), back("B-2", 2), back("B-3", 1))
    assert [item["status"] for item in items] == ["created", "rejected", "created"]
    assert _reasons(items) == [[], ["return-too-large"], []]
    assert items[1]["rejected"] == [{"line": 1, "code": "quantity-too-large"}]
    # Nothing of the refused one is left, and sent again it is refused again.
    assert items[1]["purchase_id"] is None
    assert await profile.rows("select 1 from purchase where receipt = 'B-2'") == []
    alone = await profile.client(someone(Role.POS)).post("/v1/purchases", json=back("B-2", 2))
    assert (alone.status_code, problem(alone)) == (400, "nothing-taken")
    assert alone.json()["reasons"] == [{"line": 1, "reason": "return-too-large"}]
    assert [item["status"] for item in await _send(profile, back("B-1", 2))] == ["repeated"]


async def test_racing_returns_never_take_back_more_than_was_sold(running: Start) -> None:
    profile = await running("profile")
    await _send(profile, receipt("R-1", [line(quantity=3)]))
    answers = await asyncio.gather(*[_send(profile, back(f"B-{n}")) for n in range(8)])
    assert sorted(item["status"] for [item] in answers) == ["created"] * 3 + ["rejected"] * 5
    kept = await profile.rows("select sum(quantity) as back from purchase_line where sale_pos is not null")
    assert kept == [{"back": -3}]


async def test_a_return_may_come_before_its_sale_and_still_not_exceed_it(running: Start) -> None:
    profile = await running("profile")
    assert [item["status"] for item in await _send(profile, back("B-1", 2))] == ["created"]
    refused = await _send(profile, receipt("R-1", [line(quantity=1), line(2)]))
    assert (refused[0]["accepted"], _reasons(refused)) == (1, [["less-than-returned"]])
    assert (await _send(profile, receipt("R-1", [line(quantity=2)])))[0]["status"] == "extended"
    assert _reasons(await _send(profile, back("B-2"))) == [["return-too-large"]]


async def test_sales_and_returns_that_race_before_either_is_known_still_add_up(running: Start) -> None:
    profile = await running("profile")
    for n in range(12):
        sale = receipt(f"S-{n}", [line(quantity=1)])
        takes = receipt(f"T-{n}", [line(quantity=-2, returns={"pos": "till", "receipt": f"S-{n}", "line": 1})])
        one, other = await asyncio.gather(_send(profile, sale), _send(profile, takes))
        assert sorted(item["status"] for [item] in (one, other)) == ["created", "rejected"]


async def test_a_return_in_the_same_batch_finds_its_sale_wherever_it_stands(running: Start) -> None:
    profile = await running("profile")
    items = await _send(profile, back("B-1"), receipt("R-1"), back("B-2"))
    assert [item["status"] for item in items] == ["created", "created", "rejected"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"piece_code": "RING-2"}, "return-differs"),
        ({"unit_price_minor": 100_001}, "return-too-large"),
        ({"quantity": 1}, "return-not-negative"),
    ],
)
async def test_a_return_is_of_what_was_sold(running: Start, more: dict[str, Any], reason: str) -> None:
    profile = await running("profile")
    await _send(profile, receipt("R-1"))
    items = await _send(profile, receipt("B-1", [line(**{"quantity": -1, "returns": SALE, **more})]))
    assert _reasons(items) == [[reason]]


async def test_a_return_without_a_sale_is_kept_as_it_always_was(running: Start) -> None:
    profile = await running("profile")
    assert (await _send(profile, receipt("B-1", [line(quantity=-1)])))[0]["status"] == "created"


async def test_an_exchange_has_both_of_its_sides(running: Start) -> None:
    profile = await running("profile")
    await _send(profile, receipt("R-1", customer="C-1"))
    both = [line(1, quantity=-1, returns=SALE, exchange="X"), line(2, piece_code="RING-2", exchange="X")]
    half = await _send(profile, receipt("E-1", both[:1]), receipt("E-2", both, customer="C-1"))
    assert _reasons(half) == [["exchange-incomplete"], []]
    mine = profile.client(client_of(await of_till(profile, "C-1")))
    [exchanged, _] = sorted((await mine.get("/v1/me/purchases")).json()["items"], key=lambda item: str(item["receipt"]))
    assert [(one["exchange"], one["returns"]) for one in exchanged["lines"]] == [("X", SALE), ("X", None)]


async def test_lines_that_do_not_come_to_the_total_are_refused_together(running: Start) -> None:
    profile = await running("profile")
    items = await _send(
        profile,
        receipt("R-1", [line(1), line(2)], total_minor=200_000),
        receipt("R-2", [line(1), line(2)], total_minor=200_001),
        receipt("R-3", [line(1), line(2, quantity=0)], total_minor=100_000),
    )
    assert [item["accepted"] for item in items] == [2, 0, 1]
    assert _reasons(items) == [[], ["total-differs", "total-differs"], []]
    assert [item["purchase_id"] is None for item in items] == [False, True, False]
    # The rest of it later: what is kept counts.
    more = await _send(profile, receipt("R-1", [line(3)], total_minor=300_000))
    assert (more[0]["status"], more[0]["accepted"]) == ("extended", 1)


async def test_shares_of_advisors_are_the_whole_receipt(running: Start) -> None:
    profile = await running("profile")
    one, other = str(uuid4()), str(uuid4())

    def shared(name: str, *parts: int) -> dict[str, Any]:
        shares = [{"advisor_id": who, "share_bp": part} for who, part in zip((one, other), parts, strict=False)]
        return receipt(name, customer="C-1", shares=shares)

    items = await _send(profile, shared("R-1", 6_000, 4_000), shared("R-2", 6_000, 3_999), shared("R-3", 10_000))
    assert _reasons(items) == [[], ["shares-do-not-sum"], []]
    client_id = await of_till(profile, "C-1")
    seen = (await profile.client(someone()).get(f"/v1/clients/{client_id}/purchases")).json()["items"]
    parts = {item["receipt"]: [(share["advisor_id"], share["share_bp"]) for share in item["shares"]] for item in seen}
    assert parts == {"R-1": [(one, 6_000), (other, 4_000)], "R-3": [(one, 10_000)]}
    # What her advisors share is no business of hers.
    mine = (await profile.client(client_of(client_id)).get("/v1/me/purchases")).json()["items"]
    assert [item["shares"] for item in mine] == [[], []]


async def test_a_gift_is_hers_who_gets_it_and_paid_by_who_gave_it(running: Start) -> None:
    profile = await running("profile")
    gift = line(1, gift_for={"system": "till", "value": "C-2"})
    items = await _send(profile, receipt("R-1", [gift], customer="C-1"))
    assert (await _send(profile, receipt("R-1", [gift], customer="C-1")))[0]["status"] == "repeated"
    other = line(1, gift_for={"system": "till", "value": "C-3"})
    assert (await _send(profile, receipt("R-1", [other])))[0]["rejected"] == [{"line": 1, "code": "line-differs"}]
    giver, receiver = [await of_till(profile, customer) for customer in ("C-1", "C-2")]
    [bought] = (await profile.client(client_of(giver)).get("/v1/me/purchases")).json()["items"]
    assert (bought["purchase_id"], bought["lines"][0]["gift"]) == (items[0]["purchase_id"], True)
    assert (await profile.client(client_of(receiver)).get("/v1/me/purchases")).json()["items"] == []


async def test_old_ledgers_know_a_year_or_a_month_and_where_the_card_was_scanned(running: Start) -> None:
    profile = await running("profile")

    def old(name: str, period: str | None, at: str | None = None) -> dict[str, Any]:
        told = receipt(name, customer="C-1", channel="legacy", scan_ref="cards/1956/0042", purchased_in=period)
        return {**told, "purchased_at": at}

    items = await _send(
        profile,
        old("R-1", "1956"),
        old("R-2", "1956-03"),
        old("R-3", "1956-3"),
        old("R-4", None),
        old("R-5", "1956", "1956-03-01T00:00:00Z"),
        old("R-6", "1700"),
    )
    assert [item["status"] for item in items] == ["created"] * 2 + ["rejected"] * 4
    assert {one["code"] for item in items[2:] for one in item["rejected"]} == {"date-impossible"}
    mine = profile.client(client_of(await of_till(profile, "C-1")))
    seen = (await mine.get("/v1/me/purchases")).json()["items"]
    assert [(one["purchased_in"], one["purchased_at"], one["channel"], one["scan_ref"]) for one in seen] == [
        ("1956-03", "1956-03-01T00:00:00Z", "legacy", "cards/1956/0042"),
        ("1956", "1956-01-01T00:00:00Z", "legacy", "cards/1956/0042"),
    ]


async def test_purchases_of_every_store_channel_and_currency_are_one_history(running: Start) -> None:
    profile = await running("profile")
    await _send(
        profile,
        receipt("R-1", customer="C-1", payments=[{"method": "card", "amount_minor": 100_000}]),
        receipt("R-2", customer="C-1", store_code="PARIS-1", currency="EUR", channel="overseas"),
        receipt("R-3", customer="C-1", store_code="TMALL", channel="e-shop", masked_phone="139****0007"),
    )
    mine = profile.client(client_of(await of_till(profile, "C-1")))
    seen = (await mine.get("/v1/me/purchases")).json()["items"]
    assert {(one["receipt"], one["currency"], one["channel"]) for one in seen} == {
        ("R-1", "CNY", None),
        ("R-2", "EUR", "overseas"),
        ("R-3", "CNY", "e-shop"),
    }
    paid = {one["receipt"]: one["payments"] for one in seen}
    assert paid == {"R-1": [{"method": "card", "amount_minor": 100_000}], "R-2": [], "R-3": []}
    # What an e-shop shows of a phone is sealed, and shown to nobody.
    [row] = await profile.rows("select masked_phone from purchase where receipt = 'R-3'")
    assert b"0007" not in row["masked_phone"]
    assert "masked_phone" not in json.dumps(seen)


@pytest.mark.parametrize("currency", ["XXX", "RMB", "ZZZ", "cny"])
async def test_an_unknown_currency_is_refused(running: Start, currency: str) -> None:
    profile = await running("profile")
    items = await _send(profile, receipt("R-1", currency=currency), receipt("R-2"))
    assert [item["status"] for item in items] == ["rejected", "created"]
    assert items[0]["rejected"] == [{"line": 1, "code": "bad-currency"}]


async def test_a_serial_is_sold_once_until_it_comes_back(running: Start) -> None:
    profile = await running("profile")

    def sold(name: str, serial: str = "AV 1234", quantity: int = 1) -> dict[str, Any]:
        return receipt(name, [line(serial=serial, quantity=quantity)])

    items = await _send(profile, sold("R-1"), sold("R-2", "av1234"), sold("R-3", "-"), sold("R-4", "AV-9", 2))
    assert _reasons(items) == [[], ["serial-sold"], ["bad-serial"], ["bad-serial"]]
    taken = line(serial="AV1234", quantity=-1, returns=SALE)
    items = await _send(profile, receipt("B-1", [taken]), sold("R-2"))
    assert [item["status"] for item in items] == ["created", "created"]


async def test_of_tills_that_sell_one_serial_at_once_one_does(running: Start) -> None:
    profile = await running("profile")
    rivals = [receipt(f"R-{n}", [line(serial="AV1234")], customer=f"C-{n}") for n in range(6)]
    answers = await asyncio.gather(*[_send(profile, rival) for rival in rivals])
    assert sorted(item["status"] for [item] in answers) == ["created"] + ["rejected"] * 5
    assert len(await profile.rows("select 1 from purchase")) == len(await profile.rows("select 1 from client")) == 1


async def test_a_phone_that_cannot_be_read_refuses_its_receipt_only(running: Start) -> None:
    profile = await running("profile")
    items = await _send(profile, receipt("R-1", phone="12"), receipt("R-2", phone="138 0013 8000"))
    assert _reasons(items) == [["bad-phone"], []]
    assert [item["status"] for item in items] == ["rejected", "created"]
    [row] = await profile.rows("select phone_blind from purchase")
    assert len(row["phone_blind"]) >= 16
