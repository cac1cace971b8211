"""The waiting list: an offer is a hold, made in turn, told or given back, and ended by its appointment alone."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from infra.database import Database
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import Refusal
from services.appointments.bookings.actions.expiry import expire_overdue
from services.appointments.waitlist.actions import settling
from services.appointments.waitlist.actions.asking import work_once
from services.appointments.waitlist.actions.offering import offer_next
from tests.appointments.build import ask, at, client, said, staff
from tests.appointments.guests import Salon, salon
from tests.asking import BRAND, problem, tell, until
from tests.conftest import Start

ELEVEN = [{"starts": "11:00", "ends": "11:30"}]
VISIT = "2030-01-08 11:00"


def wish(place: Salon, **given: Any) -> dict[str, Any]:
    """Tuesday at eleven and no other time."""
    return {
        "boutique_id": place.house.boutique_id,
        "experience_id": place.house.experience["experience_id"],
        "from_on": "2030-01-08",
        "until_on": "2030-01-08",
        "hours": ELEVEN,
        **given,
    }


async def joins(place: Salon, her: Caller | None = None, **given: Any) -> tuple[Caller, dict[str, Any]]:
    her = her or client()
    joined = said(await ask(place.house.by(her), "/v1/waitlist", wish(place, **given)), 201)
    place.house.clock.advance(seconds=1)
    return her, joined


async def mine(place: Salon, her: Caller) -> dict[str, Any]:
    """Her place on the list."""
    (hers,) = said(await place.house.by(her).get("/v1/me/waitlist"))["items"]
    return dict(hers)


async def stands(place: Salon, her: Caller, status: str) -> dict[str, Any]:
    """Wait until she stands so."""

    async def does() -> bool:
        await work_once(place.house.running.kit)
        return bool((await mine(place, her))["status"] == status)

    await until(does)
    return await mine(place, her)


async def answers(place: Salon, her: Caller, entry: dict[str, Any], answer: str) -> Any:
    return await place.house.by(her).post(f"/v1/waitlist/{entry['entry_id']}/{answer}")


async def test_a_time_given_up_is_kept_for_who_came_first_and_becomes_her_visit(running: Start) -> None:
    place = await salon(running)
    visit = await place.house.visit(local=VISIT)
    first, joined = await joins(place)
    second, _ = await joins(place)
    assert (joined["status"], joined["offer"]) == ("waiting", None)
    assert problem(await answers(place, first, joined, "accept")) == "nothing-offered"
    await place.house.step(place.house.manager(), visit["appointment_id"], "cancel")
    offered = await stands(place, first, "offered")
    assert offered["offer"]["starts_at"] == at(VISIT).isoformat().replace("+00:00", "Z")
    # Nobody else can have it meanwhile.
    assert problem(await place.house.asks(local=VISIT)) == "slot-taken"
    (message,) = place.door.told(first, "waitlist-offer")
    assert (message["purpose"], place.door.told(second, "waitlist-offer")) == ("service", [])
    taken = said(await answers(place, first, offered, "accept"))
    assert taken["status"] == "accepted"
    hers = said(await place.house.by(first).get(f"/v1/appointments/{offered['offer']['appointment_id']}"))
    assert hers["status"] == "confirmed"
    assert (await mine(place, second))["status"] == "waiting"
    (told,) = await place.house.running.facts("appointments.waitlist-offered.v1")
    (answered,) = await place.house.running.facts("appointments.waitlist-answered.v1")
    assert (told["data"]["client_id"], answered["data"]["outcome"]) == (str(first.client_id), "accepted")


async def test_whoever_is_stirred_just_then_keeps_her_turn(running: Start) -> None:
    place = await salon(running)
    visit = await place.house.visit(local=VISIT)
    first, joined = await joins(place)
    second, _ = await joins(place)
    kit = place.house.running.kit
    async with kit.database.transaction(first.brand_id) as tx:
        await tx.execute(
            text("select 1 from waitlist_entry where entry_id = :id for update"), {"id": joined["entry_id"]}
        )
        await place.house.step(place.house.manager(), visit["appointment_id"], "cancel")
        offered = asyncio.create_task(
            offer_next(kit.database, first.brand_id, UUID(joined["boutique_id"]), now=place.house.clock.now)
        )
        waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%waitlist_entry%'"

        async def waited_for() -> bool:
            return bool(await place.house.running.rows(waits))

        await until(waited_for)
    await offered
    assert (await stands(place, first, "offered"))["offer"] is not None
    assert (await mine(place, second))["status"] == "waiting"


async def test_what_she_lets_go_cascades_to_the_next_and_is_not_offered_to_her_again(running: Start) -> None:
    place = await salon(running)
    (first, _), (second, _), (third, _) = [await joins(place) for _ in range(3)]
    offered = await stands(place, first, "offered")
    assert said(await answers(place, first, offered, "decline"))["status"] == "waiting"
    await stands(place, second, "offered")
    place.house.clock.advance(hours=2)
    await stands(place, third, "offered")
    await stands(place, second, "waiting")
    assert (await mine(place, first))["status"] == "waiting"
    assert [len(place.door.told(one, "waitlist-offer")) for one in (first, second, third)] == [1, 1, 1]
    late = await answers(place, second, await mine(place, second), "accept")
    assert problem(late) == "nothing-offered"


async def test_confirming_the_appointment_is_accepting_the_offer(running: Start) -> None:
    place = await salon(running)
    her, _ = await joins(place)
    offered = await stands(place, her, "offered")
    await place.house.step(place.house.by(her), offered["offer"]["appointment_id"], "confirm")
    await stands(place, her, "accepted")


async def test_cancelling_the_appointment_is_declining_the_offer(running: Start) -> None:
    place = await salon(running)
    her, _ = await joins(place)
    offered = await stands(place, her, "offered")
    await place.house.step(place.house.by(her), offered["offer"]["appointment_id"], "cancel")
    await stands(place, her, "waiting")
    (fact,) = await place.house.running.facts("appointments.waitlist-answered.v1")
    assert fact["data"]["outcome"] == "declined"


async def test_whom_no_message_reaches_keeps_her_place_and_no_time(running: Start) -> None:
    place = await salon(running)
    mute = client()
    place.door.no[str(mute.client_id)] = "no-channel"
    await joins(place, mute)
    other, _ = await joins(place)
    await stands(place, other, "offered")
    listed = said(await place.house.manager().get("/v1/waitlist"))["items"]
    assert [(one["status"], one["reason"]) for one in listed] == [("waiting", "no-channel"), ("offered", None)]
    assert "reason" not in await mine(place, mute)
    # What the channel refuses later is given back too, and nobody is left to ask.
    (message,) = place.door.told(other, "waitlist-offer")
    fact = {"message_id": message["message_id"], "client_id": str(other.client_id), "purpose": "service"}
    fact |= {"template": "waitlist-offer", "reason": "43101"}
    await tell(place.house.running, "profile.message-refused.v1", fact)
    assert (await mine(place, other))["status"] == "waiting"
    assert await place.house.running.rows("select 1 from occupation") == []


async def test_by_default_time_alone_counts_and_a_brand_may_ask_some_segments_first(running: Start) -> None:
    place = await salon(running)
    core, vic = await place.of("core"), await place.of("vic")
    visit = await place.house.visit(local=VISIT)
    for her in (core, vic):
        await joins(place, her)
    setting = {"priority": ["vic", "core"]}
    said(await place.hq.put("/v1/waitlist-policy", json=setting, headers={"If-Match": '"0"'}))
    assert problem(await place.hq.put("/v1/waitlist-policy", json={}, headers={"If-Match": '"0"'})) == "stale"
    await place.house.step(place.house.manager(), visit["appointment_id"], "cancel")
    await stands(place, vic, "offered")
    assert (await mine(place, core))["status"] == "waiting"


async def test_one_place_on_one_list_and_days_to_come(running: Start) -> None:
    place = await salon(running)
    await place.house.visit(local=VISIT)
    her, joined = await joins(place)
    http = place.house.by(her)
    assert problem(await ask(http, "/v1/waitlist", wish(place))) == "already-waiting"
    for first, last in (("2030-01-08", "2030-01-07"), ("2030-01-01", "2030-01-06"), ("2030-01-08", "2030-06-01")):
        days = {"from_on": first, "until_on": last}
        assert problem(await ask(http, "/v1/waitlist", wish(place, **days))) == "wait-range-invalid"
    twice = [*ELEVEN, {"starts": "11:15", "ends": "12:00"}]
    assert problem(await ask(http, "/v1/waitlist", wish(place, hours=twice))) == "malformed"
    assert problem(await ask(http, "/v1/waitlist", wish(place, client_id=str(new_id())))) == "not-permitted"
    left = said(await http.delete(f"/v1/waitlist/{joined['entry_id']}"))
    assert left["status"] == "left"
    assert problem(await http.delete(f"/v1/waitlist/{joined['entry_id']}")) == "not-waiting"
    assert said(await ask(http, "/v1/waitlist", wish(place)), 201)["status"] == "waiting"


async def test_leaving_gives_back_what_was_kept(running: Start) -> None:
    place = await salon(running)
    her, joined = await joins(place)
    await stands(place, her, "offered")
    assert said(await place.house.by(her).delete(f"/v1/waitlist/{joined['entry_id']}"))["status"] == "left"
    assert await place.house.running.rows("select 1 from occupation") == []


async def test_the_house_puts_clients_on_the_list_and_answers_for_them(running: Start) -> None:
    place = await salon(running)
    her = client()
    advisor = place.house.by(staff(Role.ADVISOR, place.house.boutique_id, advisor_id=place.house.advisor_ids[0]))
    joined = said(await ask(advisor, "/v1/waitlist", wish(place, client_id=str(her.client_id))), 201)
    assert joined["made_by"] == "advisor"
    await stands(place, her, "offered")
    assert said(await advisor.post(f"/v1/waitlist/{joined['entry_id']}/accept"))["status"] == "accepted"
    assert problem(await ask(advisor, "/v1/waitlist", wish(place))) == "client-missing"
    elsewhere = place.house.by(staff(Role.ADVISOR))
    assert problem(await elsewhere.get(f"/v1/waitlist/{joined['entry_id']}")) == "not-found"


async def test_a_list_ends_with_its_days_and_rests_at_night(running: Start) -> None:
    place = await salon(running)
    place.house.clock.now = at("2030-01-07 21:30")
    her, _ = await joins(place)
    await work_once(place.house.running.kit)
    assert ((await mine(place, her))["status"], place.door.asked) == ("waiting", {})
    place.house.clock.now = at("2030-01-08 09:00")
    await stands(place, her, "offered")
    place.house.clock.now = at("2030-01-09 09:00")
    await stands(place, her, "ended")


async def test_who_never_answers_is_not_asked_a_fourth_time(running: Start) -> None:
    place = await salon(running)
    her, _ = await joins(place, until_on="2030-01-20", hours=[])
    for n in range(3):

        async def told(n: int = n) -> bool:
            await work_once(place.house.running.kit)
            return len(place.door.told(her, "waitlist-offer")) > n and (await mine(place, her))["offer"] is not None

        await until(told)
        place.house.clock.advance(hours=2)
    ended = await stands(place, her, "ended")
    assert ended["offer"] is None
    assert len(place.door.told(her, "waitlist-offer")) == 3


async def test_who_has_herself_erased_waits_no_more_and_keeps_no_time(running: Start) -> None:
    place = await salon(running)
    her, _ = await joins(place)
    await stands(place, her, "offered")
    erased = {"erasure_id": str(new_id()), "client_ids": [str(her.client_id)]}
    await tell(place.house.running, "profile.client-erased.v1", erased, about=f"client:{her.client_id}")
    left = "select 1 from waitlist_entry union all select 1 from waitlist_offer union all select 1 from occupation"
    assert await place.house.running.rows(left) == []


async def test_many_lists_worked_at_once_keep_each_time_for_one(running: Start) -> None:
    place = await salon(running)
    guests = [(await joins(place))[0] for _ in range(6)]
    await asyncio.gather(*(work_once(place.house.running.kit) for _ in range(6)))

    async def one_has_it() -> bool:
        await work_once(place.house.running.kit)
        return Counter([(await mine(place, one))["status"] for one in guests]) == {"offered": 1, "waiting": 5}

    await until(one_has_it)
    assert (await mine(place, guests[0]))["status"] == "offered"


async def test_an_offer_accepted_in_its_last_millisecond_races_with_its_end_and_one_wins(running: Start) -> None:
    place = await salon(running)
    pools = [Database(place.house.running.settings.database_url, pool_size=3, name=f"race-{n}") for n in range(2)]
    won: Counter[str] = Counter()
    try:
        for n in range(12):
            day = f"2030-01-{8 + n:02}"
            place.house.clock.now = at("2030-01-07 10:00") + timedelta(minutes=n)
            her, entry = await joins(place, from_on=day, until_on=day)
            offered = await stands(place, her, "offered")
            ends_at = datetime.fromisoformat(offered["offer"]["expires_at"])
            line = asyncio.Barrier(2)

            async def accepts(
                line: asyncio.Barrier = line,
                ends_at: datetime = ends_at,
                her: Caller = her,
                entry_id: str = entry["entry_id"],
            ) -> bool:
                async with pools[0].transaction(BRAND) as tx:
                    await line.wait()
                    try:
                        last = ends_at - timedelta(milliseconds=1)
                        await settling.accept(tx, UUID(entry_id), if_match="*", by=her, now=last)
                    except Refusal:
                        await tx.rollback()
                        return False
                    return True

            async def ends(line: asyncio.Barrier = line, ends_at: datetime = ends_at) -> None:
                await line.wait()
                await expire_overdue(pools[1], now=ends_at)
                await settling.settle_ended(pools[1], now=ends_at)

            accepted, _ = await asyncio.gather(accepts(), ends())
            visit = said(await place.house.by(her).get(f"/v1/appointments/{offered['offer']['appointment_id']}"))
            assert visit["status"] == ("confirmed" if accepted else "expired")
            await stands(place, her, "accepted" if accepted else "waiting")
            won[visit["status"]] += 1
            if not accepted:
                said(await place.house.by(her).delete(f"/v1/waitlist/{entry['entry_id']}"))
    finally:
        for pool in pools:
            await pool.dispose()
    assert sum(won.values()) == 12
    rows = await place.house.running.rows("select count(*) as all from occupation where kind = 'visit'")
    assert rows[0]["all"] == 3 * won["confirmed"]
