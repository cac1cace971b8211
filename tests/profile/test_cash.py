"""Large sums of cash come before headquarters: a client's day over all stores, or one receipt of somebody unknown."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from infra.identity import Role
from services.profile.purchases.rules.cash import bounds, cash_in, day_of, is_flagged
from tests.asking import until
from tests.conftest import Start
from tests.profile.build import of_till, receipt, recognised, someone
from tests.profile.test_merging import merged, separate


def _cash(name: str, minor: int, *, method: str = "cash", **more: Any) -> dict[str, Any]:
    return receipt(name, payments=[{"method": method, "amount_minor": minor}], **more)


async def _sell(profile: Any, *receipts: dict[str, Any]) -> None:
    answer = await profile.client(someone(Role.POS)).post("/v1/purchases/batch", json={"receipts": list(receipts)})
    assert (answer.status_code, answer.json()["rejected_lines"]) == (207, 0), answer.text


async def _flagged(profile: Any, count: int) -> list[dict[str, Any]]:
    """What headquarters sees, once the service has heard everything it said itself."""
    await _sell(profile, _cash("LAST", 10_000_000, currency="CNY", purchased_at="2020-01-01T00:00:00Z"))

    async def heard() -> bool:
        items = (await profile.client(someone()).get("/v1/cash-flags")).json()["items"]
        return bool(items) and str(items[0]["cash_on"]) == "2020-01-01"

    await until(heard)
    items: list[dict[str, Any]] = (await profile.client(someone()).get("/v1/cash-flags")).json()["items"]
    assert len(items) == count + 1
    return items[1:]


async def test_cash_of_a_day_over_all_stores_is_flagged_from_the_limit_on(running: Start) -> None:
    profile = await running("profile")
    await _sell(
        profile,
        _cash("R-1", 6_000_000, customer="C-1"),
        _cash("R-2", 4_000_000, customer="C-1", store_code="BJ-1", purchased_at="2026-03-01T23:59:59+08:00"),
        _cash("R-3", 9_999_999, customer="C-2"),
        _cash("R-4", 9_999_999, customer="C-3"),
        _cash("R-5", 1, customer="C-3", purchased_at="2026-03-02T00:00:00+08:00"),
        _cash("R-6", 20_000_000, customer="C-4", method="card"),
        _cash("R-7", 20_000_000, customer="C-5", currency="JPY"),
    )
    [one] = await _flagged(profile, 1)
    assert (one["client_id"], one["purchase_id"]) == (await of_till(profile, "C-1"), None)
    assert (one["cash_on"], one["cash_minor"]) == ("2026-03-01", 10_000_000)
    facts = await profile.facts("profile.cash-flagged.v1")
    assert {fact["data"]["client_id"] for fact in facts} == {one["client_id"], None}


async def test_an_unknown_buyers_receipt_is_flagged_alone_until_she_claims_it(running: Start) -> None:
    profile = await running("profile")
    await _sell(profile, _cash("R-1", 10_000_000), _cash("R-2", 6_000_000), _cash("R-3", 6_000_000))
    [one] = await _flagged(profile, 1)
    assert one["client_id"] is None
    client_id = await recognised(profile, "o-1")
    for name in ("R-1", "R-2"):
        form = {"client_id": client_id, "pos": "till", "receipt": name}
        assert (await profile.client(someone()).post("/v1/purchases/claims", json=form)).status_code == 200

    async def hers() -> bool:
        items = (await profile.client(someone()).get("/v1/cash-flags")).json()["items"]
        # The receipt's own flag has gone into that of her day.
        return {(item["client_id"], item["cash_minor"]) for item in items} == {
            (client_id, 16_000_000),
            (None, 10_000_000),
        }

    await until(hers)


async def test_cash_is_reckoned_anew_when_two_become_one_and_when_they_are_two_again(running: Start) -> None:
    profile = await running("profile")
    await _sell(
        profile,
        _cash("R-1", 6_000_000, customer="C-1"),
        _cash("R-2", 6_000_000, customer="C-2"),
        # One of them reached the limit alone, on another day.
        _cash("R-3", 10_000_000, customer="C-2", purchased_at="2026-03-05T12:00:00+08:00"),
        _cash("R-4", 1, customer="C-1", purchased_at="2026-03-05T12:00:00+08:00"),
    )
    [before] = await _flagged(profile, 1)
    one, other = [await of_till(profile, customer) for customer in ("C-1", "C-2")]
    alone = (other, "2026-03-05", 10_000_000)
    assert (before["client_id"], before["cash_on"], before["cash_minor"]) == alone

    async def are(*flags: tuple[str, str, int]) -> None:
        async def seen() -> bool:
            items = (await profile.client(someone()).get("/v1/cash-flags")).json()["items"]
            found = {(item["client_id"], item["cash_on"], item["cash_minor"]) for item in items if item["client_id"]}
            return found == set(flags) and len(items) == len(flags) + 1

        await until(seen)

    for again in range(2):
        edge = await merged(profile, one, other)
        await are((one, "2026-03-01", 12_000_000), (one, "2026-03-05", 10_000_001))
        await separate(profile, one, edge)
        await are(alone)
        facts = [fact["data"] for fact in await profile.facts("profile.cash-flagged.v1")]
        of_one = [fact["flag_id"] for fact in facts if fact["client_id"] == one]
        # Told again whenever it stands again, under the id it had; and taken back as often.
        assert (len(of_one), len(set(of_one))) == (2 * (again + 1), 2)
        gone = await profile.facts("profile.cash-flag-withdrawn.v1")
        assert sorted(fact["data"]["flag_id"] for fact in gone) == sorted(of_one)
        await profile.client(someone()).delete(f"/v1/clients/{one}/never-merges/{other}")
    of_other = [one for one in await profile.facts("profile.cash-flagged.v1") if one["data"]["client_id"] == other]
    assert len(of_other) == 1


async def test_flags_come_in_pages_and_stay_in_their_house(running: Start) -> None:
    profile = await running("profile")
    await _sell(profile, *[_cash(f"R-{n}", 10_000_000) for n in range(3)])
    await _flagged(profile, 3)
    page = (await profile.client(someone()).get("/v1/cash-flags", params={"limit": "3"})).json()
    rest = (await profile.client(someone()).get("/v1/cash-flags", params={"cursor": page["next_cursor"]})).json()
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (3, 1, None)
    other = (await profile.client(someone(brand_id="ombre")).get("/v1/cash-flags")).json()
    assert other["items"] == []


@pytest.mark.parametrize(
    ("payments", "currency", "minor"),
    [
        ([("cash", 5), ("cash", 7)], "CNY", 12),
        ([("cash", 5), ("cash", -7)], "CNY", 5),
        ([("card", 5)], "CNY", 0),
        ([("cash", 5)], "HKD", 0),
        ([], "CNY", 0),
    ],
)
def test_cash_is_what_was_taken_in(payments: list[tuple[str, int]], currency: str, minor: int) -> None:
    told = [{"method": method, "amount_minor": amount} for method, amount in payments]
    assert cash_in(told, currency) == minor


def test_the_limit_itself_is_flagged_and_a_day_is_one_of_china() -> None:
    assert (is_flagged(10_000_000), is_flagged(9_999_999)) == (True, False)
    assert day_of(datetime(2026, 2, 28, 16, tzinfo=UTC)) == date(2026, 3, 1)
    begins, ends = bounds(date(2026, 3, 1))
    assert (day_of(begins), day_of(ends)) == (date(2026, 3, 1), date(2026, 3, 2))
