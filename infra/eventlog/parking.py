"""Parked facts: what a follower could not take, and what waits behind it. Seen by people, never skipped silently."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import Database
from infra.eventlog.direct import direct
from infra.eventlog.port import Envelope, Stored

BEHIND = "behind"  # the reason of a fact that was not tried, because an earlier one of its aggregate is parked

Aggregate = tuple[str, str]  # brand and partition key

_BLOCKED = """
select distinct brand_id, aggregate from parked_fact
where follower = $1 and (brand_id, aggregate) in (select * from unnest($2::text[], $3::text[]))
"""
_PARK = """
insert into parked_fact (follower, position, source, relay_seq, brand_id, aggregate, envelope, reason, attempts)
select $1, position, source, relay_seq, brand_id, aggregate, envelope::jsonb, $2, $3
from unnest($4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[])
    with ordinality as item (position, source, relay_seq, brand_id, aggregate, envelope, n)
order by n
"""
_FIRST = """
select id, position, source, relay_seq, envelope::text as envelope, parked_at from parked_fact
where follower = $1 and brand_id = $2 and aggregate = $3 order by id limit 1
"""
_LIST = """
select id, position, brand_id, source, aggregate, envelope ->> 'type' as type, reason, attempts, parked_at
from parked_fact where follower = $1 and id > $2 and ($3::text is null or brand_id = $3) order by id limit $4
"""
_AT = """
select brand_id, aggregate from parked_fact
where follower = $1 and id = $2 and ($3::text is null or brand_id = $3)
"""
_OF = "select count(*) from parked_fact where follower = $1 and brand_id = $2 and aggregate = $3"
_TRIED = "update parked_fact set attempts = attempts + 1, reason = $2 where id = $1"
_RELEASE = "delete from parked_fact where id = $1"


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked fact."""

    id: int
    stored: Stored


@dataclass(frozen=True, slots=True)
class Listed:
    """One parked fact as people see it, without its data."""

    id: int
    position: int
    brand_id: str
    source: str
    type: str
    aggregate: str
    reason: str
    attempts: int
    parked_at: datetime

    @property
    def is_culprit(self) -> bool:
        """Whether it failed itself, and does not only wait behind one that did."""
        return self.reason != BEHIND


def aggregate_of(stored: Stored) -> Aggregate:
    """The thing whose facts wait for one another."""
    return stored.envelope.brandid, stored.envelope.partitionkey


async def blocked(tx: AsyncSession, follower: str, facts: Sequence[Stored]) -> set[Aggregate]:
    """Which of these facts' aggregates have something parked."""
    if not facts:
        return set()
    keys = sorted({aggregate_of(stored) for stored in facts})
    connection = await tx.connection()
    rows = await connection.exec_driver_sql(_BLOCKED, (follower, [key[0] for key in keys], [key[1] for key in keys]))
    return {(row.brand_id, row.aggregate) for row in rows}


async def park(tx: AsyncSession, follower: str, facts: Sequence[Stored], *, reason: str, attempts: int) -> None:
    """Put facts aside, in order. `reason` is an SQLSTATE, the class of an exception, or BEHIND."""
    if not facts:
        return
    connection = await tx.connection()
    await connection.exec_driver_sql(
        _PARK,
        (
            follower,
            reason,
            attempts,
            [stored.position for stored in facts],
            [stored.source for stored in facts],
            [stored.relay_seq for stored in facts],
            [stored.envelope.brandid for stored in facts],
            [stored.envelope.partitionkey for stored in facts],
            [stored.envelope.to_json() for stored in facts],
        ),
    )


async def first(tx: AsyncSession, follower: str, aggregate: Aggregate) -> Parked | None:
    """The fact that the others of this aggregate wait for."""
    connection = await tx.connection()
    row = (await connection.exec_driver_sql(_FIRST, (follower, *aggregate))).one_or_none()
    if row is None:
        return None
    envelope = Envelope.model_validate_json(row.envelope)
    return Parked(row.id, Stored(row.position, row.source, row.relay_seq, envelope, row.parked_at))


async def release(tx: AsyncSession, parked: Parked) -> None:
    """Forget a fact that has taken effect."""
    connection = await tx.connection()
    await connection.exec_driver_sql(_RELEASE, (parked.id,))


async def tried(database: Database, parked: Parked, *, reason: str) -> None:
    """Keep that it failed once more."""
    async with direct(database.engine) as connection:
        await connection.execute(_TRIED, parked.id, reason)


async def listed(database: Database, follower: str, *, brand_id: str | None, after: int, limit: int) -> list[Listed]:
    """What is parked, oldest first, of one brand or of all."""
    async with direct(database.engine) as connection:
        rows = await connection.fetch(_LIST, follower, after, brand_id, limit)
    return [Listed(**row) for row in rows]


async def aggregate_at(database: Database, follower: str, parked_id: int, *, brand_id: str | None) -> Aggregate | None:
    """Whose fact is parked under this id, None when none is, or not of this brand."""
    async with direct(database.engine) as connection:
        row = await connection.fetchrow(_AT, follower, parked_id, brand_id)
    return None if row is None else (row["brand_id"], row["aggregate"])


async def still_parked(database: Database, follower: str, aggregate: Aggregate) -> int:
    """How many facts of this aggregate are parked."""
    async with direct(database.engine) as connection:
        return int(await connection.fetchval(_OF, follower, *aggregate))


async def parked_count(database: Database, follower: str) -> int:
    """How many facts this follower has put aside, those that only wait included."""
    async with direct(database.engine) as connection:
        return int(await connection.fetchval("select count(*) from parked_fact where follower = $1", follower))
