"""Cards of a limited number: never one too many, and what becomes free is offered to whoever waits first."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from infra.identity import Role
from services.profile.loyalty.actions import tending
from services.profile.loyalty.rules.cards import CapBelowIssued, Lacking, Places, Requirement, TierFull
from services.profile.segments.rules import Segment
from tests.asking import BRAND, Clock, once, problem, until
from tests.conftest import Start
from tests.profile.relationship import as_role, bought, consented, registered, restricted
from tests.profile.test_merging import merged
from tests.running import Running

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
RIVALS, LEFT, ROUNDS = 100, 10, 2  # `make bench` does 50 rounds, with processes of their own


@pytest.fixture
async def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def profile(running: Start, clock: Clock) -> Running:
    return await running("profile", clock=clock)


async def tier(profile: Running, name: str = "Gold", cap: int = 2, **more: Any) -> str:
    form = {"name": name, "rank": 1, "cap": cap, **more}
    made = await as_role(profile).post("/v1/cards/tiers", json=form, headers=once())
    assert made.status_code == httpx.codes.CREATED, made.text
    tier_id: str = made.json()["tier_id"]
    return tier_id


async def issue(profile: Running, tier_id: str, client_id: UUID) -> httpx.Response:
    form = {"client_id": str(client_id), "tier_id": tier_id}
    return await as_role(profile).post("/v1/cards", json=form, headers=once())


async def wait(profile: Running, tier_id: str, client_id: UUID) -> dict[str, Any]:
    at = f"/v1/cards/tiers/{tier_id}/waiting"
    joined = await as_role(profile).post(at, json={"client_id": str(client_id)}, headers=once())
    assert joined.is_success, joined.text
    body: dict[str, Any] = joined.json()
    return body


async def seen(profile: Running, tier_id: str) -> tuple[int, int, int, int]:
    """A tier's cards: out, offered, free; and how many wait."""
    body = (await as_role(profile).get(f"/v1/cards/tiers/{tier_id}")).json()
    return body["issued"], body["offered"], body["free"], body["waiting"]


async def offers(profile: Running) -> list[str]:
    return [fact["data"]["client_id"] for fact in await profile.facts("profile.card-offered.v1")]


def test_places_are_taken_by_cards_and_by_offers() -> None:
    places = Places(cap=3, issued=1, offered=2)
    with pytest.raises(TierFull):
        places.check(is_offered=False, waiting=4)
    places.check(is_offered=True, waiting=4)
    with pytest.raises(CapBelowIssued):
        places.check_cap(2)
    places.check_cap(3)


@pytest.mark.parametrize(
    ("segment", "points", "lacking"),
    [
        (Segment.VIC, 500, []),
        (Segment.CORE, 499, [Lacking.POINTS]),
        (Segment.NEWCOMER, 500, [Lacking.SEGMENT]),
        (None, 0, [Lacking.SEGMENT, Lacking.POINTS]),
    ],
)
def test_a_tier_says_what_somebody_lacks(segment: Segment | None, points: int, lacking: list[Lacking]) -> None:
    assert Requirement(frozenset({Segment.VIC, Segment.CORE}), 500).lacking(segment, points) == lacking
    assert Requirement().lacking(segment, points) == []


async def test_a_card_that_comes_back_is_offered_to_one_who_waits_and_then_to_the_next(
    profile: Running, clock: Clock
) -> None:
    gold = await tier(profile, cap=1, offer_days=7)
    holder, first, second, late = [await registered(profile) for _ in range(4)]
    card = await issue(profile, gold, holder)
    assert card.status_code == httpx.codes.CREATED
    assert problem(await issue(profile, gold, holder)) == "card-held"
    assert [(await wait(profile, gold, one))["before"] for one in (first, second, first)] == [0, 1, 0]
    full = await issue(profile, gold, late)
    assert (problem(full), full.json()["waiting"]) == ("card-tier-full", 2)
    for expected in (httpx.codes.NO_CONTENT, httpx.codes.CONFLICT):
        assert (await as_role(profile).delete(f"/v1/cards/{card.json()['card_id']}")).status_code == expected
    assert (await offers(profile), await seen(profile, gold)) == ([str(first)], (0, 1, 0, 1))
    # The place is hers while the offer stands, whoever else asks.
    assert problem(await issue(profile, gold, late)) == "card-tier-full"
    clock.advance(days=8)
    await tending.tend_all(profile.kit.database, now=clock())
    assert await offers(profile) == [str(first), str(second)]
    assert problem(await issue(profile, gold, first)) == "card-tier-full"
    assert (await issue(profile, gold, second)).status_code == httpx.codes.CREATED
    assert await seen(profile, gold) == (1, 0, 0, 0)


