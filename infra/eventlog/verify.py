"""Verification: one source's whole line in the log, number by number, and what the followers here took of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.database import Database
from infra.eventlog import extent, reconcile
from infra.eventlog.direct import LONG, Connection, direct, unhurried
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.reconcile import Tell, silent
from infra.eventlog.rewind import first_new

SAID = 20  # examples of each kind

# Each finds what should not be there: an example that a person can look for, and how many it stands for.
_MISSING = """
select (before + 1) || '-' || (relay_seq - 1) as example, relay_seq - 1 - before as count from (
    select relay_seq, lag(relay_seq, 1, 0::bigint) over (order by relay_seq) as before from fact where source = $1
) line where relay_seq > before + 1
union all
select (held.last + 1) || '-' || last_relay_seq, last_relay_seq - held.last
from log_source, (select coalesce(max(relay_seq), 0) as last from fact where source = $1) held
where source = $1 and last_relay_seq > held.last
"""
_TWICE = """
select relay_seq::text as example, count(*) - 1 as count from fact where source = $1
group by relay_seq having count(*) > 1 order by relay_seq
"""
_SAME_ID = """
select min(envelope ->> 'id') as example, count(*) - 1 as count from fact where source = $1
group by envelope ->> 'id' having count(*) > 1
"""
_OUT_OF_ORDER = """
select key as example, 1::bigint as count from (
    select envelope ->> 'brandid' || ' ' || (envelope ->> 'partitionkey') as key, (envelope ->> 'sequence') as sequence,
        lag(envelope ->> 'sequence') over
            (partition by envelope ->> 'brandid', envelope ->> 'partitionkey' order by relay_seq) as before
    from fact where source = $1
) line where sequence <= before
"""
_POSITIONS = """
select relay_seq::text as example, 1::bigint as count from (
    select relay_seq, position, lag(position) over (order by relay_seq) as before from fact where source = $1
) line where position < before
"""
_BEYOND_END = """
select relay_seq::text as example, 1::bigint as count from fact
where source = $1 and relay_seq > (select last_relay_seq from log_source where source = $1) order by relay_seq
"""
_BEYOND_HEAD = """
select position::text as example, 1::bigint as count from fact
where source = $1 and position > (select position from log_head) order by position
"""
_COUNTS = """
select count(*) as facts, count(distinct (envelope ->> 'brandid', envelope ->> 'partitionkey')) as aggregates,
    coalesce(max(relay_seq), 0) as last from fact where source = $1
"""
CHECKS = {
    "missing": _MISSING,
    "number-twice": _TWICE,
    "id-twice": _SAME_ID,
    "sequence-out-of-order": _OUT_OF_ORDER,
    "position-out-of-order": _POSITIONS,
    "beyond-the-source's-end": _BEYOND_END,
    "beyond-the-head": _BEYOND_HEAD,
}
_FOLLOWERS = "select follower, position from follower_cursor order by follower"
_TAKEN = "select source, relay_seq from follower_source where follower = $1"
_SOURCES = "select source, last_relay_seq from log_source"


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is not as it was written: what sort, how much of it, and where to look first."""

    kind: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """One source's line: facts and aggregates counted, facts compared with the outbox, and what was found."""

    source: str
    facts: int
    aggregates: int
    compared: int
    damage: tuple[Damage, ...]


async def verify(database: Database, log: PostgresLog, source: str, *, tell: Tell = silent) -> Verified:
    """Look at every fact of one source, and at the followers of its service. Changes nothing."""
    found: list[Damage] = []
    steps = len(CHECKS) + 2
    async with direct(log.engine) as shared, shared.transaction():
        # One look at one state: facts appended meanwhile are not seen by half of the checks.
        await shared.execute("set transaction isolation level repeatable read, read only")
        await unhurried(shared)
        counted: Any = await shared.fetchrow(_COUNTS, source, timeout=LONG)
        for done, (kind, check) in enumerate(CHECKS.items()):
            tell(done, steps)
            found += _damage(kind, await shared.fetch(check, source, timeout=LONG))
    tell(steps - 2, steps)
    # It borrows a connection of its own: whoever held one meanwhile could wait for himself in a small pool.
    compared = await reconcile.compare(database, log, source)
    found += _numbers("missing-against-the-outbox", compared.missing_count, compared.missing)
    found += _numbers("foreign-to-the-outbox", compared.foreign_count, compared.foreign)
    tell(steps - 1, steps)
    async with direct(database.engine) as own, direct(log.engine) as shared:
        found += await _followers(own, shared)
    tell(steps, steps)
    return Verified(source, counted["facts"], counted["aggregates"], compared.facts, tuple(found))


async def _followers(own: Connection, shared: Connection) -> list[Damage]:
    found: list[Damage] = []
    for row in await own.fetch(_FOLLOWERS):
        taken = {one["source"]: one["relay_seq"] for one in await own.fetch(_TAKEN, row["follower"])}
        last = {one["source"]: one["last_relay_seq"] for one in await shared.fetch(_SOURCES)}
        beyond = [f"{name} {number}" for name, number in taken.items() if number > last.get(name, 0)]
        if beyond:
            found.append(Damage("taken-but-not-in-the-log", len(beyond), tuple(sorted(beyond)[:SAID])))
        new = await first_new(shared, taken)
        if new is not None and new <= row["position"]:
            found.append(Damage("skipped-by-the-follower", 1, (f"{row['follower']} at position {new}",)))
    return found


def _damage(kind: str, rows: Sequence[Any]) -> list[Damage]:
    if not rows:
        return []
    return [Damage(kind, sum(row["count"] for row in rows), tuple(row["example"] for row in rows[:SAID]))]


def _numbers(kind: str, count: int, numbers: Sequence[int]) -> list[Damage]:
    stretches = extent.ranges(list(numbers))[:SAID]
    told = tuple(str(first) if first == last else f"{first}-{last}" for first, last in stretches)
    return [Damage(kind, count, told)] if count else []
