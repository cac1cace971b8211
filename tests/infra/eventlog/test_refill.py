"""Refill: what the log has lost comes back from the outboxes, once, and nobody notices afterwards."""

import asyncio

import pytest

from infra.eventlog.follower import Follower
from infra.eventlog.lease import LeaseLost
from infra.eventlog.port import Deposed, Entry, LogGap
from infra.eventlog.refill import refill
from infra.eventlog.refusals import LogBusy, LogHasOthers, OutboxTooShort
from infra.eventlog.retention import forget_published
from infra.eventlog.status import look
from infra.eventlog.verify import verify
from infra.ids import new_id
from tests.infra.eventlog.builders import everything, until
from tests.infra.eventlog.house import House


async def _refill_all(three: House) -> None:
    for service in three.services.values():
        await refill(service.database, three.log, service.name)


async def _is_whole(three: House) -> bool:
    found = [await verify(service.database, three.log, service.name) for service in three.services.values()]
    return not any(one.damage for one in found)


async def _forget_the_log_behind(three: House, position: int) -> None:
    """As restored from an older copy: its facts, its sources and its head."""
    await three.in_log("delete from fact where position > $1", position)
    await three.in_log("update log_head set position = $1 returning 1", position)
    await three.in_log(
        "update log_source set last_relay_seq ="
        " (select coalesce(max(relay_seq), 0) from fact where fact.source = log_source.source)"
    )


@pytest.mark.parametrize("kept", [100, 70, 0])
async def test_a_log_restored_from_an_older_copy_gets_its_tail_again(three: House, kept: int) -> None:
    before, facts = await three.lamps(), await everything(three.log)
    await _forget_the_log_behind(three, kept)
    await three.services["lamps"].light(5)
    with pytest.raises(LogGap):
        await three.services["lamps"].send()
    status = await look(three.services["lamps"].database, three.log, "lamps")
    assert [one.kind for one in status.findings] == ["log-lost-facts"]

    await _refill_all(three)
    await three.settle()
    assert await _is_whole(three)
    again = {(one.source, one.relay_seq): one.envelope for one in await everything(three.log)}
    assert {(one.source, one.relay_seq): one.envelope for one in facts}.items() <= again.items()
    assert len(again) == len(facts) + 5
    after = await three.lamps()
    for name, lamps in before.items():
        assert [lamp for lamp in after[name] if lamp in lamps] == lamps
        assert len(after[name]) == len(lamps) + 1


async def test_only_rows_lost_and_the_suite_goes_on_before_anybody_notices(three: House) -> None:
    before = await three.lamps()
    await three.in_log("delete from fact where position > 90")
    for service in three.services.values():
        await service.light(3, lamp_id=new_id())
        await service.send()  # the log takes them, behind the hole
    late = three.services["candles"]
    await late.rows("delete from lamp")
    await late.rows("delete from follower_source")
    await late.rows("update follower_cursor set position = 0")
    with pytest.raises(LogGap):
        await late.take()  # one that starts anew cannot get over it

    done = [await refill(service.database, three.log, service.name) for service in three.services.values()]
    assert all(one.moved == 3 for one in done)
    await three.settle()
    assert await _is_whole(three)
    after = await three.lamps()
    for name, lamps in before.items():
        assert [lamp for lamp in after[name] if lamp in lamps] == lamps
        assert len(after[name]) == len(lamps) + 3
    assert after["lamps"] == after["candles"]


async def test_refilled_twice_is_refilled_once(three: House) -> None:
    before = await three.lamps()
    await _forget_the_log_behind(three, 40)
    await _refill_all(three)
    await _refill_all(three)
    await three.settle()
    await _refill_all(three)
    await three.settle()
    assert await _is_whole(three)
    assert await three.lamps() == before
    assert len(await everything(three.log)) == 135


async def test_a_whole_log_is_left_as_it_is(three: House) -> None:
    facts = await everything(three.log)
    done = await refill(three.services["lamps"].database, three.log, "lamps")
    assert (done.kept, done.again, done.moved, done.rewound) == (45, 0, 0, 0)
    assert await everything(three.log) == facts


async def test_killed_between_the_two_commits_the_relay_stands_still_and_a_second_refill_ends_it(three: House) -> None:
    lamps = three.services["lamps"]
    await _forget_the_log_behind(three, 60)
    # The log has committed, the outbox has not: exactly what stands here.
    await lamps.light(2)
    with pytest.raises(LogGap):
        await lamps.send()
    assert await lamps.rows("select 1 from outbox where published_at is null") != []
    await _refill_all(three)
    await three.settle()
    assert await _is_whole(three)