async def test_who_leaves_the_list_passes_her_offer_on_and_a_higher_cap_offers_as_many(profile: Running) -> None:
    gold = await tier(profile, cap=0)
    people = [await registered(profile) for _ in range(4)]
    for one in people:
        await wait(profile, gold, one)
    changed = {"name": "Gold", "rank": 1, "cap": 2}
    answer = await as_role(profile).put(f"/v1/cards/tiers/{gold}", json=changed, headers={"If-Match": '"1"'})
    assert answer.is_success, answer.text
    assert await offers(profile) == [str(one) for one in people[:2]]
    left = await as_role(profile).delete(f"/v1/cards/tiers/{gold}/waiting/{people[0]}")
    assert left.status_code == httpx.codes.NO_CONTENT
    assert await offers(profile) == [str(one) for one in people[:3]]
    lowered = await as_role(profile).put(
        f"/v1/cards/tiers/{gold}", json=changed | {"cap": 1}, headers={"If-Match": "*"}
    )
    assert (problem(lowered), lowered.json()["taken"]) == ("card-cap-below-issued", 2)
    listed = (await as_role(profile).get(f"/v1/cards/tiers/{gold}/waiting", params={"limit": 2})).json()
    assert [(one["client_id"], one["status"]) for one in listed["items"]] == [
        (str(people[1]), "offered"),
        (str(people[2]), "offered"),
    ]
    more = {"limit": 2, "cursor": listed["next_cursor"]}
    rest = (await as_role(profile).get(f"/v1/cards/tiers/{gold}/waiting", params=more)).json()
    assert [(one["client_id"], one["before"]) for one in rest["items"]] == [(str(people[3]), 0)]


async def test_a_card_expires_on_its_day(profile: Running, clock: Clock) -> None:
    gold = await tier(profile, cap=1, valid_months=1)
    her = await registered(profile)
    assert (await issue(profile, gold, her)).json()["expires_on"] == date(2026, 7, 1).isoformat()
    for day, out in ((30, 1), (1, 0)):
        clock.advance(days=day - (0 if day == 1 else 1))
        await tending.tend_all(profile.kit.database, now=clock())
        assert (await seen(profile, gold))[0] == out
    [ended] = [fact["data"] for fact in await profile.facts("profile.card-returned.v1")]
    assert (ended["client_id"], ended["ended_as"]) == (str(her), "expired")


async def test_cards_that_issue_themselves_go_to_whoever_meets_the_tier_once(running: Start) -> None:
    profile = await running("profile")
    people = [await registered(profile, till_number=f"T-{number}") for number in range(3)]
    await consented(profile, people[2], "personalisation", granted=False)
    for number in range(3):
        await bought(profile, f"T-{number}", 60_000_00 if number else 10_00)
    refused = await as_role(profile).post(
        "/v1/cards/tiers", json={"name": "Own", "rank": 1, "cap": 1, "is_automatic": True}, headers=once()
    )
    assert problem(refused) == "card-tier-requires-nothing"
    black = await tier(profile, name="Black", cap=5, segments=["vic"], is_automatic=True)

    async def issued() -> list[str]:
        await tending.tend_all(profile.kit.database, now=datetime.now(UTC))
        return [fact["data"]["client_id"] for fact in await profile.facts("profile.card-issued.v1")]

    async def some() -> bool:
        return bool(await issued())

    await until(some)
    assert await issued() == [str(people[1])]
    [row] = await profile.rows("select card_id from card")
    assert (await as_role(profile).delete(f"/v1/cards/{row['card_id']}")).is_success
    assert len(await issued()) == 1
    assert (await seen(profile, black))[0] == 0
    hers = (await as_role(profile).get(f"/v1/clients/{people[0]}/loyalty")).json()
    assert [(one["tier"], one["lacking"], one["free"]) for one in hers["tiers"]] == [("Black", ["segment"], 5)]


