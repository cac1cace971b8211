"""The relay: every fact into the log, once and in order, whatever is killed in between."""

import asyncio
import json
from typing import ClassVar
from uuid import UUID

import pytest

from infra.eventlog.direct import direct
from infra.eventlog.facts import Fact
from infra.eventlog.lease import LeaseLost
from infra.eventlog.port import Deposed
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.relay import Relay
from infra.ids import new_id
from infra.telemetry import start_trace
from tests.infra.eventlog.builders import LampLit, announce, everything, rows, until
from tests.infra.eventlog.conftest import NewDatabase, NewLog

_EXPIRE = "update lease set expires_at = clock_timestamp() - interval '1 ms' returning epoch"
_LEFT = "select relay_seq from outbox where published_at is null order by id"


async def _lit(new_database: NewDatabase, count: int, *, lamp_id: UUID | None = None) -> UUID:
    lamp_id, database = lamp_id or new_id(), new_database()
    for by in range(count):
        await announce(database, LampLit(lamp_id=lamp_id, by=by))
    return lamp_id


async def test_a_fact_reaches_the_log_as_a_cloud_event(
    new_database: NewDatabase, log: PostgresLog, log_url: str
) -> None:
    traceparent = start_trace(None)
    lamp_id = await _lit(new_database, 1)
    assert await Relay(new_database(), log, "lamps").once() == 1
    (row,) = await rows(log_url, "select source, relay_seq, envelope::text from fact")
    (stored,) = await everything(log)
    assert (row["source"], row["relay_seq"]) == ("lamps", 1)
    told = stored.envelope.model_dump(mode="json")
    assert told.pop("id")
    assert told.pop("time").endswith("Z")
    assert told == {
        "specversion": "1.0",
        "source": "maison/lamps",
        "type": "lamps.lamp-lit.v1",
        "subject": str(lamp_id),
        "datacontenttype": "application/json",
        "partitionkey": f"lamp:{lamp_id}",
        "sequence": "00000000000000000001",
        "brandid": "lumiere",
        "traceparent": traceparent,
        "data": {"lamp_id": str(lamp_id), "by": 0},
    }


class LampNamed(Fact):
    type: ClassVar[str] = "lamps.lamp-named.v1"
    aggregate: ClassVar[str] = "lamp_id"

    lamp_id: UUID
    name: str | None


@pytest.mark.parametrize("name", [None, 'a "lamp", {or} %s \\ not', "灯"])
async def test_the_data_stands_in_the_envelope_as_it_was_recorded_and_no_trace_is_left_out(
    new_database: NewDatabase, log: PostgresLog, log_url: str, name: str | None
) -> None:
    fact = LampNamed(lamp_id=new_id(), name=name)
    database = new_database()
    await announce(database, fact)
    async with direct(database.engine) as connection:
        await connection.execute("update outbox set traceparent = null")
    assert await Relay(database, log, "lamps").once() == 1
    (row,) = await rows(log_url, "select envelope::text from fact")
    envelope = json.loads(row["envelope"])
    assert envelope["data"] == fact.model_dump(mode="json")
    (stored,) = await everything(log)
    # What a relay writes down is what the envelope itself would write.
    assert envelope == json.loads(stored.envelope.to_json())
    assert "traceparent" not in envelope


async def test_an_empty_outbox_is_no_work(new_database: NewDatabase, log: PostgresLog) -> None:
    assert await Relay(new_database(), log, "lamps").once() == 0


async def test_killed_between_append_and_mark_it_doubles_nothing(
    new_database: NewDatabase, new_log: NewLog, service_url: str
) -> None:
    lamp_id = await _lit(new_database, 5)
    killed = Relay(new_database(), new_log(), "lamps")
    epoch = await killed.lease.hold()
    assert epoch == 1
    await killed.stamp(epoch)
    await killed.append(epoch, await killed.stamped())
    # Here it is killed: the log has the facts, the outbox does not know.
    await _lit(new_database, 3, lamp_id=lamp_id)
    await rows(service_url, _EXPIRE)
    heir, log = Relay(new_database(), new_log(), "lamps"), new_log()
    while await heir.once():
        pass
    assert [one.envelope.data["by"] for one in await everything(log)] == [0, 1, 2, 3, 4, 0, 1, 2]
    assert [one.relay_seq for one in await everything(log)] == list(range(1, 9))
    assert await rows(service_url, _LEFT) == []


