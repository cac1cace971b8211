"""The port of the log, held against the PostgreSQL engine."""

import asyncio

import pytest

from infra.eventlog.port import Deposed, Entry, LogForked, LogGap, Stored
from infra.eventlog.postgres import PostgresLog
from tests.infra.eventlog.builders import entry, everything, rows
from tests.infra.eventlog.conftest import NewLog
from tests.running import Throwaway


async def test_positions_are_dense_and_the_envelope_comes_back_as_it_went(log: PostgresLog) -> None:
    batch = [entry(number) for number in range(1, 6)]
    assert await log.append("lamps", 1, batch) == 5
    stored = await log.read(0, 10)
    assert [one.position for one in stored] == [1, 2, 3, 4, 5]
    assert [Entry(one.relay_seq, one.envelope) for one in stored] == batch
    assert [one.relay_seq for one in await log.read(2, 2)] == [3, 4]


async def test_repeats_are_dropped(log: PostgresLog) -> None:
    batch = [entry(number) for number in range(1, 6)]
    await log.append("lamps", 1, batch[:3])
    assert await log.append("lamps", 1, batch[:3]) == 0
    assert await log.append("lamps", 1, batch) == 2
    assert [one.relay_seq for one in await everything(log)] == [1, 2, 3, 4, 5]


async def test_a_gap_is_refused_and_nothing_of_its_batch_is_kept(log: PostgresLog) -> None:
    for batch in ([entry(2)], [entry(1), entry(3)], [entry(1), entry(1)]):
        with pytest.raises(LogGap):
            await log.append("lamps", 1, batch)
    assert await everything(log) == []
    assert await log.append("lamps", 1, [entry(1)]) == 1
    assert [one.position for one in await everything(log)] == [1]


async def test_a_deposed_relay_is_refused(log: PostgresLog) -> None:
    repeat = entry(1)
    await log.append("lamps", 1, [repeat])
    await log.append("lamps", 2, [repeat])  # the new one speaks up, if only to repeat
    with pytest.raises(Deposed):
        await log.append("lamps", 1, [entry(2)])
    assert await log.append("lamps", 2, [entry(2)]) == 1
    assert await log.append("other", 1, [entry(1)]) == 1


async def test_another_fact_under_a_known_number_is_not_taken_for_a_repeat(log: PostgresLog) -> None:
    await log.append("lamps", 1, [entry(1)])
    with pytest.raises(LogForked):
        await log.append("lamps", 2, [entry(1), entry(2)])
    assert len(await everything(log)) == 1


async def test_racing_appenders_leave_no_gap_and_a_reader_never_sees_one(new_log: NewLog) -> None:
    sources, each = 6, 120

    async def fill(source: int) -> None:
        log, batch = new_log(), [entry(number) for number in range(1, each + 1)]
        for start in range(0, each, 8):
            await log.append(f"source-{source}", 1, batch[start : start + 8])

    async def read() -> list[Stored]:
        log = new_log()
        seen: list[Stored] = []
        while len(seen) < sources * each:
            seen += await log.read(len(seen), 37, 5)
        return seen

    reading = asyncio.create_task(read())
    await asyncio.gather(*(fill(source) for source in range(sources)))
    seen = await reading
    assert [one.position for one in seen] == list(range(1, sources * each + 1))
    for source in range(sources):
        assert [one.relay_seq for one in seen if one.source == f"source-{source}"] == list(range(1, each + 1))


async def test_a_reader_that_waits_hears_of_an_append_by_another_process(new_log: NewLog) -> None:
    here, there = new_log(), new_log()
    assert await here.read(0, 10, 0.01) == []
    waiting = asyncio.create_task(here.read(0, 10, 30))
    await there.append("lamps", 1, [entry(1)])
    async with asyncio.timeout(5):
        assert len(await waiting) == 1


async def test_the_next_partition_is_there_before_it_is_needed(postgres: Throwaway) -> None:
    log_url = await postgres.database("maison_log")
    edge = 10_000_000  # of the first partition
    await rows(log_url, "update log_head set position = $1 returning 1", edge - 15)
    logs = [PostgresLog(log_url, partition=40) for _ in range(2)]
    for number in range(1, 21):
        await logs[number % 2].append("lamps", 1, [entry(5 * number - 4 + more) for more in range(5)])
    stored = await logs[0].read(edge - 15, 200)
    assert [one.position for one in stored] == list(range(edge - 14, edge + 86))
    assert [one.relay_seq for one in stored] == list(range(1, 101))
    partitions = await rows(log_url, "select first, until from log_partition order by first")
    assert [(row["first"], row["until"]) for row in partitions[:3]] == [
        (0, edge),
        (edge, edge + 40),
        (edge + 40, edge + 80),
    ]
    for log in logs:
        await log.dispose()
    await postgres.drop(log_url)
