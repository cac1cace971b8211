"""How far a source has come, in its outbox and in the log: what refill, reconciliation and status measure with."""

from dataclasses import dataclass
from typing import Any

from infra.eventlog.direct import LONG, Connection

# What is numbered and not marked stands at the end: everything before the first of it is known to be in the log.
_OUTBOX = """
select coalesce((select last_relay_seq from relay_state where source = $1), 0) as numbered,
    coalesce((select min(relay_seq) - 1 from outbox where published_at is null and relay_seq is not null),
        (select last_relay_seq from relay_state where source = $1), 0) as published
"""
_IN_LOG = "select count(*) as facts, coalesce(max(relay_seq), 0) as last from fact where source = $1"
# Rows are told apart from their place in the line: the first that stands too far on has a gap before it.
_FIRST_GAP = """
select min(place) - 1 from (
    select relay_seq, row_number() over (order by relay_seq) as place from fact where source = $1
) line where relay_seq <> place
"""
_HEAD = "select greatest(position, (select coalesce(max(position), 0) from fact)) from log_head"


@dataclass(frozen=True, slots=True)
class Numbered:
    """Of one outbox: the last number given, and the last number whose fact the log is known to have taken."""

    last: int
    published: int


@dataclass(frozen=True, slots=True)
class InLog:
    """Of one source in the log: how many facts, the last number, and up to which number none is missing."""

    facts: int
    last: int
    whole_until: int


async def numbered(connection: Connection, source: str) -> Numbered:
    """How far the outbox of this source has come."""
    row: Any = await connection.fetchrow(_OUTBOX, source)
    return Numbered(row["numbered"], row["published"])


async def in_log(connection: Connection, source: str) -> InLog:
    """How much of this source the log holds; counts, so it takes a second or so for a million facts."""
    row: Any = await connection.fetchrow(_IN_LOG, source, timeout=LONG)
    whole = row["last"]
    if row["facts"] != row["last"]:
        gap = await connection.fetchval(_FIRST_GAP, source, timeout=LONG)
        whole = row["last"] if gap is None else gap
    return InLog(row["facts"], row["last"], whole)


async def head(connection: Connection) -> int:
    """The last position that was ever given, as far as this log knows."""
    return int(await connection.fetchval(_HEAD))


def ranges(numbers: list[int]) -> list[list[int]]:
    """Numbers as [first, last] stretches, for people and machines to read."""
    told: list[list[int]] = []
    for number in sorted(numbers):
        if told and number == told[-1][1] + 1:
            told[-1][1] = number
        else:
            told.append([number, number])
    return told