async def test_running_relays_and_followers_do_not_disturb_it(three: House) -> None:
    before, stop = await three.lamps(), asyncio.Event()
    services = list(three.services.values())
    running = [asyncio.create_task(one.relay.run(stop)) for one in services]
    running += [asyncio.create_task(one.follower.run(stop)) for one in services]
    writing = [asyncio.create_task(one.light(200, lamp_id=new_id())) for one in services]
    for _ in range(3):
        # Cut off in the midst of it: the appended rows vanish, as their relays mark them.
        await three.in_log("delete from fact where position > (select max(position) - 30 from fact)")
        await _refill_all(three)
    await asyncio.gather(*writing)
    await _refill_all(three)
    stop.set()
    await asyncio.gather(*running)
    await three.settle()
    assert await _is_whole(three)
    after = await three.lamps()
    assert after["lamps"] == after["lanterns"] == after["candles"]
    assert len(after["lamps"]) == len(before["lamps"]) + 3
    assert sum(lamp["lit"] for lamp in after["lamps"]) == 135 + 600


async def test_a_running_follower_that_has_passed_facts_goes_back_for_them_at_once(three: House) -> None:
    lamps, stop = three.services["lamps"], asyncio.Event()
    await lamps.rows("update follower_cursor set position = 139")
    follower = Follower(lamps.database, lamps.log, "lamps", lamps.reactions)
    await lamps.rows("update lease set expires_at = clock_timestamp()")
    running = asyncio.create_task(follower.run(stop))

    async def following() -> bool:
        return follower.lease.epoch is not None

    await until(following)
    await three.services["candles"].light(4)
    await three.services["candles"].send()
    assert (await refill(lamps.database, three.log, "lamps")).rewound == 1

    async def taken() -> bool:
        return bool(sum(lamp["lit"] for lamp in await lamps.lamps()) == 139)

    await until(taken, seconds=20)
    stop.set()
    await running


async def test_a_later_refill_or_relay_is_not_set_back_by_an_earlier_one(three: House) -> None:
    lamps = three.services["lamps"]
    await three.in_log("update log_source set epoch = 1000 where source = 'lamps'")
    await three.in_log("delete from fact where source = 'lamps' and relay_seq > 40")
    with pytest.raises(LogBusy):
        await refill(lamps.database, three.log, "lamps")
    assert await lamps.rows("select 1 from outbox where published_at is null") == []
    with pytest.raises(Deposed):
        await three.log.append("lamps", 999, [Entry(1, (await everything(three.log))[0].envelope)])


async def test_what_the_outbox_no_longer_keeps_is_refused_by_its_numbers(three: House) -> None:
    lamps = three.services["lamps"]
    await lamps.rows("update outbox set published_at = published_at - interval '15 days' where relay_seq <= 20")
    assert await forget_published(lamps.database) == 20
    await three.in_log("delete from fact where source = 'lamps' and relay_seq between 11 and 12")
    facts, outbox = await everything(three.log), await lamps.rows("select * from outbox order by id")
    with pytest.raises(OutboxTooShort) as refused:
        await refill(lamps.database, three.log, "lamps")
    assert refused.value.extra == {"source": "lamps", "missing": [[11, 20]]}
    assert await everything(three.log) == facts
    assert await lamps.rows("select * from outbox order by id") == outbox

    # What the outbox does keep can be closed, also in the middle.
    lanterns = three.services["lanterns"]
    await three.in_log("delete from fact where source = 'lanterns' and relay_seq between 11 and 12")
    done = await refill(lanterns.database, three.log, "lanterns")
    assert (done.kept, done.again, done.moved) == (10, 35, 33)


async def test_a_service_older_than_the_log_is_refused(three: House) -> None:
    lamps = three.services["lamps"]
    await lamps.rows("delete from outbox where relay_seq > 40")
    await lamps.rows("update relay_state set last_relay_seq = 40")
    with pytest.raises(LogHasOthers) as refused:
        await refill(lamps.database, three.log, "lamps")
    assert refused.value.extra == {"source": "lamps", "foreign": [[41, 45]]}


async def test_another_fact_under_a_number_of_ours_is_refused(three: House) -> None:
    lamps = three.services["lamps"]
    await lamps.rows("update outbox set event_id = gen_random_uuid() where relay_seq = 7")
    with pytest.raises(LogHasOthers) as refused:
        await refill(lamps.database, three.log, "lamps")
    assert refused.value.extra == {"source": "lamps", "foreign": [[7, 7]]}


async def test_a_relay_that_appended_before_a_refill_cannot_mark_after_it(three: House) -> None:
    lamps = three.services["lamps"]
    await lamps.light(5)
    epoch = await lamps.relay.lease.hold()
    assert epoch is not None
    await lamps.relay.stamp(epoch)
    batch = await lamps.relay.stamped()
    await lamps.relay.append(epoch, batch)
    await three.in_log("delete from fact where source = 'lamps' and relay_seq > 45")
    await refill(lamps.database, three.log, "lamps")
    with pytest.raises(LeaseLost):
        await lamps.relay.mark(batch)
    lamps.relay.lease.drop()
    await three.settle()
    assert await _is_whole(three)
