"""Who was erased, kept in a file beside the keys: an older backup must not bring anybody back."""

import fcntl
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from suite.backup.obstacles import TombstonesUnreadable

FILE = "tombstones.jsonl"

_READ = "select brand_id, aggregate, buried_at from tombstone"
_THERE = "select to_regclass('tombstone') is not null"
_CARRY = """
insert into tombstone (brand_id, aggregate, buried_at, restored_at)
select *, $4 from unnest($1::text[], $2::text[], $3::timestamptz[])
on conflict (brand_id, aggregate) do nothing
"""


class Tombstone(BaseModel):
    """One tombstone of one database. Ids only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database: str
    brand_id: str
    aggregate: str
    buried_at: AwareDatetime

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two of them the same."""
        return self.database, self.brand_id, self.aggregate


def parse(text: bytes, *, where: str) -> list[Tombstone]:
    """What stands in such a file; raises TombstonesUnreadable, which says where."""
    # Behind the last line break stands what a killed writer left: the next to write says it again.
    *lines, _unfinished = text.split(b"\n")
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(Tombstone.model_validate_json(line))
        except ValidationError:
            what = f"line {number} of {where} cannot be read"
            advice = "It remembers who was erased. Put it right from the last key file before you go on."
            raise TombstonesUnreadable(what, advice) from None
    return found


@dataclass(frozen=True)
class Memory:
    """The file. Lines are only ever added."""

    path: Path

    def read(self) -> list[Tombstone]:
        """Everything remembered; raises TombstonesUnreadable."""
        return parse(self.path.read_bytes(), where=str(self.path)) if self.path.exists() else []

    def remember(self, found: Iterable[Tombstone]) -> int:
        """Add what is new; it is on the disk when this returns. Answers how many; raises TombstonesUnreadable."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b") as file:
            # A backup may write while the suite starts: what the other one is about to end must not be cut off.
            fcntl.flock(file, fcntl.LOCK_EX)
            held = file.read()
            known = {one.key for one in parse(held, where=str(self.path))}
            new = [one for one in found if one.key not in known]
            if not new:
                return 0
            if not held.endswith(b"\n"):
                file.truncate(held.rfind(b"\n") + 1)
            file.write(b"".join(one.model_dump_json().encode() + b"\n" for one in new))
            file.flush()
            os.fsync(file.fileno())
        return len(new)


async def keep(memory: Memory, urls: Mapping[str, str]) -> int:
    """Make databases and memory know the same; answers how many aggregates had to be buried again."""
    again = await carry(urls, memory.read())
    memory.remember(await gather(urls))
    return again


async def gather(urls: Mapping[str, str]) -> list[Tombstone]:
    """The tombstones of these databases, by name of the database; raises OSError or asyncpg.PostgresError."""
    found = []
    for name, url in urls.items():
        connection = await asyncpg.connect(url, timeout=10)
        try:
            # Databases of an older Maison, or none of a service: there is no such table.
            if await connection.fetchval(_THERE):
                await connection.execute("select set_config('maison.brand_id', '*', false)")
                found += [Tombstone(database=name, **row) for row in await connection.fetch(_READ)]
        finally:
            await connection.close()
    return found


async def carry(urls: Mapping[str, str], remembered: Iterable[Tombstone]) -> int:
    """Bury again, in every database, what one of them has forgotten; answers how many aggregates that were.

    A database that lacks a tombstone it once had is older than the file. Then the others are too: what was erased
    stands in all of them again, and each tombstone says since when (`restored_at`).
    """
    there = {one.key for one in await gather(urls)}
    lost = {(one.brand_id, one.aggregate): one.buried_at for one in remembered if one.key not in there}
    if not lost:
        return 0
    now = datetime.now(UTC)
    rows = ([brand for brand, _ in lost], [key for _, key in lost], list(lost.values()))
    for url in urls.values():
        connection = await asyncpg.connect(url, timeout=10)
        try:
            if await connection.fetchval(_THERE):
                await connection.execute("select set_config('maison.brand_id', '*', false)")
                await connection.execute(_CARRY, *rows, now)
        finally:
            await connection.close()
    return len(lost)
