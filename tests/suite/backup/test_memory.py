"""The file of tombstones beside the keys: only ever longer, and what an older database has forgotten comes from it."""

import fcntl
import threading
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from suite.backup.obstacles import TombstonesUnreadable
from suite.backup.tombstones import FILE, Memory, Tombstone, carry, gather, keep
from tests.running import Throwaway

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _stone(number: int, *, database: str = "maison_profile", brand_id: str = "lumiere") -> Tombstone:
    return Tombstone(database=database, brand_id=brand_id, aggregate=f"client:{number}", buried_at=NOW)


async def _ask(url: str, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select set_config('maison.brand_id', '*', false)")
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


def test_each_is_written_once_and_only_its_owner_reads_them(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "keys" / FILE)
    assert memory.read() == []
    assert memory.remember([_stone(1), _stone(2)]) == 2
    assert memory.remember([_stone(2), _stone(3), _stone(2, brand_id="aurore")]) == 2
    assert memory.read() == [_stone(1), _stone(2), _stone(3), _stone(2, brand_id="aurore")]
    assert memory.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left", [b'{"database": "mai', _stone(2).model_dump_json().encode()])
def test_a_line_that_was_cut_off_is_none_and_is_said_again(tmp_path: Path, left: bytes) -> None:
    memory = Memory(tmp_path / FILE)
    memory.remember([_stone(1)])
    with memory.path.open("ab") as file:
        file.write(left)
    assert memory.read() == [_stone(1)]
    assert memory.remember([_stone(1), _stone(2)]) == 1
    assert memory.read() == [_stone(1), _stone(2)]


def test_two_that_write_at_once_cut_nothing_of_each_other(tmp_path: Path) -> None:
    memory = Memory(tmp_path / FILE)
    memory.remember([_stone(1)])
    told: list[int] = []
    second = threading.Thread(target=lambda: told.append(memory.remember([_stone(1), _stone(3)])))
    line = _stone(2).model_dump_json().encode() + b"\n"
    with memory.path.open("ab", buffering=0) as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        first.write(line[:20])
        second.start()
        # As long as the first has not ended its line, the second has not begun.
        second.join(0.3)
        first.write(line[20:])
    second.join(20)
    assert told == [1]
    assert memory.read() == [_stone(1), _stone(2), _stone(3)]


def test_a_damaged_line_stops_everything(tmp_path: Path) -> None:
    memory = Memory(tmp_path / FILE)
    memory.remember([_stone(1)])
    memory.path.write_bytes(b"?\n" + memory.path.read_bytes())
    with pytest.raises(TombstonesUnreadable, match="line 1"):
        memory.read()


async def test_what_one_database_has_forgotten_is_buried_again_in_all(postgres: Throwaway, tmp_path: Path) -> None:
    urls = {name: await postgres.database(name) for name in ("maison_profile", "maison_feedback")}
    memory = Memory(tmp_path / FILE)
    stand = "select aggregate, restored_at is not null from tombstone order by 1"
    insert = "insert into tombstone (brand_id, aggregate, buried_at) values ('lumiere', 'client:1', now())"
    try:
        await _ask(urls["maison_profile"], insert)
        # An ordinary start: feedback will hear of it through the log, and takes nothing from profile's.
        assert await keep(memory, urls) == 0
        assert await _ask(urls["maison_feedback"], stand) == []
        # Put back to an earlier day.
        await _ask(urls["maison_profile"], "delete from tombstone")
        assert await keep(memory, urls) == 1
        for url in urls.values():
            assert await _ask(url, stand) == [("client:1", True)]
        assert await keep(memory, urls) == 0
        assert await carry(urls, memory.read()) == 0
        assert len(memory.read()) == len(await gather(urls)) == 2
    finally:
        for url in urls.values():
            await postgres.drop(url)