async def test_cards_that_issue_themselves_are_issued_a_few_at_once(profile: Running) -> None:
    people = [await registered(profile) for _ in range(3)]
    for one in people:
        form = {"kind": "adjust", "points": 10, "reason": "r"}
        assert (await as_role(profile).post(f"/v1/clients/{one}/points", json=form, headers=once())).is_success
    many = await tier(profile, cap=5, points_at_least=10, is_automatic=True)
    for is_more, out in ((True, 2), (False, 3)):
        async with profile.kit.database.transaction(BRAND) as tx:
            assert await tending.tend(tx, UUID(many), now=NOW, at_once=2) is is_more
        assert (await seen(profile, many))[0] == out


async def test_nothing_is_offered_to_who_turned_out_to_have_a_card_and_the_restricted_are_not_shown(
    profile: Running,
) -> None:
    gold = await tier(profile, cap=2)
    her, again, third, other = [await registered(profile) for _ in range(4)]
    await issue(profile, gold, her)
    card = await issue(profile, gold, other)
    for one in (again, third):
        await wait(profile, gold, one)
    await merged(profile, str(her), str(again))
    assert (await as_role(profile).delete(f"/v1/cards/{card.json()['card_id']}")).is_success
    assert await offers(profile) == [str(third)]
    at = f"/v1/cards/tiers/{gold}/waiting"
    assert len((await as_role(profile).get(at)).json()["items"]) == 2
    await restricted(profile, her)
    assert [one["client_id"] for one in (await as_role(profile).get(at)).json()["items"]] == [str(third)]


async def test_who_waits_and_may_not_be_offered_a_card_keeps_it_from_nobody(profile: Running) -> None:
    gold = await tier(profile, cap=0, points_at_least=10, is_automatic=True)
    shut, her = await registered(profile), await registered(profile)
    await wait(profile, gold, shut)
    await restricted(profile, shut)
    form = {"kind": "adjust", "points": 10, "reason": "r"}
    assert (await as_role(profile).post(f"/v1/clients/{her}/points", json=form, headers=once())).is_success
    at = f"/v1/cards/tiers/{gold}"
    found = await as_role(profile).get(at)
    changed = {name: found.json()[name] for name in ("name", "rank", "offer_days", "is_automatic", "segments")}
    changed |= {"cap": 2, "points_at_least": 10, "valid_months": None}
    assert (await as_role(profile).put(at, json=changed, headers={"If-Match": "*"})).is_success
    await tending.tend_all(profile.kit.database, now=NOW)
    assert (await seen(profile, gold)) == (1, 0, 1, 1)
    assert [fact["data"]["client_id"] for fact in await profile.facts("profile.card-issued.v1")] == [str(her)]


async def test_an_erased_client_leaves_her_place(profile: Running, clock: Clock) -> None:
    gold = await tier(profile, cap=1)
    her, other = await registered(profile), await registered(profile)
    await issue(profile, gold, her)
    await wait(profile, gold, other)
    officer = as_role(profile, Role.PRIVACY)
    asked = await officer.post(f"/v1/clients/{her}/data-requests", json={"kind": "erase"}, headers=once())
    for step in ("verify", "start"):
        done = await officer.post(
            f"/v1/data-requests/{asked.json()['request_id']}/{step}", headers={"If-Match": "*", **once()}
        )
        assert done.is_success, done.text
    await tending.tend_all(profile.kit.database, now=clock())
    assert await offers(profile) == [str(other)]


async def test_a_hundred_rivals_for_the_last_ten_cards_get_ten(running: Start) -> None:
    profile = await running("profile", database_pool=20)
    rivals = [await registered(profile) for _ in range(RIVALS)]
    for turn in range(ROUNDS):
        gold = await tier(profile, name=f"Gold {turn}", cap=LEFT)
        answers = await asyncio.gather(*(issue(profile, gold, one) for one in rivals))
        won = [answer for answer in answers if answer.status_code == httpx.codes.CREATED]
        assert {problem(answer) for answer in answers if answer not in won} == {"card-tier-full"}
        assert len(won) == LEFT
        assert await seen(profile, gold) == (LEFT, 0, 0, 0)
    facts = await profile.facts("profile.card-issued.v1")
    assert len(facts) == LEFT * ROUNDS


async def test_one_card_for_many_who_ask_for_the_same_client(profile: Running) -> None:
    gold = await tier(profile, cap=5)
    her = await registered(profile)
    answers = await asyncio.gather(*(issue(profile, gold, her) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
