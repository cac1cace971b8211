"""Campaigns over HTTP: planned for a list, carried out as tasks, inside the ledger's limits, counted."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from infra.identity import Role
from services.profile.campaigns.actions import planning
from services.profile.campaigns.actions import running as carrying
from tests.asking import BRAND, Clock, once, problem, tell, until
from tests.conftest import Start
from tests.profile.build import gave_phone, phone
from tests.profile.relationship import as_role, caller, consented, owned, registered
from tests.profile.todo import NOW, by_hand, kept, manager_of, settled
from tests.running import Running


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def profile(running: Start, clock: Clock) -> Running:
    return await running("profile", clock=clock)


async def someone(profile: Running, boutique_id: UUID | None, *, allows: bool = True) -> UUID:
    """A client with a phone, in a book of that boutique if one is named, who allows marketing or not."""
    client_id = await registered(profile)
    await gave_phone(profile, str(client_id), phone())
    await consented(profile, client_id, "marketing", granted=allows)
    if boutique_id is not None:
        await owned(profile, client_id, boutique_id=boutique_id)
    return client_id


async def listed(by: httpx.AsyncClient, **criteria: Any) -> str:
    """A list for the whole brand."""
    made = await by.post("/v1/lists", json={"name": "名单", "criteria": criteria}, headers=once())
    assert made.status_code == httpx.codes.CREATED, made.text
    list_id: str = made.json()["list_id"]
    return list_id


async def planned(by: httpx.AsyncClient, list_id: str, **changed: Any) -> str:
    form = {
        "list_id": list_id,
        "name": "春季新品",
        "purpose": "marketing",
        "words": "请介绍新系列",
        "pieces": ["RING-1"],
        "due_on": "2026-03-05",
        "closes_on": "2026-03-20",
        **changed,
    }
    made = await by.post("/v1/campaigns", json=form, headers=once())
    assert made.status_code == httpx.codes.CREATED, made.text
    campaign_id: str = made.json()["campaign_id"]
    return campaign_id


async def started(profile: Running, by: httpx.AsyncClient, campaign_id: str) -> dict[str, Any]:
    """Start it, and wait until every task is open."""
    answer = await by.post(f"/v1/campaigns/{campaign_id}/start")
    assert (answer.status_code, answer.json()["status"]) == (202, "opening"), answer.text

    async def arrived() -> bool:
        rows = await profile.rows("select status from campaign where campaign_id = $1", UUID(campaign_id))
        return bool(rows[0]["status"] != "opening")

    await until(arrived)
    return await come(by, campaign_id)


async def come(by: httpx.AsyncClient, campaign_id: str) -> dict[str, Any]:
    answer = await by.get(f"/v1/campaigns/{campaign_id}")
    assert answer.status_code == httpx.codes.OK, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def slip(profile: Running, client_id: UUID, at: str) -> None:
    """She buys the ring."""
    number = f"S-{uuid4()}"
    known = {"kind": "pos", "system": "till", "value": number}
    await as_role(profile).post(f"/v1/clients/{client_id}/identities", json=known)
    form = {
        "pos": "till",
        "receipt": number,
        "store_code": "SH-01",
        "purchased_at": at,
        "currency": "CNY",
        "customer": {"system": "till", "value": number},
        "lines": [{"line": 1, "piece_code": "RING-1", "quantity": 1, "unit_price_minor": 100_00}],
    }
    kept = await as_role(profile, Role.POS).post("/v1/purchases", json=form)
    assert kept.status_code == httpx.codes.CREATED, kept.text


async def test_a_campaign_is_tasks_for_those_the_ledger_allows_and_is_counted_to_the_purchase(
    profile: Running, clock: Clock
) -> None:
    boutique_id, headquarters = uuid4(), as_role(profile)
    first, second, third = [await someone(profile, boutique_id) for _ in range(3)]
    silent = await someone(profile, boutique_id, allows=False)
    busy = await someone(profile, boutique_id)
    await by_hand(profile, busy, is_offer=True)
    campaign_id = await planned(headquarters, await listed(headquarters, boutiques=[str(boutique_id)]))
    looked = (await headquarters.post(f"/v1/campaigns/{campaign_id}/preview")).json()
    fates = {"task": 3, "control": 0, "refused": 1, "asked_already": 1, "nobody": 0, "left_alone": 0}
    assert (looked["members"], looked["judged"], looked["fates"]) == (5, 5, fates)
    assert (looked["reasons"], looked["advisors"], looked["largest_load"]) == ({"no-consent": 1}, 3, 1)
    assert await kept(profile, first) == []
    begun = await started(profile, headquarters, campaign_id)
    assert (begun["status"], begun["fates"], begun["reasons"]) == ("running", fates, {"no-consent": 1})
    assert (begun["opened"], begun["sent"], begun["tasks"]) == (3, 0, {"open": 3})
    tasks = {row["client_id"]: row for row in await kept(profile) if row["kind"] == "campaign"}
    assert set(tasks) == {first, second, third}
    assert silent not in tasks
    assert {str(row["due_on"]) for row in tasks.values()} == {"2026-03-05"}
    assert all(row["is_offer"] and str(row["over_on"]) == "2026-03-20" for row in tasks.values())
    # Bought before anybody turned to her: that does not come of it.
    clock.advance(hours=1)
    await slip(profile, second, "2026-03-02T03:30:00Z")
    clock.advance(days=1)
    for client_id, outcome in ((first, "left-word"), (second, "reached")):
        await settled(profile, tasks[client_id]["task_id"], outcome)
    clock.advance(days=2)
    wrote = {"system": "wechat", "ref": "W1", "kind": "messaging", "person": {"client_id": str(first)}}
    reported = {"touchpoints": [wrote | {"occurred_at": clock().isoformat()}]}
    await as_role(profile, Role.PARTNER).post("/v1/touchpoints/batch", json=reported)
    visit = {"appointment_id": str(uuid4()), "client_id": str(first), "boutique_id": str(boutique_id)}
    arrived = visit | {"advisor_id": str(uuid4()), "arrived_at": clock().isoformat()}
    await tell(profile, "appointments.client-arrived.v1", arrived)
    await slip(profile, first, clock().isoformat())
    now = await come(headquarters, campaign_id)
    counted = [now[name] for name in ("opened", "sent", "replied", "visited", "bought", "bought_pieces")]
    assert counted == [3, 2, 2, 1, 1, 1]
    assert now["asked"] == {"clients": 3, "visited": 1, "bought": 2}
    # Its time is over.
    clock.advance(days=30)

    async def closed() -> bool:
        return bool((await come(headquarters, campaign_id))["status"] == "closed")

    await until(closed)


async def test_part_of_them_is_left_out_by_lot_to_compare_with(profile: Running) -> None:
    boutique_id, headquarters = uuid4(), as_role(profile)
    clients = [await someone(profile, boutique_id) for _ in range(12)]
    list_id = await listed(headquarters, boutiques=[str(boutique_id)])
    campaign_id = await planned(headquarters, list_id, control_bp=5_000)
    looked = (await headquarters.post(f"/v1/campaigns/{campaign_id}/preview")).json()["fates"]
    begun = await started(profile, headquarters, campaign_id)
    assert begun["fates"] == looked
    assert looked["task"] + looked["control"] == len(clients)
    assert len(await kept(profile)) == looked["task"]
    assert (begun["asked"]["clients"], begun["control"]["clients"]) == (looked["task"], looked["control"])


async def test_each_client_has_one_task_whoever_works_and_whatever_is_killed(profile: Running, clock: Clock) -> None:
    boutique_id, headquarters = uuid4(), as_role(profile)
    clients = [await someone(profile, boutique_id) for _ in range(9)]
    campaign_id = await planned(headquarters, await listed(headquarters, boutiques=[str(boutique_id)]))
    await headquarters.post(f"/v1/campaigns/{campaign_id}/start")
    database = profile.kit.database
    # One batch, and then somebody else: as after a SIGKILL between two batches, beside three who go on.
    await carrying.carry_out(database, now=clock(), batch=2)

    async def work() -> None:
        while await carrying.carry_out(database, now=clock(), batch=2):
            pass

    await asyncio.gather(work(), work(), work())

    async def running() -> bool:
        return bool((await come(headquarters, campaign_id))["status"] == "running")

    await until(running)
    assert sorted(row["client_id"] for row in await kept(profile)) == sorted(clients)
    # Gone through once more from the beginning, it finds everybody done.
    await profile.rows("update campaign set status = 'opening', after = $1 returning 1", UUID(int=0))
    await until(running)
    assert len(await kept(profile)) == len(clients)
    assert (await come(headquarters, campaign_id))["fates"]["task"] == len(clients)


async def test_two_campaigns_at_once_make_her_one_offer(profile: Running, clock: Clock) -> None:
    boutique_id, headquarters = uuid4(), as_role(profile)
    client_id = await someone(profile, boutique_id)
    list_id = await listed(headquarters, boutiques=[str(boutique_id)])
    one, other = [UUID(await planned(headquarters, list_id)) for _ in range(2)]
    database = profile.kit.database
    async with database.transaction(BRAND) as tx:
        await planning.start(tx, one, by=caller(), now=clock())
        await carrying._batch(tx, one, now=clock(), limit=2)  # noqa: SLF001 - one instance, in the midst of it
        await headquarters.post(f"/v1/campaigns/{other}/start")
        # Another instance does not wait for it: this is not its turn.
        await carrying.carry_out(database, now=clock())
        assert await kept(profile, client_id) == []

    async def judged() -> bool:
        return bool((await come(headquarters, str(other)))["status"] == "running")

    await until(judged)
    assert len(await kept(profile, client_id)) == 1
    assert (await come(headquarters, str(other)))["fates"]["asked_already"] == 1


async def test_a_stopped_campaign_leaves_what_was_done(profile: Running) -> None:
    boutique_id, headquarters = uuid4(), as_role(profile)
    one, other = await someone(profile, boutique_id), await someone(profile, boutique_id)
    campaign_id = await planned(headquarters, await listed(headquarters, boutiques=[str(boutique_id)]))
    await started(profile, headquarters, campaign_id)
    [done] = await kept(profile, one)
    await settled(profile, done["task_id"], "reached")
    stopped = await headquarters.post(f"/v1/campaigns/{campaign_id}/stop")
    assert (stopped.status_code, stopped.json()["status"]) == (200, "stopped")
    assert [(row["status"], row["reason"]) for row in await kept(profile, other)] == [("cancelled", "campaign-stopped")]
    assert (await come(headquarters, campaign_id))["sent"] == 1
    for step in ("stop", "start"):
        again = await headquarters.post(f"/v1/campaigns/{campaign_id}/{step}")
        assert (again.status_code, problem(again)) == (409, "campaign-step-not-open")


async def test_what_a_stop_does_not_cancel_at_once_is_cancelled_bit_by_bit(profile: Running, clock: Clock) -> None:
    boutique_id, headquarters = uuid4(), as_role(profile)
    people = [await someone(profile, boutique_id) for _ in range(3)]
    campaign_id = await planned(headquarters, await listed(headquarters, boutiques=[str(boutique_id)]))
    await started(profile, headquarters, campaign_id)
    async with profile.kit.database.transaction(BRAND) as tx:
        stopped = await planning.stop(tx, UUID(campaign_id), by=caller(), now=clock(), at_once=1)
        assert (stopped.status, stopped.is_cancelling) == ("stopped", True)

    async def all_cancelled() -> bool:
        rows = await profile.rows("select is_cancelling from campaign")
        return [row["is_cancelling"] for row in rows] == [False]

    await until(all_cancelled)
    reasons = [(await kept(profile, one))[0]["reason"] for one in people]
    assert reasons == ["campaign-stopped"] * 3


async def test_a_manager_turns_to_the_clients_of_her_boutiques_alone(profile: Running) -> None:
    mine, theirs, headquarters = uuid4(), uuid4(), as_role(profile)
    hers, foreign, free = [await someone(profile, place) for place in (mine, theirs, None)]
    kept_for_all = {"name": "全部", "criteria": {"consents": ["marketing"]}, "visibility": "brand"}
    made = await headquarters.post("/v1/lists", json=kept_for_all, headers=once())
    manager = manager_of(profile, mine)
    campaign_id = await planned(manager, made.json()["list_id"])
    begun = await started(profile, manager, campaign_id)
    assert (begun["fates"]["task"], sum(begun["fates"].values())) == (1, 1)
    assert [row["client_id"] for row in await kept(profile)] == [hers]
    assert {foreign, free}.isdisjoint({hers})
    # Another manager does not find it, headquarters does; who has no advisor gets no task.
    other = as_role(profile, Role.MANAGER, boutique_ids=frozenset({theirs}), subject="another")
    assert (await other.get(f"/v1/campaigns/{campaign_id}")).status_code == 404
    assert (await other.get("/v1/campaigns")).json()["items"] == []
    assert [one["campaign_id"] for one in (await headquarters.get("/v1/campaigns")).json()["items"]] == [campaign_id]
    all_of_them = await planned(headquarters, made.json()["list_id"], purpose="service")
    looked = (await headquarters.post(f"/v1/campaigns/{all_of_them}/preview")).json()["fates"]
    assert (looked["task"], looked["nobody"]) == (2, 1)


async def test_a_campaign_wants_a_list_one_may_see_and_days_to_come(profile: Running, clock: Clock) -> None:
    headquarters = as_role(profile)
    own = await as_role(profile, Role.MANAGER, boutique_ids=frozenset({uuid4()}), subject="somebody").post(
        "/v1/lists", json={"name": "mine", "criteria": {"segments": ["vic"]}}, headers=once()
    )
    list_id = await listed(headquarters, segments=["vic"])
    form = {"list_id": list_id, "name": "a", "purpose": "marketing", "words": "b", "due_on": "2026-03-05"}
    for changed, status, slug in (
        ({"closes_on": "2026-03-04"}, 400, "campaign-window-closed"),
        ({"closes_on": "2026-09-04"}, 400, "campaign-window-closed"),
        ({"due_on": "2026-03-01", "closes_on": "2026-03-04"}, 400, "campaign-window-closed"),
        ({"closes_on": "2026-03-09", "list_id": own.json()["list_id"]}, 404, "not-found"),
        ({"closes_on": "2026-03-09", "list_id": str(uuid4())}, 404, "not-found"),
    ):
        refused = await headquarters.post("/v1/campaigns", json=form | changed, headers=once())
        assert (refused.status_code, problem(refused)) == (status, slug), changed
    survey = form | {"closes_on": "2026-03-09", "purpose": "survey"}
    assert (await headquarters.post("/v1/campaigns", json=survey, headers=once())).status_code == 422
    # A draft that nobody started in time is no use any more.
    campaign_id = await planned(headquarters, list_id)
    clock.advance(days=10)
    late = await headquarters.post(f"/v1/campaigns/{campaign_id}/start")
    assert (late.status_code, problem(late)) == (400, "campaign-window-closed")


async def test_a_list_that_is_deleted_meanwhile_stops_the_campaign(profile: Running) -> None:
    headquarters = as_role(profile)
    list_id = await listed(headquarters, segments=["vic"])
    campaign_id = await planned(headquarters, list_id)
    async with profile.kit.database.transaction("lumiere") as tx:
        connection = await tx.connection()
        # Between the two, nobody works on it: the list goes with the start.
        await connection.exec_driver_sql("delete from saved_list where list_id = $1", (UUID(list_id),))
        await connection.exec_driver_sql(
            "update campaign set status = 'opening', started_at = $1 where campaign_id = $2", (NOW, UUID(campaign_id))
        )

    async def stopped() -> bool:
        found = await come(headquarters, campaign_id)
        return (found["status"], found["fault"]) == ("stopped", "list-gone")

    await until(stopped)
