"""Seats of a full session: who waits is offered one that is free, in turn, and nobody is promised a seat too many."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from infra.database import Database
from infra.identity import Caller
from infra.refusal import Refusal
from services.appointments.occasions.actions import waiting
from services.appointments.occasions.actions.replying import reply
from services.appointments.occasions.rules.seats import SessionFull
from services.appointments.occasions.rules.wanted import Reply
from tests.appointments.build import said
from tests.appointments.guests import Salon, salon
from tests.asking import BRAND, problem, tell, until
from tests.conftest import Start

RIVALS = 20


async def full(place: Salon, **given: Any) -> tuple[dict[str, Any], Caller, dict[str, Any]]:
    """An occasion whose one seat is taken: it, the guest who has it, and her reply."""
    made = await place.occasion(sessions=[place.session(seats=1)], **given)
    her = await place.of("core")
    return made, her, await place.accepts(her, made)


async def waits(place: Salon, made: dict[str, Any], her: Caller) -> dict[str, Any]:
    (hers,) = await place.invited(made, her)
    return said(await place.replies(her, hers, "wait", session_id=made["sessions"][0]["session_id"]))


async def stands(place: Salon, made: dict[str, Any], her: Caller, status: str) -> dict[str, Any]:
    """Wait until her invitation stands so."""

    async def does() -> bool:
        return bool((await place.mine(her, made))["status"] == status)

    await until(does)
    return await place.mine(her, made)


async def test_a_full_session_names_the_others_and_takes_names(running: Start) -> None:
    place = await salon(running)
    made, *_ = await full(place)
    other = said(
        await place.events.post(
            f"/v1/occasions/{made['occasion_id']}/sessions",
            json=place.session("2030-02-02 19:00"),
            headers={"If-Match": "*", "Idempotency-Key": "one-more"},
        ),
        201,
    )["sessions"][1]["session_id"]
    her = await place.of("core")
    (hers,) = await place.invited(made, her)
    no = await place.replies(her, hers, "accept", session_id=made["sessions"][0]["session_id"])
    assert (problem(no), no.json()["alternatives"]) == ("session-full", [other])
    session = made["sessions"][0]["session_id"]
    assert said(await place.replies(her, hers, "wait", session_id=session))["status"] == "waiting"
    assert said(await place.replies(her, hers, "withdraw"))["status"] == "withdrawn"


async def test_a_seat_given_up_is_kept_for_who_waited_longest_and_goes_on_when_she_does_not_answer(
    running: Start,
) -> None:
    place = await salon(running)
    made, first, yes = await full(place)
    second, third = await place.of("vic"), await place.of("core")
    for her in (second, third):
        await waits(place, made, her)
        place.house.clock.advance(minutes=1)
    said(await place.replies(first, yes, "withdraw"))
    offered = await stands(place, made, second, "offered")
    assert (await place.seats(), (await place.mine(third, made))["status"]) == ([(1, 1)], "waiting")

    async def told() -> bool:
        return len(place.door.told(second, "seat-offer")) == 1

    await until(told)
    session = made["sessions"][0]["session_id"]
    # Nobody comes before those who wait.
    assert problem(await place.replies(first, yes, "accept", session_id=session)) == "session-full"
    place.house.clock.advance(hours=12)
    late = await place.replies(second, offered, "accept")
    assert problem(late) in {"seat-offer-expired", "session-missing", "session-full"}
    await stands(place, made, third, "offered")
    assert (await place.mine(second, made))["status"] == "invited"
    assert said(await place.replies(third, await place.mine(third, made), "accept"))["status"] == "accepted"
    assert await place.seats() == [(1, 1)]


async def test_a_brand_may_ask_some_segments_first(running: Start) -> None:
    place = await salon(running)
    setting = {"wait_order": ["vic", "core"], "alternates": False}
    said(await place.hq.put("/v1/occasion-policy", json=setting, headers={"If-Match": '"0"'}))
    made, first, yes = await full(place)
    core, vic = await place.of("core"), await place.of("vic")
    for her in (core, vic):
        await waits(place, made, her)
        place.house.clock.advance(minutes=1)
    said(await place.replies(first, yes, "withdraw"))
    await stands(place, made, vic, "offered")


async def test_a_seat_is_not_kept_for_whom_no_message_reaches(running: Start) -> None:
    place = await salon(running)
    made, first, yes = await full(place)
    mute, other = await place.of("core"), await place.of("core")
    for her in (mute, other):
        await waits(place, made, her)
        place.house.clock.advance(minutes=1)
    place.door.no[str(mute.client_id)] = "no-channel"
    said(await place.replies(first, yes, "withdraw"))
    await stands(place, made, other, "offered")
    row = await place.row(mute)
    assert (row["status"], row["reason"], row["seats_held"]) == ("waiting", "no-channel", 0)
    # What the channel refuses later goes back too.
    (offer,) = place.door.told(other, "seat-offer")
    fact = {"message_id": offer["message_id"], "client_id": str(other.client_id), "purpose": "service"}
    await tell(place.house.running, "profile.message-refused.v1", fact | {"template": "seat-offer", "reason": "43101"})
    assert ((await place.row(other))["status"], await place.seats()) == ("waiting", [(0, 0)])


async def test_of_twenty_guests_who_tap_at_once_exactly_one_has_the_last_seat(running: Start) -> None:
    place = await salon(running)
    guests = [await place.of("core", owned=False) for _ in range(RIVALS)]
    setting = {"most_invitations": 100, "alternates": False}
    said(await place.hq.put("/v1/occasion-policy", json=setting, headers={"If-Match": '"0"'}))
    for _ in range(3):
        made = await place.occasion(sessions=[place.session(seats=1)])
        form = {"client_ids": [str(one.client_id) for one in guests], "dry_run": False}
        path = f"/v1/occasions/{made['occasion_id']}/invitations"
        said(await place.hq.post(path, json=form, headers={"Idempotency-Key": made["occasion_id"]}), 201)
        await place.told()
        invitations = [await place.mine(one, made) for one in guests]
        session = made["sessions"][0]["session_id"]
        answers = await asyncio.gather(
            *(
                place.replies(her, hers, "accept", session_id=session)
                for her, hers in zip(guests, invitations, strict=True)
            )
        )
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: RIVALS - 1}
        assert {problem(one) for one in answers if one.status_code == 409} == {"session-full"}
    assert await place.seats() == [(1, 1)] * 3


async def test_parties_race_over_two_pools_and_no_seat_is_taken_twice(running: Start) -> None:
    place = await salon(running)
    guests = [await place.of("core", owned=False) for _ in range(RIVALS)]
    reserves = [{"segment": "vic", "seats": 2}]
    made = await place.occasion(sessions=[place.session(seats=9, reserves=reserves)])
    form = {"client_ids": [str(one.client_id) for one in guests], "dry_run": False}
    path = f"/v1/occasions/{made['occasion_id']}/invitations"
    said(await place.hq.post(path, json=form, headers={"Idempotency-Key": "all"}), 201)
    await place.told()
    invitations = [UUID((await place.mine(one, made))["invitation_id"]) for one in guests]
    session_id = UUID(made["sessions"][0]["session_id"])
    pools = [
        Database(place.house.running.settings.database_url, pool_size=RIVALS // 2, name=f"pool-{n}") for n in range(2)
    ]
    line = asyncio.Barrier(RIVALS)

    async def rival(n: int) -> int:
        async with pools[n % 2].transaction(BRAND) as tx:
            await line.wait()
            try:
                said_yes = Reply("accept", session_id, n % 3)
                await reply(tx, invitations[n], said_yes, if_match="*", by=guests[n], now=place.house.clock.now)
            except SessionFull:
                await tx.rollback()
                return 0
            return 1 + n % 3

    try:
        taken = sum(await asyncio.gather(*(rival(n) for n in range(RIVALS))))
    finally:
        for pool in pools:
            await pool.dispose()
    # Two of the nine are kept for others, and somebody who came alone has filled the last gap.
    assert taken == 7
    assert await place.seats() == [(7, 7)]


async def test_an_offer_accepted_in_its_last_millisecond_races_with_its_end_and_one_wins(running: Start) -> None:
    place = await salon(running)
    made = await place.occasion(sessions=[place.session(seats=1)])
    her = await place.of("core")
    (hers,) = await place.invited(made, her)
    session_id = UUID(made["sessions"][0]["session_id"])
    pools = [Database(place.house.running.settings.database_url, pool_size=2, name=f"race-{n}") for n in range(2)]
    won: Counter[bool] = Counter()
    try:
        for _ in range(20):
            said(await place.replies(her, hers, "wait", session_id=str(session_id)))
            offered = await stands(place, made, her, "offered")
            ends_at = datetime.fromisoformat(offered["offer_expires_at"])
            line = asyncio.Barrier(2)

            async def accepts(
                line: asyncio.Barrier = line, ends_at: datetime = ends_at, tag: str = str(offered["version"])
            ) -> bool:
                async with pools[0].transaction(BRAND) as tx:
                    await line.wait()
                    try:
                        await reply(
                            tx,
                            UUID(hers["invitation_id"]),
                            Reply("accept", session_id),
                            if_match=f'"{tag}"',
                            by=her,
                            now=ends_at - timedelta(milliseconds=1),
                        )
                    except Refusal:
                        await tx.rollback()
                        return False
                    return True

            async def ends(line: asyncio.Barrier = line, ends_at: datetime = ends_at) -> int:
                await line.wait()
                return await waiting.lapse(pools[1], now=ends_at)

            accepted, ended = await asyncio.gather(accepts(), ends())
            assert accepted is (not ended)
            won[accepted] += 1
            row = await place.row(her)
            assert (row["status"], row["seats_held"]) == (("accepted", 1) if accepted else ("invited", 0))
            assert await place.seats() == [(int(accepted), int(accepted))]
            if accepted:
                said(await place.replies(her, hers, "withdraw"))
    finally:
        for pool in pools:
            await pool.dispose()
    assert sum(won.values()) == 20


async def test_a_late_no_about_an_earlier_offer_leaves_her_the_later_one(running: Start) -> None:
    place = await salon(running)
    made, first, yes = await full(place)
    her = await place.of("core")
    hers = await waits(place, made, her)
    said(await place.replies(first, yes, "withdraw"))
    await stands(place, made, her, "offered")

    async def told(times: int) -> bool:
        return len(place.door.told(her, "seat-offer")) == times

    await until(lambda: told(1))
    await place.told()
    place.house.clock.advance(days=1)
    await stands(place, made, her, "invited")
    said(await place.replies(her, hers, "wait", session_id=made["sessions"][0]["session_id"]))
    await until(lambda: told(2))
    await place.told()
    earlier, later = place.door.told(her, "seat-offer")
    for message, status in ((earlier, "offered"), (later, "waiting")):
        about = {"message_id": message["message_id"], "template": "seat-offer", "reason": "43101"}
        await tell(place.house.running, "profile.message-refused.v1", about | {"client_id": str(her.client_id)})
        assert (await place.row(her))["status"] == status
    assert await place.seats() == [(0, 0)]
