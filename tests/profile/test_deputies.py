"""Who stands in for an advisor, what is planned with a client, and what a book can bear."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from infra.identity import Role
from tests.asking import once, problem
from tests.conftest import Start
from tests.profile.handing import Team, team
from tests.profile.relationship import as_role, registered


@pytest.fixture
async def house(running: Start) -> Team:
    return await team(running)


async def sees(house: Team, advisor_id: UUID, client_id: UUID) -> bool:
    # At another boutique than hers, so that nothing else opens her.
    by = as_role(house.profile, Role.ADVISOR, advisor_id=advisor_id, subject=str(advisor_id))
    return (await by.get(f"/v1/clients/{client_id}")).status_code == 200


async def book(house: Team, advisor_id: UUID) -> list[dict[str, Any]]:
    answer = await house.by(advisor_id).get(f"/v1/advisors/{advisor_id}/book")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_a_clients_deputy_sees_what_her_owner_sees_as_long_as_it_lasts(house: Team) -> None:
    owner, deputy = await house.advisor(), await house.advisor()
    her, other = await house.clients(owner, 2)
    until_at = house.clock.now + timedelta(days=3)
    form = {"advisor_id": str(deputy), "until_at": until_at.isoformat()}
    assert not await sees(house, deputy, her)
    answer = await house.by(owner).put(f"/v1/clients/{her}/deputy", json=form)
    assert answer.status_code == 200, answer.text
    assert (await sees(house, deputy, her), await sees(house, deputy, other)) == (True, False)
    assert [(one["client_id"], one["is_deputy"]) for one in await book(house, deputy)] == [(str(her), True)]
    # A deputy serves her, and names no deputy of her own.
    again = await house.by(deputy).put(f"/v1/clients/{her}/deputy", json={"advisor_id": str(owner)})
    assert again.status_code == 404
    house.clock.advance(days=3)
    assert not await sees(house, deputy, her)
    assert await book(house, deputy) == []


async def test_a_deputys_lists_hold_whom_she_stands_in_for_as_long_as_it_lasts(house: Team) -> None:
    owner, away, deputy = [await house.advisor() for _ in range(3)]
    [her, not_hers], [of_book] = await house.clients(owner, 2), await house.clients(away, 1)
    until_at = (house.clock.now + timedelta(days=3)).isoformat()
    form = {"advisor_id": str(deputy), "until_at": until_at}
    assert (await house.by(owner).put(f"/v1/clients/{her}/deputy", json=form)).is_success
    assert (await house.manager().put(f"/v1/advisors/{away}/deputy", json=form)).is_success
    asked = {"name": "L", "criteria": {"languages": ["zh"]}}
    made = await house.by(deputy).post("/v1/lists", json=asked, headers=once())
    assert made.status_code == 201, made.text
    at = f"/v1/lists/{made.json()['list_id']}"

    async def members() -> set[str]:
        items = (await house.by(deputy).get(f"{at}/members")).json()["items"]
        return {one["client_id"] for one in items}

    assert await members() == {str(her), str(of_book)}
    assert str(not_hers) not in await members()
    frozen = await house.by(deputy).patch(at, json={"is_frozen": True}, headers={"If-Match": "*"})
    assert frozen.is_success, frozen.text
    house.clock.advance(days=3)
    assert await members() == set()


async def test_a_whole_book_is_looked_after_while_its_owner_is_away(house: Team) -> None:
    owner, deputy = await house.advisor(), await house.advisor()
    clients = await house.clients(owner, 2)
    begins, ends = house.clock.now + timedelta(days=1), house.clock.now + timedelta(days=8)
    form = {"advisor_id": str(deputy), "from_at": begins.isoformat(), "until_at": ends.isoformat()}
    path = f"/v1/advisors/{owner}/deputy"
    answer = await house.manager().put(path, json=form)
    assert answer.status_code == 200, answer.text
    assert not await sees(house, deputy, clients[0])
    house.clock.advance(days=2)
    assert [await sees(house, deputy, one) for one in clients] == [True, True]
    assert {one["client_id"] for one in await book(house, deputy)} == {str(one) for one in clients}
    # Whoever joins the book meanwhile is looked after too.
    [late] = await house.clients(owner, 1)
    assert await sees(house, deputy, late)
    assert (await house.by(owner).get(path)).json()["advisor_id"] == str(deputy)
    assert (await house.manager().delete(path)).status_code == 204
    assert not await sees(house, deputy, late)


async def test_nobody_stands_in_for_herself_away_gone_or_too_late(house: Team) -> None:
    owner, away, gone = await house.advisor(), await house.advisor(absent_from_on="2026-08-01"), await house.advisor()
    await house.leave(gone)
    [her] = await house.clients(owner, 1)

    async def said(**form: Any) -> str:
        answer: httpx.Response = await house.by(owner).put(f"/v1/clients/{her}/deputy", json=form)
        return problem(answer)

    assert await said(advisor_id=str(owner)) == "handover-to-oneself"
    assert await said(advisor_id=str(away)) == "advisor-away"
    assert await said(advisor_id=str(gone)) == "advisor-gone"
    assert await said(advisor_id=str(uuid4())) == "advisor-not-there"
    colleague = str(await house.advisor())
    assert await said(advisor_id=colleague, until_at="2026-08-01T00:00:00Z") == "deputy-over"
    free = await registered(house.profile)
    answer = await as_role(house.profile).put(f"/v1/clients/{free}/deputy", json={"advisor_id": colleague})
    assert problem(answer) == "nobodys-client"


async def test_a_plan_is_kept_sealed_and_says_when_she_is_spoken_to_next(house: Team) -> None:
    owner = await house.advisor()
    [her] = await house.clients(owner, 1)
    path = f"/v1/clients/{her}/plan"
    empty = await house.by(owner).get(path)
    assert (empty.headers["ETag"], empty.json()["stage"]) == ('"0"', None)
    form = {"stage": "developing", "next_step": "邀她看高级珠宝", "every_weeks": 4}
    written = await house.by(owner).put(path, json=form, headers={"If-Match": '"0"'})
    assert (written.json()["next_contact_on"], written.headers["ETag"]) == ("2026-09-29", '"1"')
    assert written.json() | form == written.json()
    [row] = await house.profile.rows("select next_step from client_plan")
    assert "珠宝".encode() not in bytes(row["next_step"])
    stale = await house.by(owner).put(path, json={}, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    # With a development path she counts.
    counted = (await house.by(owner).get(f"/v1/advisors/{owner}/book")).json()["load"]["counted"]
    assert counted == 1
    for wrong in ({"stage": "vip"}, {"every_weeks": 0}, {"next_contact_on": "2026-10-01"}):
        assert (await house.by(owner).put(path, json=wrong, headers={"If-Match": "*"})).status_code == 422


async def test_limits_are_set_by_headquarters_and_stand_in_order(house: Team) -> None:
    headquarters = as_role(house.profile)
    assert (await house.manager().get("/v1/book-policy")).json() == {
        "soft": 30, "hard": 50, "counted": ["core", "development", "vic"], "first_contact_days": 3, "version": 0,
    }  # fmt: skip
    wrong = await headquarters.put("/v1/book-policy", json={"soft": 9, "hard": 8}, headers={"If-Match": '"0"'})
    assert problem(wrong) == "book-limits-out-of-order"
    assert (await house.manager().put("/v1/book-policy", json={}, headers={"If-Match": "*"})).status_code == 403
    right = await headquarters.put("/v1/book-policy", json={"soft": 9, "hard": 9}, headers={"If-Match": '"0"'})
    assert (right.json()["hard"], right.headers["ETag"]) == (9, '"1"')
