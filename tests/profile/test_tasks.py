"""Tasks over HTTP: opened by facts once each, carried out, moved with the client."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from infra.identity import Role
from services.profile.tasks.actions.opening import Wanted, open_all
from services.profile.tasks.rules import Kind
from tests.asking import BRAND, Clock, once, problem, tell, until
from tests.conftest import Start
from tests.profile.relationship import as_role, as_service, consented, owned, registered
from tests.profile.todo import (
    NOW,
    TODAY,
    advisor_of,
    by_hand,
    kept,
    manager_of,
    rounded,
    settled,
    sold,
    there,
)
from tests.running import Running

OPENED, DONE = "profile.task-opened.v1", "profile.task-done.v1"


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def profile(running: Start, clock: Clock) -> Running:
    return await running("profile", clock=clock)


async def test_a_purchase_opens_thanks_and_a_call_by_working_days_once_however_often_it_is_told(
    profile: Running,
) -> None:
    client_id, event_id = await registered(profile), uuid4()
    advisor_id, boutique_id = await owned(profile, client_id)
    purchase_id = await sold(profile, client_id, event_id=event_id)
    await sold(profile, client_id, purchase_id=purchase_id, event_id=event_id)  # the same fact again
    await sold(profile, client_id, purchase_id=purchase_id)  # further lines of the receipt
    assert await there(profile, client_id) == {
        "thank-you": ("open", "2026-03-03"),
        "after-sales-call": ("open", "2026-03-09"),
    }
    told = await profile.facts(OPENED)
    assert [fact["data"]["kind"] for fact in told] == ["after-sales-call", "thank-you"]
    assert told[1]["data"] | {"advisor_id": str(advisor_id), "boutique_id": str(boutique_id)} == told[1]["data"]
    assert told[1]["data"]["subject_id"] == str(purchase_id)


async def test_days_are_those_of_the_boutique_and_behind_the_spring_festival(profile: Running, clock: Clock) -> None:
    clock.now = NOW.replace(month=2, day=14)
    paris = {"boutique_id": str(uuid4()), "region_id": str(uuid4()), "code": "PA-1", "zone": "Europe/Paris"}
    await tell(profile, "appointments.boutique-opened.v1", paris | {"name_zh": "巴黎", "name_en": "Paris"})
    one, other = await registered(profile), await registered(profile)
    # The same moment: still Friday the 13th in Paris, Saturday the 14th, which is worked, in Shanghai.
    at = "2026-02-13T20:00:00Z"
    await sold(profile, one, at=at, boutique_id=UUID(paris["boutique_id"]))
    await sold(profile, other, at=at)
    assert (await there(profile, one))["thank-you"] == ("open", "2026-02-14")
    assert (await there(profile, other))["thank-you"] == ("open", "2026-02-24")


async def test_no_task_is_opened_for_a_purchase_of_long_ago_nor_one_that_came_back(profile: Running) -> None:
    old, returned, exchanged = [await registered(profile) for _ in range(3)]
    await sold(profile, old, at="2026-01-02T02:00:00Z")
    await sold(profile, returned, quantities=(-1,))
    await sold(profile, exchanged, quantities=(-1, 1))
    assert (await there(profile, old), await there(profile, returned)) == ({}, {})
    # Whether what she has instead is right is worth a call.
    assert await there(profile, exchanged) == {"after-sales-call": ("open", "2026-03-09")}


async def receipts(profile: Running, *forms: dict[str, Any]) -> None:
    """Receipts of the till."""
    for form in forms:
        kept = await as_role(profile, Role.POS).post("/v1/purchases", json=form)
        assert kept.status_code == httpx.codes.CREATED, kept.text


def slip(number: str, quantity: int, *, sale: str | None = None, till_number: str = "T-R") -> dict[str, Any]:
    line: dict[str, Any] = {"line": 1, "piece_code": "RING-1", "quantity": quantity, "unit_price_minor": 100_00}
    if sale:
        line["returns"] = {"pos": "till", "receipt": sale, "line": 1}
    return {
        "pos": "till",
        "receipt": number,
        "store_code": "SH-01",
        "purchased_at": "2026-03-02T02:00:00Z",
        "currency": "CNY",
        "customer": {"system": "till", "value": till_number},
        "lines": [line],
    }


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "the return first"])
async def test_what_came_back_is_not_thanked_for(profile: Running, order: tuple[int, int]) -> None:
    client_id = await registered(profile, till_number="T-R")
    slips = [slip("SALE", 2), slip("BACK", -2, sale="SALE")]
    await receipts(profile, *(slips[index] for index in order))

    async def cancelled() -> bool:
        rows = await kept(profile, client_id)
        return [(row["status"], row["reason"]) for row in rows] == [("cancelled", "returned")] * 2

    await until(cancelled)


async def test_what_came_back_in_part_is_thanked_for(profile: Running) -> None:
    client_id = await registered(profile, till_number="T-R")
    await receipts(profile, slip("SALE", 2), slip("BACK", -1, sale="SALE"))
    await sold(profile, await registered(profile))  # behind it in the log
    assert {status for status, _ in (await there(profile, client_id)).values()} == {"open"}


async def test_a_purchase_that_never_was_is_not_thanked_for(profile: Running) -> None:
    client_id = await registered(profile)
    purchase_id = await sold(profile, client_id)
    gone = {"purchase_id": str(purchase_id), "client_id": str(client_id), "currency": "CNY", "net_minor": 100}
    await tell(profile, "profile.purchase-taken-back.v1", gone | {"line_count": 1, "lines": [], "is_whole": True})
    assert {row["reason"] for row in await kept(profile, client_id)} == {"taken-back"}


async def test_repairs_lapses_and_handovers_open_what_is_due_then(profile: Running) -> None:
    client_id, handover_id = await registered(profile), uuid4()
    advisor_id, boutique_id = await owned(profile, client_id)
    work_order_id = uuid4()
    closed = {"work_order_id": str(work_order_id), "client_id": str(client_id), "boutique_id": str(boutique_id)}
    await tell(profile, "feedback.work-order-closed.v1", closed | {"closed_at": "2026-03-02T09:30:00Z"})
    lapsing = {"client_id": str(client_id), "before": "active", "lifecycle": "lapsing", "as_of": "2026-03-02"}
    for _ in range(2):
        await tell(profile, "profile.lifecycle-changed.v1", lapsing)
    passing = {
        "handover_id": str(handover_id),
        "client_id": str(client_id),
        "from_advisor_id": str(uuid4()),
        "advisor_id": str(advisor_id),
        "boutique_id": str(boutique_id),
        "first_contact_due_on": "2026-03-06",
    }
    await tell(profile, "profile.client-handed-over.v1", passing)
    assert await there(profile, client_id) == {
        "recovery": ("open", "2026-03-05"),
        "handover": ("open", "2026-03-06"),
        "lapse": ("open", "2026-03-09"),
    }
    assert {row["advisor_id"] for row in await kept(profile, client_id)} == {advisor_id}
    await tell(profile, "profile.client-handed-back.v1", passing)
    assert (await there(profile, client_id))["handover"][0] == "cancelled"


async def test_whoever_switched_profiling_off_is_not_won_back(profile: Running) -> None:
    client_id = await registered(profile)
    await consented(profile, client_id, "personalisation", granted=False)
    lapsing = {"client_id": str(client_id), "before": "active", "lifecycle": "lapsing", "as_of": "2026-03-02"}
    await tell(profile, "profile.lifecycle-changed.v1", lapsing)
    assert await there(profile, client_id) == {}


# --- once each, whatever happens -------------------------------------------------------------------------------------


async def test_two_who_open_the_same_tasks_at_once_open_each_once(profile: Running) -> None:
    clients = [await registered(profile) for _ in range(20)]
    wanted = [Wanted(Kind.CALL, client_id, TODAY, str(client_id)) for client_id in clients]

    async def opens(tasks: list[Wanted]) -> dict[str, UUID]:
        async with profile.kit.database.transaction(BRAND) as tx:
            return await open_all(tx, tasks, now=NOW)

    made = await asyncio.gather(*(opens(order) for order in (wanted, wanted[::-1]) * 4))
    assert sorted(key for one in made for key in one) == sorted(map(str, clients))
    assert len(await kept(profile)) == len(clients)
    assert len(await profile.facts(OPENED)) == len(clients)


async def test_a_whole_replay_changes_nothing(profile: Running) -> None:
    client_id = await registered(profile)
    predecessor, boutique_id = await owned(profile, client_id)
    mine = await by_hand(profile, client_id)
    successor, _ = await owned(profile, client_id, boutique_id=boutique_id)
    await sold(profile, client_id)
    await settled(profile, mine, "reached")

    async def still() -> bool:
        rows = [row for row in await kept(profile, client_id) if row["status"] == "open"]
        return {row["advisor_id"] for row in rows} == {successor}

    await until(still)
    before, told = await kept(profile), await profile.facts()
    log = [stored.envelope for stored in await profile.kit.log.read(0, 10_000)]
    for envelope in log:
        await tell(profile, envelope.type, envelope.data, about=envelope.partitionkey, at=envelope.time)
    assert await kept(profile) == before
    assert [fact for fact in await profile.facts() if "task" in fact["type"]] == [
        fact for fact in told if "task" in fact["type"]
    ]
    assert predecessor != successor


# --- carrying out ----------------------------------------------------------------------------------------------------


async def test_an_advisor_has_her_own_tasks_and_a_manager_those_of_her_boutiques(profile: Running) -> None:
    client_id, other = await registered(profile), await registered(profile)
    advisor_id, boutique_id = await owned(profile, client_id)
    colleague, _ = await owned(profile, other, boutique_id=boutique_id)
    task_id, theirs = await by_hand(profile, client_id), await by_hand(profile, other)
    hers = advisor_of(profile, advisor_id, boutique_id)
    page = (await hers.get("/v1/tasks")).json()
    assert [one["task_id"] for one in page["items"]] == [str(task_id)]
    assert page["items"][0]["display_name"].startswith("Client ")
    assert page["items"][0]["words"] == "她的表带换好了"
    assert (await hers.get("/v1/tasks", params={"advisor_id": str(colleague)})).json()["items"] == []
    assert (await hers.get(f"/v1/tasks/{theirs}")).status_code == 404
    assert (
        await hers.post(f"/v1/tasks/{theirs}/outcome", json={"outcome": "reached"}, headers=once())
    ).status_code == 404
    manager = manager_of(profile, boutique_id)
    first = (await manager.get("/v1/tasks", params={"limit": 1})).json()
    second = (await manager.get("/v1/tasks", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert {first["items"][0]["task_id"], second["items"][0]["task_id"]} == {str(task_id), str(theirs)}
    assert second["next_cursor"] is None
    early = await manager.get("/v1/tasks", params={"due_before": "2026-03-04"})
    assert early.json()["items"] == []
    assert (await manager_of(profile, uuid4()).get("/v1/tasks")).json()["items"] == []


async def test_an_outcome_in_one_tap_closes_it_and_is_told(profile: Running) -> None:
    client_id = await registered(profile)
    advisor_id, boutique_id = await owned(profile, client_id)
    task_id = await by_hand(profile, client_id)
    hers = advisor_of(profile, advisor_id, boutique_id)
    key, form = once(), {"outcome": "left-word", "note": "语音信箱"}
    taps = [await hers.post(f"/v1/tasks/{task_id}/outcome", json=form, headers=key) for _ in range(2)]
    assert [(tap.status_code, tap.json()["status"], tap.json()["attempts"]) for tap in taps] == [(200, "done", 1)] * 2
    replied = await settled(profile, task_id, "replied")
    assert (replied["status"], replied["outcome"]) == ("done", "replied")
    again = await hers.post(f"/v1/tasks/{task_id}/outcome", json={"outcome": "reached"}, headers=once())
    assert (again.status_code, problem(again)) == (409, "task-step-not-open")
    whole = (await hers.get(f"/v1/tasks/{task_id}")).json()
    assert [(one["outcome"], one["note"]) for one in whole["tried"]] == [("left-word", "语音信箱"), ("replied", None)]
    assert [fact["data"]["outcome"] for fact in await profile.facts(DONE)] == ["left-word", "replied"]
    assert "语音信箱" not in str(await profile.rows("select data from outbox"))


async def test_of_two_taps_at_once_one_counts(profile: Running) -> None:
    task_id = await by_hand(profile, await registered(profile))
    path, form = f"/v1/tasks/{task_id}/outcome", {"outcome": "reached"}
    taps = await asyncio.gather(*(as_role(profile).post(path, json=form, headers=once()) for _ in range(8)))
    assert sorted(tap.status_code for tap in taps) == [200] + [409] * 7
    assert len(await profile.facts(DONE)) == 1


async def test_whoever_was_not_reached_is_tried_again_some_working_days_later_and_then_given_up(
    profile: Running, clock: Clock
) -> None:
    task_id = await by_hand(profile, await registered(profile))
    days = []
    for _ in range(3):
        said = await settled(profile, task_id, "not-reached")
        days.append((said["status"], said["due_on"], said["wanted_on"]))
        clock.advance(days=3)
    assert days == [
        ("open", "2026-03-04", "2026-03-04"),
        ("open", "2026-03-09", "2026-03-04"),
        ("given-up", "2026-03-09", "2026-03-04"),
    ]


async def test_a_task_is_put_off_within_its_time(profile: Running) -> None:
    task_id = await by_hand(profile, await registered(profile))
    path = f"/v1/tasks/{task_id}/snooze"
    put_off = await as_role(profile).post(path, json={"until_on": "2026-03-20"})
    assert (put_off.json()["due_on"], put_off.json()["wanted_on"]) == ("2026-03-20", "2026-03-04")
    for day in ("2026-03-02", "2027-03-05"):
        refused = await as_role(profile).post(path, json={"until_on": day})
        assert (refused.status_code, problem(refused)) == (400, "task-day-not-open")


async def test_a_manager_gives_tasks_to_advisors_of_her_boutiques(profile: Running) -> None:
    client_id, colleague = await registered(profile), uuid4()
    _, boutique_id = await owned(profile, client_id)
    task_id = await by_hand(profile, client_id)
    manager, path = manager_of(profile, boutique_id), f"/v1/tasks/{task_id}/assign"
    refused = await manager.post(path, json={"advisor_id": str(colleague)})
    assert (refused.status_code, problem(refused)) == (400, "advisor-not-there")
    joined = {"advisor_id": str(colleague), "boutique_id": str(boutique_id), "region_id": str(uuid4())}
    await tell(profile, "appointments.advisor-joined.v1", joined)
    given = await manager.post(path, json={"advisor_id": str(colleague)})
    assert given.json()["advisor_id"] == str(colleague)
    assert (await manager_of(profile, uuid4()).post(path, json={"advisor_id": str(colleague)})).status_code == 404
    # It stays hers, whoever owns the client.
    await owned(profile, client_id, boutique_id=boutique_id)
    await sold(profile, client_id)
    [mine] = [row for row in await kept(profile, client_id) if row["task_id"] == task_id]
    assert mine["advisor_id"] == colleague


async def test_a_task_by_hand_wants_a_client_one_may_see_and_a_day_to_come(profile: Running) -> None:
    client_id = await registered(profile)
    advisor_id, boutique_id = await owned(profile, client_id)
    hers, form = advisor_of(profile, advisor_id, boutique_id), {"client_id": str(client_id), "words": "新款到店"}
    made = await hers.post("/v1/tasks", json=form | {"due_on": "2026-03-02"}, headers=once())
    assert (made.status_code, made.json()["advisor_id"]) == (201, str(advisor_id))
    for changed, status, slug in (
        ({"due_on": "2026-03-01"}, 400, "task-day-not-open"),
        ({"due_on": "2026-03-02", "advisor_id": str(uuid4())}, 400, "advisor-not-there"),
        ({"due_on": "2026-03-02", "client_id": str(uuid4())}, 404, "client-unknown"),
    ):
        refused = await hers.post("/v1/tasks", json=form | changed, headers=once())
        assert (refused.status_code, problem(refused)) == (status, slug)
    assert len(await kept(profile)) == 1


async def test_what_she_does_not_want_does_not_come_again(profile: Running, clock: Clock) -> None:
    client_id = await registered(profile)
    lapsing = {"client_id": str(client_id), "before": "active", "lifecycle": "lapsing", "as_of": "2026-03-02"}
    await tell(profile, "profile.lifecycle-changed.v1", lapsing)
    [task] = await kept(profile, client_id)
    await settled(profile, task["task_id"], "not-wanted")
    clock.advance(days=100)
    await tell(profile, "profile.lifecycle-changed.v1", lapsing | {"as_of": "2026-06-10"})
    assert len(await kept(profile, client_id)) == 1
    clock.advance(days=100)
    await tell(profile, "profile.lifecycle-changed.v1", lapsing | {"as_of": "2026-09-18"})
    assert len(await kept(profile, client_id)) == 2


# --- a thank-you before any offer ------------------------------------------------------------------------------------


async def test_an_offer_waits_until_she_was_thanked(profile: Running) -> None:
    client_id = await registered(profile)
    before = await by_hand(profile, client_id, is_offer=True)
    await sold(profile, client_id)
    behind = await by_hand(profile, client_id, is_offer=True)
    rows = {row["task_id"]: row for row in await kept(profile, client_id)}
    # The thank-you is due on the 3rd and may be said until the 17th.
    assert {str(rows[one]["due_on"]) for one in (before, behind)} == {"2026-03-18"}
    await as_role(profile).post(f"/v1/tasks/{before}/snooze", json={"until_on": "2026-03-10"})
    assert {row["task_id"]: str(row["due_on"]) for row in await kept(profile)}[before] == "2026-03-18"
    [thanks] = [row["task_id"] for row in rows.values() if row["kind"] == "thank-you"]
    await settled(profile, thanks, "reached")
    days = {row["task_id"]: str(row["due_on"]) for row in await kept(profile)}
    assert (days[before], days[behind]) == ("2026-03-10", "2026-03-04")


async def test_an_offer_comes_up_once_the_time_for_thanks_is_over(profile: Running, clock: Clock) -> None:
    client_id = await registered(profile)
    await sold(profile, client_id)
    offer = await by_hand(profile, client_id, is_offer=True)
    clock.advance(days=16)
    await rounded(profile, clock)
    assert (await there(profile, client_id))["thank-you"] == ("over", "2026-03-03")
    [row] = [row for row in await kept(profile) if row["task_id"] == offer]
    assert str(row["due_on"]) == "2026-03-04"


async def test_no_offer_is_left_for_whoever_withdraws(profile: Running) -> None:
    client_id = await registered(profile)
    await consented(profile, client_id, "marketing")
    offer, service = await by_hand(profile, client_id, is_offer=True), await by_hand(profile, client_id)
    await consented(profile, client_id, "marketing", granted=False)

    async def cancelled() -> bool:
        rows = {row["task_id"]: (row["status"], row["reason"]) for row in await kept(profile)}
        return rows == {offer: ("cancelled", "no-consent"), service: ("open", None)}

    await until(cancelled)
    form = {"client_id": str(client_id), "due_on": "2026-03-04", "words": "新品到店", "is_offer": True}
    again = await as_role(profile).post("/v1/tasks", json=form, headers=once())
    assert (again.status_code, problem(again)) == (409, "task-offer-not-wanted")
    wanted = Wanted(Kind.CALL, client_id, TODAY, "offer", is_offer=True)
    async with profile.kit.database.transaction(BRAND) as tx:
        assert await open_all(tx, [wanted], now=NOW) == {}


# --- with the client -------------------------------------------------------------------------------------------------


async def test_tasks_go_with_her_to_the_new_owner_and_through_a_handover_back_exactly(profile: Running) -> None:
    client_id, handover_id, other = await registered(profile), uuid4(), uuid4()
    advisor_id, boutique_id = await owned(profile, client_id)
    elsewhere = {"advisor_id": str(other), "boutique_id": str(boutique_id), "region_id": str(uuid4())}
    await tell(profile, "appointments.advisor-joined.v1", elsewhere)
    mine, lent = await by_hand(profile, client_id), await by_hand(profile, client_id)
    await as_role(profile).post(f"/v1/tasks/{lent}/assign", json={"advisor_id": str(other)})
    before = {row["task_id"]: (row["advisor_id"], row["boutique_id"]) for row in await kept(profile)}
    successor, new_boutique = await owned(profile, client_id)
    passing = {
        "handover_id": str(handover_id),
        "client_id": str(client_id),
        "from_advisor_id": str(other),
        "advisor_id": str(successor),
        "boutique_id": str(new_boutique),
        "first_contact_due_on": "2026-03-06",
    }
    for _ in range(2):
        await tell(profile, "profile.client-handed-over.v1", passing)
    rows = {row["task_id"]: (row["advisor_id"], row["boutique_id"]) for row in await kept(profile)}
    assert rows[mine] == rows[lent] == (successor, new_boutique)
    await owned(profile, client_id, advisor_id=advisor_id, boutique_id=boutique_id)
    for _ in range(2):
        await tell(profile, "profile.client-handed-back.v1", passing)
    rows = {row["task_id"]: (row["advisor_id"], row["boutique_id"]) for row in await kept(profile)}
    assert {one: rows[one] for one in before} == before


async def test_two_records_that_are_one_person_have_one_of_each_and_their_own_when_they_are_not(
    profile: Running, clock: Clock
) -> None:
    one, other = await registered(profile), await registered(profile)
    advisor_id, _ = await owned(profile, one)
    await owned(profile, other)
    for client_id in (one, other):
        await born(profile, client_id, month=3, day=10)
    await rounded(profile, clock)
    merged = await as_role(profile).post(
        f"/v1/clients/{one}/merges", json={"other_client_id": str(other)}, headers=once()
    )
    assert merged.status_code == httpx.codes.CREATED, merged.text

    async def together() -> bool:
        rows = [*await kept(profile, one), *await kept(profile, other)]
        open_ones = [row["advisor_id"] for row in rows if row["status"] == "open"]
        return open_ones == [advisor_id] and {row["reason"] for row in rows} == {None, "duplicate"}

    await until(together)
    page = (await as_role(profile).get("/v1/tasks", params={"client_id": str(other)})).json()
    assert [item["client_id"] for item in page["items"]] == [str(one)]
    clock.advance(days=1)
    await rounded(profile, clock)
    assert await together()
    apart = await as_role(profile).delete(f"/v1/clients/{one}/merges/{merged.json()['merge_id']}")
    assert apart.status_code == httpx.codes.OK, apart.text

    async def again() -> bool:
        rows = [*await kept(profile, one), *await kept(profile, other)]
        return len({row["advisor_id"] for row in rows}) == 2 and {row["status"] for row in rows} == {"open"}

    await until(again)


async def test_what_somebody_did_for_a_colleague_is_the_colleagues_when_she_leaves(profile: Running) -> None:
    client_id, leaver = await registered(profile), uuid4()
    advisor_id, boutique_id = await owned(profile, client_id)
    ids = {"advisor_id": str(leaver), "boutique_id": str(boutique_id)}
    await tell(profile, "appointments.advisor-joined.v1", ids | {"region_id": str(uuid4())})
    lent = await by_hand(profile, client_id)
    given = await as_role(profile).post(f"/v1/tasks/{lent}/assign", json={"advisor_id": str(leaver)})
    assert given.json()["advisor_id"] == str(leaver)
    await tell(profile, "appointments.advisor-left.v1", ids | {"left_at": NOW.isoformat()})
    [row] = await kept(profile, client_id)
    assert (row["advisor_id"], row["boutique_id"], row["status"]) == (advisor_id, boutique_id, "open")


async def test_thanks_and_a_no_of_one_record_hold_for_the_offers_to_the_other(profile: Running) -> None:
    async def told_of_the_no() -> bool:
        return any(one.envelope.type == "profile.consent-withdrawn.v1" for one in await profile.kit.log.read(0, 10_000))

    for refuses in (False, True):
        one, other = await registered(profile), await registered(profile)
        offer = await by_hand(profile, one, is_offer=True)
        if refuses:
            for granted in (True, False):
                await consented(profile, other, "marketing", granted=granted)
            await until(told_of_the_no)
        await sold(profile, other)
        merged = await as_role(profile).post(
            f"/v1/clients/{one}/merges", json={"other_client_id": str(other)}, headers=once()
        )
        assert merged.status_code == httpx.codes.CREATED, merged.text
        becomes = ("cancelled", "2026-03-04") if refuses else ("open", "2026-03-18")

        async def held(offer: UUID = offer, becomes: tuple[str, str] = becomes) -> bool:
            [row] = [row for row in await kept(profile) if row["task_id"] == offer]
            return (row["status"], str(row["due_on"])) == becomes

        await until(held)


async def test_what_was_opened_while_she_changed_hands_is_her_new_advisors(profile: Running, clock: Clock) -> None:
    client_id = await registered(profile)
    await owned(profile, client_id)
    async with profile.kit.database.transaction(BRAND) as tx:
        await open_all(tx, [Wanted(Kind.CALL, client_id, TODAY, "late")], now=NOW)
        successor, boutique_id = await owned(profile, client_id)
        # The reaction to the new owner does not see yet what is being opened.
        await tell(profile, "profile.owner-assigned.v1", {"client_id": str(client_id)})
    await rounded(profile, clock)
    [row] = await kept(profile, client_id)
    assert (row["advisor_id"], row["boutique_id"]) == (successor, boutique_id)


async def test_nothing_is_to_be_done_for_whoever_is_erased_or_restricted(profile: Running, clock: Clock) -> None:
    for kind in ("restrict", "erase"):
        client_id = await registered(profile)
        await owned(profile, client_id)
        await born(profile, client_id, month=3, day=10)
        task_id = await by_hand(profile, client_id)
        officer = as_role(profile, Role.PRIVACY)
        asked = await officer.post(f"/v1/clients/{client_id}/data-requests", json={"kind": kind}, headers=once())
        for step in ("verify", "start"):
            path = f"/v1/data-requests/{asked.json()['request_id']}/{step}"
            assert (await officer.post(path, headers={**once(), "If-Match": "*"})).is_success
        await sold(profile, client_id)
        await rounded(profile, clock)
        clock.advance(days=1)
        await rounded(profile, clock)
        assert (await as_role(profile).get("/v1/tasks")).json()["items"] == []
        assert (await as_role(profile).get(f"/v1/tasks/{task_id}")).status_code == 404
        assert [row["task_id"] for row in await kept(profile, client_id)] == ([task_id] if kind == "restrict" else [])


# --- by the calendar -------------------------------------------------------------------------------------------------


async def born(profile: Running, client_id: UUID, *, month: int, day: int, **more: Any) -> None:
    """Her birthday."""
    form = {"birthday": {"month": month, "day": day, **more}}
    said = await as_role(profile).patch(f"/v1/clients/{client_id}", json=form, headers={"If-Match": "*"})
    assert said.status_code == httpx.codes.OK, said.text


async def test_a_round_opens_what_the_calendar_says_once_a_year(profile: Running, clock: Clock) -> None:
    solar, lunar, unowned = [await registered(profile) for _ in range(3)]
    await owned(profile, solar)
    await owned(profile, lunar)
    for client_id in (solar, unowned):
        await born(profile, client_id, month=3, day=10)
    await born(profile, lunar, month=1, day=20, calendar="lunar")  # the 8th of March
    dated = {"kind": "wedding-anniversary", "month": 3, "day": 12}
    await as_role(profile, Role.CLIENT_SERVICE).post(f"/v1/clients/{solar}/dates", json=dated, headers=once())
    for _ in range(3):
        await asyncio.gather(rounded(profile, clock), rounded(profile, clock))
        clock.advance(days=1)
    clock.advance(days=-5)  # a clock that was wrong, and is put right
    await rounded(profile, clock)
    assert await there(profile, solar) == {
        "birthday": ("open", "2026-03-10"),
        "day-that-matters": ("open", "2026-03-12"),
    }
    assert await there(profile, lunar) == {"birthday": ("open", "2026-03-08")}
    assert await there(profile, unowned) == {}
    clock.advance(days=365)
    await rounded(profile, clock)
    clock.advance(days=1)
    await rounded(profile, clock)
    birthdays = [str(row["wanted_on"]) for row in await kept(profile, solar) if row["kind"] == "birthday"]
    assert birthdays == ["2026-03-10", "2027-03-10"]
    assert {row["status"] for row in await kept(profile, solar) if row["wanted_on"].year == 2026} == {"over"}


async def test_a_corrected_birthday_is_kept_on_the_right_day(profile: Running, clock: Clock) -> None:
    client_id = await registered(profile)
    await owned(profile, client_id)
    for day, months in ((10, 3), (11, 3), (10, 3)):
        await born(profile, client_id, month=months, day=day)
        clock.advance(days=1)
        await rounded(profile, clock)
        assert [str(row["wanted_on"]) for row in await kept(profile, client_id) if row["status"] == "open"] == [
            f"2026-03-{day}"
        ]


async def test_a_house_greets_on_the_festivals_it_chose_and_opens_what_its_policy_says(
    profile: Running, clock: Clock
) -> None:
    client_id = await registered(profile)
    advisor_id, boutique_id = await owned(profile, client_id)
    found = await as_role(profile).get("/v1/task-policy")
    assert (found.headers["ETag"], found.json()["festivals"]) == ('"0"', ["mid-autumn", "spring-festival"])
    assert found.json()["arranged_until"] >= "2026-12-31"
    form = {name: value for name, value in found.json().items() if name != "arranged_until"}
    form |= {"festivals": ["womens-day"], "at_work": ["festival", "after-sales-call"], "after_sales_days": 3}
    stale = await as_role(profile).put("/v1/task-policy", json=form, headers={"If-Match": '"7"'})
    assert (stale.status_code, problem(stale)) == (412, "stale")
    put = await as_role(profile).put("/v1/task-policy", json=form, headers={"If-Match": '"0"'})
    assert (put.status_code, put.headers["ETag"], put.json()["open_days"]["festival"]) == (200, '"1"', 3)
    await rounded(profile, clock)
    await sold(profile, client_id)
    assert await there(profile, client_id) == {
        "festival": ("open", "2026-03-08"),
        "after-sales-call": ("open", "2026-03-05"),
    }
    page = (await advisor_of(profile, advisor_id, boutique_id).get("/v1/tasks", params={"kind": "festival"})).json()
    assert [one["festival"] for one in page["items"]] == ["womens-day"]
    # It does not greet on it any more, and then does.
    for festivals, status in (([], "cancelled"), (["womens-day"], "open")):
        await as_role(profile).put("/v1/task-policy", json=form | {"festivals": festivals}, headers={"If-Match": "*"})
        await rounded(profile, clock)
        assert (await there(profile, client_id))["festival"][0] == status


async def test_a_round_that_is_killed_goes_on_where_it_was(profile: Running, clock: Clock) -> None:
    clients = sorted([await registered(profile) for _ in range(4)])
    for client_id in clients:
        await owned(profile, client_id)
        await born(profile, client_id, month=3, day=10)
    # The day before, the round had come so far when everything was killed.
    await rounded(profile, clock)
    async with profile.kit.database.transaction(BRAND) as tx:
        connection = await tx.connection()
        await connection.exec_driver_sql("delete from task")
        await connection.exec_driver_sql(
            "insert into task_round (brand_id, round_on, after) values ($1, '2026-03-03', $2)"
            " on conflict (brand_id, round_on) do update set after = excluded.after, ended_at = null",
            (BRAND, clients[1]),
        )
    clock.advance(days=1)
    await rounded(profile, clock)
    assert [row["client_id"] for row in await kept(profile)] == clients[2:]


async def test_a_peer_sees_no_tasks(profile: Running) -> None:
    assert (await as_service(profile).get("/v1/tasks")).status_code == 403
