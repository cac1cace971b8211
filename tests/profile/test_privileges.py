"""Privileges: gifts that never run below none, lists for limited editions, and who is entitled to a greeting."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from infra.identity import Role
from services.profile.loyalty.rules import privileges as rules
from services.profile.loyalty.rules.privileges import Candidate, Granted, GrantSettled, OrderRule
from services.profile.segments.rules import Segment
from tests.asking import Clock, once, problem
from tests.conftest import Start
from tests.profile.relationship import as_role, owned, registered, restricted
from tests.profile.test_merging import merged
from tests.running import Running

NOW = datetime(2026, 6, 1, 4, tzinfo=UTC)
DEADLINE = NOW + timedelta(days=3)


@pytest.fixture
async def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def profile(running: Start, clock: Clock) -> Running:
    return await running("profile", clock=clock)


async def made(profile: Running, **form: Any) -> str:
    answer = await as_role(profile).post("/v1/privileges", json={"name": "月下", **form}, headers=once())
    assert answer.status_code == httpx.codes.CREATED, answer.text
    privilege_id: str = answer.json()["privilege_id"]
    return privilege_id


async def grant(profile: Running, privilege_id: str, client_id: UUID) -> httpx.Response:
    at = f"/v1/privileges/{privilege_id}/grants"
    return await as_role(profile).post(at, json={"client_id": str(client_id)}, headers=once())


async def counts(profile: Running, privilege_id: str) -> tuple[int, int, int, int | None]:
    body = (await as_role(profile).get(f"/v1/privileges/{privilege_id}")).json()
    return body["listed"], body["granted"], body["handed_over"], body["left"]


@pytest.mark.parametrize(("before", "after"), list(product(Granted, Granted)))
def test_every_step_that_is_not_drawn_is_refused(before: Granted, after: Granted) -> None:
    if (before, after) in rules.NEXT:
        rules.check_step(before, after)
    else:
        with pytest.raises(GrantSettled):
            rules.check_step(before, after)


@pytest.mark.parametrize(
    ("rule", "order"),
    [(OrderRule.FIRST_COME, [1, 2, 3, 4]), (OrderRule.SEGMENT, [2, 3, 1, 4]), (OrderRule.POINTS, [3, 1, 2, 4])],
)
def test_a_list_goes_by_its_rule_and_then_by_who_came_first(rule: OrderRule, order: list[int]) -> None:
    people = [uuid4() for _ in range(4)]
    listed = [Candidate(uuid4(), client_id, number) for number, client_id in enumerate(people, start=1)]
    segments = dict(zip(people, [Segment.CORE, Segment.VIC, Segment.VIC, None], strict=True))
    points = {people[0]: 10, people[1]: 0, people[2]: 90}
    assert [one.number for one in rules.in_order(reversed(listed), rule, segments=segments, points=points)] == order


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "gift"},
        {"kind": "gift", "quantity": 1, "order_rule": "points"},
        {"kind": "greeting", "quantity": 1},
        {"kind": "priority-list", "quantity": 1, "order_rule": "points"},
        {"kind": "priority-list", "quantity": 1, "deadline_at": "2026-07-01T00:00:00Z"},
    ],
)
async def test_a_kind_has_what_it_needs_and_nothing_else(profile: Running, form: dict[str, Any]) -> None:
    answer = await as_role(profile).post("/v1/privileges", json={"name": "月下", **form}, headers=once())
    assert problem(answer) == "privilege-unclear"
    assert await profile.rows("select from privilege") == []


async def test_gifts_are_granted_while_there_are_any_however_many_ask(profile: Running) -> None:
    gift = await made(profile, kind="gift", quantity=5)
    people = [await registered(profile) for _ in range(20)]
    answers = await asyncio.gather(*(grant(profile, gift, one) for one in people))
    won = [answer.json() for answer in answers if answer.status_code == httpx.codes.CREATED]
    assert {problem(one) for one in answers if one.status_code != httpx.codes.CREATED} == {"privilege-exhausted"}
    assert (len(won), await counts(profile, gift)) == (5, (0, 5, 0, 0))
    at = f"/v1/privileges/{gift}/grants"
    assert (await as_role(profile).post(f"{at}/{won[0]['grant_id']}/hand-over")).json()["status"] == "handed-over"
    assert problem(await as_role(profile).delete(f"{at}/{won[0]['grant_id']}")) == "privilege-grant-settled"
    assert (await as_role(profile).delete(f"{at}/{won[1]['grant_id']}")).status_code == httpx.codes.NO_CONTENT
    assert await counts(profile, gift) == (0, 4, 1, 1)
    assert problem(await grant(profile, gift, UUID(won[0]["client_id"]))) == "privilege-held"
    assert (await grant(profile, gift, UUID(won[1]["client_id"]))).status_code == httpx.codes.CREATED
    lowered = await as_role(profile).patch(f"/v1/privileges/{gift}", json={"quantity": 4}, headers={"If-Match": "*"})
    assert (problem(lowered), lowered.json()["granted"]) == ("privilege-quantity-below-granted", 5)
    facts = [fact["data"] for fact in await profile.facts("profile.privilege-granted.v1")]
    assert (len(facts), {fact["kind"] for fact in facts}) == (6, {"gift"})


async def test_a_limited_edition_goes_to_its_list_in_its_order_after_the_deadline(
    profile: Running, clock: Clock
) -> None:
    edition = await made(
        profile,
        kind="priority-list",
        quantity=2,
        order_rule="points",
        deadline_at=DEADLINE.isoformat(),
        piece_code="MOON-1",
    )
    people = [await registered(profile) for _ in range(4)]
    for one, amount in zip(people, (10, 30, 20, 5), strict=True):
        form = {"kind": "adjust", "points": amount, "reason": "r"}
        await as_role(profile).post(f"/v1/clients/{one}/points", json=form, headers=once())
        assert (await grant(profile, edition, one)).json()["status"] == "listed"
    allot = f"/v1/privileges/{edition}/allot"
    assert problem(await as_role(profile).post(allot)) == "privilege-deadline-ahead"
    clock.now = DEADLINE
    assert problem(await grant(profile, edition, await registered(profile))) == "privilege-closed"
    for _ in range(2):
        assert (await as_role(profile).post(allot)).is_success
    granted = [fact["data"]["client_id"] for fact in await profile.facts("profile.privilege-granted.v1")]
    assert granted == [str(people[1]), str(people[2])]
    listed = (await as_role(profile).get(f"/v1/privileges/{edition}/grants")).json()["items"]
    assert [one["status"] for one in listed] == ["listed", "granted", "granted", "listed"]
    # One is withdrawn: the next of the list gets it.
    at = f"/v1/privileges/{edition}/grants/{listed[1]['grant_id']}"
    assert (await as_role(profile).delete(at)).is_success
    assert (await as_role(profile).post(allot)).json()["left"] == 0
    assert (await profile.facts("profile.privilege-granted.v1"))[-1]["data"]["client_id"] == str(people[0])


async def test_who_is_on_a_list_twice_gets_one_piece_and_who_is_restricted_is_not_shown(
    profile: Running, clock: Clock
) -> None:
    edition = await made(
        profile, kind="priority-list", quantity=2, order_rule="first-come", deadline_at=DEADLINE.isoformat()
    )
    her, again, twice, other = [await registered(profile) for _ in range(4)]
    for one in (her, again, twice, other):
        await grant(profile, edition, one)
    await merged(profile, str(her), str(again))
    clock.now = DEADLINE
    at = f"/v1/privileges/{edition}"
    assert (await as_role(profile).post(f"{at}/allot")).json()["left"] == 0
    granted = [fact["data"]["client_id"] for fact in await profile.facts("profile.privilege-granted.v1")]
    assert granted == [str(her), str(twice)]
    # Nor does a further piece go to who has one.
    form = {"quantity": 3, "deadline_at": DEADLINE.isoformat()}
    assert (await as_role(profile).patch(at, json=form, headers={"If-Match": "*"})).is_success
    assert (await as_role(profile).post(f"{at}/allot")).json()["left"] == 0
    assert (await profile.facts("profile.privilege-granted.v1"))[-1]["data"]["client_id"] == str(other)
    await restricted(profile, her)
    shown = {one["client_id"] for one in (await as_role(profile).get(f"{at}/grants")).json()["items"]}
    assert shown == {str(twice), str(other)}


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
async def test_a_deadline_outside_of_the_calendar_is_refused(profile: Running, moment: str) -> None:
    form = {"kind": "gift", "name": "月下", "quantity": 1, "deadline_at": moment}
    answer = await as_role(profile).post("/v1/privileges", json=form, headers=once())
    assert problem(answer) == "malformed"


async def test_somebody_of_a_boutique_sees_only_the_grants_of_her_own_clients(profile: Running) -> None:
    greeting = await made(profile, kind="greeting")
    her, other = await registered(profile), await registered(profile)
    advisor_id, boutique_id = await owned(profile, her)
    for one in (her, other):
        assert (await grant(profile, greeting, one)).status_code == httpx.codes.CREATED
    hers = as_role(profile, Role.ADVISOR, advisor_id=advisor_id, boutique_ids=frozenset({boutique_id}))
    listed = (await hers.get(f"/v1/privileges/{greeting}/grants")).json()["items"]
    assert [one["client_id"] for one in listed] == [str(her)]
    at = f"/v1/privileges/{greeting}/grants"
    refused = await hers.post(at, json={"client_id": str(other)}, headers=once())
    assert refused.status_code == httpx.codes.NOT_FOUND