async def test_killed_between_stamp_and_append_it_loses_nothing_and_keeps_its_numbers(
    new_database: NewDatabase, log: PostgresLog, service_url: str
) -> None:
    await _lit(new_database, 5)
    killed = Relay(new_database(), log, "lamps")
    epoch = await killed.lease.hold()
    assert epoch == 1
    await killed.stamp(epoch)
    await rows(service_url, _EXPIRE)
    await _lit(new_database, 2)
    heir = Relay(new_database(), log, "lamps")
    assert await heir.once() == 5
    assert await heir.once() == 2
    assert [one.relay_seq for one in await everything(log)] == list(range(1, 8))


async def test_a_relay_deposed_without_noticing_numbers_and_appends_nothing(
    new_database: NewDatabase, new_log: NewLog, service_url: str
) -> None:
    await _lit(new_database, 4)
    old, new, log = Relay(new_database(), new_log(), "lamps"), Relay(new_database(), new_log(), "lamps"), new_log()
    epoch = await old.lease.hold()
    assert epoch == 1
    await old.stamp(epoch)
    asleep_with = await old.stamped()  # the old one pauses here, as in a suspended machine
    await rows(service_url, _EXPIRE)
    assert await new.once() == 4
    await _lit(new_database, 1)
    with pytest.raises(Deposed):
        await old.append(epoch, asleep_with)
    with pytest.raises(LeaseLost):
        await old.stamp(epoch)
    with pytest.raises(LeaseLost):
        await old.once()
    assert old.lease.epoch is None
    assert await old.once() == 0
    assert await new.once() == 1
    assert len(await everything(log)) == 5


async def test_of_two_relays_one_works_and_the_other_takes_over_when_it_stops(
    new_database: NewDatabase, new_log: NewLog
) -> None:
    first, second, log = Relay(new_database(), new_log(), "lamps"), Relay(new_database(), new_log(), "lamps"), new_log()
    stops = [asyncio.Event(), asyncio.Event()]
    running = [asyncio.create_task(relay.run(stop)) for relay, stop in zip((first, second), stops, strict=True)]
    async with asyncio.timeout(10):
        await _lit(new_database, 3)
        assert len(await log.read(0, 1, 5)) == 1
        assert sorted([first.lease.epoch, second.lease.epoch], key=str) == [1, None]
        active = 0 if first.lease.epoch else 1
        stops[active].set()
        await running[active]
        lamp_id = await _lit(new_database, 1)
        while (last := (await everything(log))[-1]).envelope.subject != str(lamp_id):
            await log.read(last.position, 1, 1)
        assert (second if active == 0 else first).lease.epoch == 2
        stops[1 - active].set()
        await running[1 - active]
    assert [one.relay_seq for one in await everything(log)] == [1, 2, 3, 4]


async def test_a_killed_relay_is_replaced_within_five_seconds(new_database: NewDatabase, new_log: NewLog) -> None:
    dead, heir, log, stop = (
        Relay(new_database(), new_log(), "lamps"),
        Relay(new_database(), new_log(), "lamps"),
        new_log(),
        asyncio.Event(),
    )
    assert await dead.lease.hold() == 1  # and is never heard of again
    running = asyncio.create_task(heir.run(stop))
    await _lit(new_database, 1)
    async with asyncio.timeout(5):
        assert len(await log.read(0, 1, 5)) == 1
    stop.set()
    await running


async def test_it_outlives_a_log_that_is_away(new_database: NewDatabase, log: PostgresLog, log_url: str) -> None:
    nowhere = PostgresLog(log_url.rpartition("/")[0] + "/nowhere")
    away, stop = Relay(new_database(), nowhere, "lamps"), asyncio.Event()
    await _lit(new_database, 2)
    running = asyncio.create_task(away.run(stop))
    assert len(await until(away.stamped)) == 2
    stop.set()
    await running
    await nowhere.dispose()
    assert await Relay(new_database(), log, "lamps").once() == 2
