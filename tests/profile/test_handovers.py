"""Books that change hands, over HTTP: planned, looked at, started for all at once, undone as they were."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from infra.identity import Role
from tests.asking import once, problem, until
from tests.conftest import Start
from tests.profile.handing import Team, team
from tests.profile.relationship import as_role, as_service, bought, registered
from tests.running import Running


@pytest.fixture
async def house(running: Start) -> Team:
    return await team(running)


async def counts(house: Team, *segments: str, **limits: int) -> None:
    """Have these segments count, within these limits."""
    form = {"counted": segments, **limits}
    answer = await as_role(house.profile).put("/v1/book-policy", json=form, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def core(house: Team, *clients: UUID) -> None:
    """They are core clients, by whatever they bought."""
    row = "insert into client_segment (brand_id, client_id, segment) select 'lumiere', unnest($1::uuid[]), 'core'"
    await house.profile.rows(row, list(clients))


async def kinds(house: Team, kind: str) -> list[dict[str, Any]]:
    return [fact["data"] for fact in await house.profile.facts(f"profile.{kind}.v1")]


async def test_a_dry_run_says_who_goes_where_and_keeps_nothing(house: Team) -> None:
    giver, taker = await house.advisor(), await house.advisor()
    clients = await house.clients(giver, 3)
    before = await house.owners(version=True)
    seen = (await house.ask_plan(giver, dry_run=True)).json()
    assert (seen["handover_id"], seen["clients"], seen["unplaced"], seen["has_wecom"]) == (None, 3, 0, False)
    assert {one["client_id"] for one in seen["preview"]} == {str(one) for one in clients}
    assert {one["advisor_id"] for one in seen["preview"]} == {str(taker)}
    assert seen["preview"][0]["reasons"] == ["same-store", "speaks-her-language"]
    assert await house.owners(version=True) == before
    assert (await house.manager().get("/v1/handovers")).json()["items"] == []


async def test_whom_she_was_given_since_the_plan_goes_along_by_its_rule(house: Team) -> None:
    giver, bo, elsewhere = await house.advisor(), await house.advisor(), uuid4()
    first = await house.clients(giver, 1)
    handover_id = await house.planned(giver, bo)
    late = await house.clients(giver, 2)
    # Of another boutique than the plan's: that is for who leads it.
    foreign = await registered(house.profile)
    await house.profile.rows(
        "insert into client_owner (brand_id, client_id, advisor_id, boutique_id, assigned_at)"
        " values ('lumiere', $1, $2, $3, now()) returning 1",
        foreign, giver, elsewhere,
    )  # fmt: skip
    before = await house.owners()
    assert (await house.step(handover_id, "start"))["states"] == {"moved": 3}
    entries = await house.entries(handover_id)
    assert {one["advisor_id"] for one in entries.values()} == {str(bo)}
    assert set(entries) == {str(one) for one in (*first, *late)}
    assert (await house.step(handover_id, "undo"))["states"] == {"back": 3}
    assert await house.owners() == before


async def test_nobody_who_came_since_the_plan_stays_behind_without_a_word(house: Team) -> None:
    await counts(house, "core", soft=1, hard=1)
    giver, bo, cai = await house.advisor(), await house.advisor(), await house.advisor()
    core_clients = await house.clients(giver, 1)
    await core(house, *core_clients)
    handover_id = await house.planned(giver, bo)
    [late] = await house.clients(giver, 1)
    await core(house, late)
    refused = await house.manager().post(f"/v1/handovers/{handover_id}/start")
    assert (refused.status_code, problem(refused)) == (409, "clients-unplaced")
    placed = await house.manager().put(f"/v1/handovers/{handover_id}/clients/{late}", json={"advisor_id": str(cai)})
    assert placed.status_code == 200, placed.text
    assert (await house.step(handover_id, "start"))["states"] == {"moved": 2}


async def test_a_start_moves_all_of_them_at_once_and_an_undo_brings_them_back_byte_for_byte(house: Team) -> None:
    giver, bo, cai = await house.advisor(), await house.advisor(), await house.advisor()
    clients = await house.clients(giver, 5)
    others = await house.clients(bo, 1)
    before = await house.owners()
    handover_id = await house.planned(giver)
    assert await house.owners() == before
    started = await house.step(handover_id, "start")
    assert (started["status"], started["states"], started["first_contact_due_on"]) == (
        "started", {"moved": 5}, "2026-09-04",
    )  # fmt: skip
    rows = await house.profile.rows("select advisor_id from client_owner where client_id = any($1)", clients)
    assert {row["advisor_id"] for row in rows} == {bo, cai}
    # Bo had one already: the load is even.
    assert sum(row["advisor_id"] == cai for row in rows) == 3
    assert (await house.by(giver).get(f"/v1/clients/{clients[0]}/plan")).status_code == 404
    told = await kinds(house, "client-handed-over")
    assert {UUID(one["client_id"]) for one in told} == set(clients)
    assert {one["from_advisor_id"] for one in told} == {str(giver)}
    assert (await kinds(house, "handover-started"))[0]["clients"] == 5
    undone = await house.step(handover_id, "undo")
    assert (undone["status"], undone["states"]) == ("undone", {"back": 5})
    assert await house.owners() == before
    # A tag never stands for two states: the version has counted both.
    versions = {row["client_id"]: row["version"] for row in await house.profile.rows("select * from client_owner")}
    assert {versions[one] for one in clients} == {3}
    assert versions[others[0]] == 1
    assert {UUID(one["client_id"]) for one in await kinds(house, "client-handed-back")} == set(clients)
    assert len(await kinds(house, "handover-undone")) == 1
    again = await house.manager().post(f"/v1/handovers/{handover_id}/start")
    assert (problem(again), again.json()["handover_status"]) == ("handover-step-not-possible", "undone")
    # Nothing is open any more: a new plan may be made.
    assert await house.planned(giver)


async def test_whoever_was_given_away_since_is_left_where_she_is(house: Team) -> None:
    giver, taker, third = await house.advisor(), await house.advisor(), await house.advisor()
    early, late, stays = await house.clients(giver, 3)
    handover_id = await house.planned(giver, taker)

    async def give(client_id: UUID) -> None:
        form = {"advisor_id": str(third), "boutique_id": str(house.boutique_id)}
        path = f"/v1/clients/{client_id}/owner"
        assert (await as_role(house.profile).put(path, json=form, headers={"If-Match": "*"})).status_code == 200

    await give(early)
    await house.step(handover_id, "start")
    entries = await house.entries(handover_id)
    assert (entries[str(early)]["state"], entries[str(early)]["left_out_for"]) == ("left-out", "owner-changed")
    await give(late)
    await house.step(handover_id, "undo")
    rows = await house.profile.rows("select client_id, advisor_id from client_owner")
    assert {row["client_id"]: row["advisor_id"] for row in rows} == {early: third, late: third, stays: giver}
    assert {client: one["state"] for client, one in (await house.entries(handover_id)).items()} == {
        str(early): "left-out", str(late): "kept", str(stays): "back",
    }  # fmt: skip


async def test_of_two_who_start_or_plan_at_once_one_does(house: Team) -> None:
    giver, taker = await house.advisor(), await house.advisor()
    clients = await house.clients(giver, 2)
    plans = await asyncio.gather(*(house.ask_plan(giver, taker) for _ in range(6)))
    assert sorted(one.status_code for one in plans) == [201] + [409] * 5
    [made] = [one.json()["handover_id"] for one in plans if one.status_code == 201]
    assert {one.json()["handover_id"] for one in plans if one.status_code == 409} == {made}
    assert problem(next(one for one in plans if one.status_code == 409)) == "handover-open"
    starts = await asyncio.gather(*(house.manager().post(f"/v1/handovers/{made}/start") for _ in range(6)))
    assert sorted(one.status_code for one in starts) == [200] + [409] * 5
    assert len(await kinds(house, "client-handed-over")) == len(clients)


async def test_refusals_say_what_is_wrong_and_keep_nothing(house: Team) -> None:
    giver, away, gone = await house.advisor(), await house.advisor(absent_from_on="2026-08-30"), await house.advisor()
    elsewhere = await house.advisor(boutique_id=uuid4())
    await house.leave(gone)

    async def refused(*takers: UUID, **form: Any) -> str:
        return problem(await house.ask_plan(giver, *takers, **form))

    assert await refused() == "nobody-to-take-over"
    await house.advisor()
    assert await refused() == "nothing-to-hand-over"
    await house.clients(giver, 1)
    assert await refused(giver) == "handover-to-oneself"
    assert await refused(away) == "advisor-away"
    assert await refused(gone) == "advisor-gone"
    assert await refused(elsewhere) == "advisor-not-there"
    assert await refused(uuid4()) == "advisor-not-there"
    assert problem(await house.ask_plan(uuid4())) == "not-found"
    assert problem(await house.ask_plan(giver, rule={"boutique_ids": [str(uuid4())]})) == "not-found"
    assert (await house.ask_plan(giver, reason="whim")).status_code == 422
    assert await house.profile.rows("select from handover") == []


async def test_whoever_went_away_after_the_plan_takes_nobody(house: Team) -> None:
    giver, taker = await house.advisor(), await house.advisor()
    await house.clients(giver, 1)
    handover_id = await house.planned(giver, taker)
    await house.advisor(advisor_id=taker, absent_from_on="2026-09-01")
    refused = await house.manager().post(f"/v1/handovers/{handover_id}/start")
    assert (problem(refused), refused.json()["advisor_id"]) == ("advisor-away", str(taker))
    assert await kinds(house, "client-handed-over") == []


async def test_whoever_changed_boutique_after_the_plan_takes_nobody_at_the_old_one(house: Team) -> None:
    giver, taker = await house.advisor(), await house.advisor()
    await house.clients(giver, 1)
    handover_id = await house.planned(giver, taker)
    await house.advisor(advisor_id=taker, boutique_id=uuid4())
    assert problem(await house.manager().post(f"/v1/handovers/{handover_id}/start")) == "advisor-not-there"
    assert await kinds(house, "client-handed-over") == []


async def test_two_plans_do_not_fill_one_book_beyond_its_limit(house: Team) -> None:
    await counts(house, "core", soft=1, hard=2)
    one, two, taker = await house.advisor(), await house.advisor(), await house.advisor()
    for giver in (one, two):
        await core(house, *await house.clients(giver, 2))
    first, second = await house.planned(one, taker), await house.planned(two, taker)
    await house.step(first, "start")
    before = await house.owners(version=True)
    assert problem(await house.manager().post(f"/v1/handovers/{second}/start")) == "book-full"
    assert await house.owners(version=True) == before
    assert (await house.seen(second))["status"] == "planned"


async def test_whoever_is_merged_on_the_way_is_neither_lost_nor_kept(house: Team) -> None:
    giver, taker = await house.advisor(), await house.advisor()
    early, late = await house.clients(giver, 2)
    handover_id = await house.planned(giver, taker)

    async def merged(client_id: UUID) -> UUID:
        survivor = await registered(house.profile)
        form = {"other_client_id": str(client_id), "dry_run": False}
        answer = await as_role(house.profile).post(f"/v1/clients/{survivor}/merges", json=form, headers=once())
        assert answer.is_success, answer.text

        async def inherited() -> bool:
            return bool(await house.profile.rows("select from client_owner where client_id = $1", survivor))

        await until(inherited)
        return survivor

    async def owner(client_id: UUID) -> UUID:
        rows = await house.profile.rows("select advisor_id from client_owner where client_id = $1", client_id)
        return UUID(str(rows[0]["advisor_id"]))

    first = await merged(early)
    assert (await house.step(handover_id, "start"))["states"] == {"moved": 2}
    second = await merged(late)
    assert [await owner(one) for one in (first, second)] == [taker, taker]
    await house.step(handover_id, "undo")
    assert [await owner(one) for one in (first, second, late)] == [giver, giver, giver]


async def test_a_manager_hands_over_whom_her_boutique_has_also_after_the_advisor_moved_away(house: Team) -> None:
    giver, stays = await house.advisor(), await house.advisor()
    [her] = await house.clients(giver, 1)
    new_place = uuid4()
    await house.advisor(advisor_id=giver, boutique_id=new_place)
    await house.advisor(boutique_id=new_place)
    new_manager = as_role(house.profile, Role.MANAGER, boutique_ids=frozenset({new_place}))
    form = {"from_advisor_id": str(giver), "reason": "moved"}
    theirs = await new_manager.post("/v1/handovers", json=form, headers=once())
    assert problem(theirs) == "nothing-to-hand-over"
    handover_id = await house.planned(giver, reason="moved")
    assert {client: one["advisor_id"] for client, one in (await house.entries(handover_id)).items()} == {
        str(her): str(stays)
    }
    assert (await house.step(handover_id, "start"))["states"] == {"moved": 1}


async def test_a_plan_is_changed_by_hand_within_the_limit(house: Team) -> None:
    await counts(house, "core", soft=1, hard=2)
    giver, bo, cai = await house.advisor(), await house.advisor(), await house.advisor()
    # By a service: a book may be larger than its limit.
    clients = await house.clients(giver, 5)
    await core(house, *clients)
    handover_id = await house.planned(giver, bo, cai)
    seen = await house.seen(handover_id)
    assert seen["unplaced"] == 1
    refused = await house.manager().post(f"/v1/handovers/{handover_id}/start")
    assert (problem(refused), refused.json()["unplaced"]) == ("clients-unplaced", 1)
    [homeless] = [one for one in (await house.entries(handover_id)).values() if one["advisor_id"] is None]
    assert homeless["reasons"] == ["no-room"]
    path = f"/v1/handovers/{handover_id}/clients/{homeless['client_id']}"
    full = await house.manager().put(path, json={"advisor_id": str(bo)})
    assert problem(full) == "book-full"
    dan = await house.advisor()
    given = await house.manager().put(path, json={"advisor_id": str(dan)})
    assert (given.json()["advisor_id"], given.json()["reasons"]) == (str(dan), ["by-hand"])
    for wrong, said in ((giver, "handover-to-oneself"), (uuid4(), "advisor-not-there")):
        assert problem(await house.manager().put(path, json={"advisor_id": str(wrong)})) == said
    assert (await house.step(handover_id, "start"))["states"] == {"moved": len(clients)}
    assert problem(await house.manager().put(path, json={"advisor_id": str(bo)})) == "handover-step-not-possible"


async def test_a_full_book_takes_no_counted_client_from_a_person(house: Team) -> None:
    await counts(house, "core", soft=1, hard=1)
    advisor = await house.advisor()
    [hers], her = await house.clients(advisor, 1), await registered(house.profile)
    await core(house, hers, her)
    form = {"advisor_id": str(advisor), "boutique_id": str(house.boutique_id)}
    path, headers = f"/v1/clients/{her}/owner", {"If-Match": "*"}
    assert problem(await as_role(house.profile).put(path, json=form, headers=headers)) == "book-full"
    await counts(house, "vic")
    assert (await as_role(house.profile).put(path, json=form, headers=headers)).status_code == 200
    book = (await house.by(advisor).get(f"/v1/advisors/{advisor}/book")).json()
    assert book["load"] == {"clients": 2, "counted": 0, "soft": 30, "hard": 50}


async def test_whoever_counts_goes_to_who_has_fewest_of_them_and_what_she_buys_brings_them_together(
    house: Team,
) -> None:
    await counts(house, "core", "vic", "potential", "occasional")
    giver = await house.advisor()
    knows = await house.advisor(skills=["watches"])
    await house.advisor()
    [buyer] = await house.clients(giver, 1)
    till = f"T-{uuid4()}"
    identity = {"kind": "pos", "system": "till", "value": till}
    answer = await as_role(house.profile).post(f"/v1/clients/{buyer}/identities", json=identity)
    assert answer.is_success, answer.text
    await bought(house.profile, till, ago=timedelta(days=120))
    await house.profile.rows("update purchase_line set category = 'watches' returning 1")

    async def reckoned() -> bool:
        return bool(await house.profile.rows("select from client_segment where segment is not null"))

    await until(reckoned)
    handover_id = await house.planned(giver, rule={"advisor_ids": [], "match": ["category"]})
    [entry] = (await house.entries(handover_id)).values()
    assert (entry["advisor_id"], entry["is_counted"]) == (str(knows), True)
    assert entry["reasons"] == ["knows-what-she-buys", "least-load"]


async def test_drafts_are_written_from_what_she_knows_and_changed_by_a_person(house: Team) -> None:
    giver, taker, colleague = await house.advisor(), await house.advisor(), await house.advisor()
    [her] = await house.clients(giver, 1)
    handover_id = await house.planned(giver, taker)
    path = f"/v1/handovers/{handover_id}/clients/{her}/drafts"
    drafts = (await house.by(giver).get(path)).json()
    assert drafts["farewell"].startswith("Client ")
    assert "〔姓名〕" in drafts["introduction"]
    mine = await house.by(taker).put(f"{path}/introduction", json={"words": "我是陈静，今后由我为您服务。"})
    assert mine.json()["introduction"] == "我是陈静，今后由我为您服务。"
    assert (await house.by(giver).get(path)).json()["farewell"] == drafts["farewell"]
    [row] = await house.profile.rows("select introduction, farewell from handover_client")
    assert "陈静".encode() not in bytes(row["introduction"])
    assert row["farewell"] is None
    assert (await house.by(colleague).get(path)).status_code == 404
    assert (await house.by(taker).put(f"{path}/invitation", json={"words": "x"})).status_code == 422
    # What is known of her is the successor's to read only while she is to be one.
    await house.step(handover_id, "start")
    assert (await house.by(taker).get(path)).status_code == 200
    await house.step(handover_id, "undo")
    assert (await house.by(taker).get(path)).status_code == 404


async def test_it_is_complete_when_the_last_client_has_been_spoken_to(house: Team) -> None:
    giver, taker = await house.advisor(), await house.advisor()
    one, two = await house.clients(giver, 2)
    handover_id = await house.planned(giver, taker)
    await house.step(handover_id, "start")

    async def spoke(client_id: UUID) -> None:
        path = f"/v1/handovers/{handover_id}/clients/{client_id}/contacted"
        assert (await house.by(taker).post(path)).json()["contacted_at"] is not None

    await spoke(one)
    await spoke(one)
    assert (await house.seen(handover_id))["status"] == "started"
    await spoke(two)
    seen = await house.seen(handover_id)
    assert (seen["status"], seen["contacted"]) == ("completed", 2)
    assert len(await kinds(house, "handover-completed")) == 1
    assert problem(await house.manager().post(f"/v1/handovers/{handover_id}/undo")) == "handover-step-not-possible"


async def test_a_leavers_handover_is_planned_once_and_waits_for_a_person(house: Team) -> None:
    giver, taker = await house.advisor(), await house.advisor()
    [her] = await house.clients(giver, 1)
    await house.leave(giver)
    await house.leave(giver)
    [seen] = (await house.manager().get("/v1/handovers")).json()["items"]
    assert (seen["status"], seen["reason"], seen["clients"]) == ("planned", "left", 1)
    assert [one["advisor_id"] for one in seen["takers"]] == [str(taker)]
    rows = await house.profile.rows("select advisor_id from client_owner where client_id = $1", her)
    assert rows[0]["advisor_id"] == giver
    # Who has left is given nobody any more.
    form = {"advisor_id": str(giver), "boutique_id": str(house.boutique_id)}
    path = f"/v1/clients/{await registered(house.profile)}/owner"
    for caller in (as_role(house.profile), as_service(house.profile, "gateway")):
        given = await caller.put(path, json=form, headers={"If-Match": "*"})
        assert problem(given) == "advisor-not-there"


async def test_whose_data_is_not_to_be_used_is_in_no_plan(house: Team) -> None:
    giver, taker = await house.advisor(), await house.advisor()
    her, other = await house.clients(giver, 2)
    handover_id = await house.planned(giver, taker)
    await restricted(house.profile, her)
    assert set(await house.entries(handover_id)) == {str(other)}
    assert (await house.step(handover_id, "start"))["states"] == {"left-out": 1, "moved": 1}
    assert [one["client_id"] for one in await kinds(house, "client-handed-over")] == [str(other)]


async def restricted(profile: Running, client_id: UUID) -> None:
    """She has the use of her data restricted."""
    officer = as_role(profile, Role.PRIVACY)
    made = await officer.post(f"/v1/clients/{client_id}/data-requests", json={"kind": "restrict"}, headers=once())
    request_id = made.json()["request_id"]
    for step in ("verify", "start"):
        answer = await officer.post(f"/v1/data-requests/{request_id}/{step}", headers={"If-Match": "*"})
        assert answer.is_success, answer.text


async def test_a_handover_is_seen_where_it_is_led(house: Team) -> None:
    giver, taker = await house.advisor(), await house.advisor()
    await house.clients(giver, 1)
    handover_id = await house.planned(giver, taker)
    stranger = as_role(house.profile, Role.MANAGER, boutique_ids=frozenset({uuid4()}))
    for path in ("", "/clients"):
        assert (await stranger.get(f"/v1/handovers/{handover_id}{path}")).status_code == 404
    assert (await stranger.post(f"/v1/handovers/{handover_id}/start")).status_code == 404
    assert (await stranger.get("/v1/handovers")).json()["items"] == []
    dropped = await house.step(handover_id, "undo")
    assert (dropped["status"], await kinds(house, "handover-undone")) == ("undone", [])
