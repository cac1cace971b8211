"""The fact that is carried to and fro here, about as large as a real one, and its effect of one row."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import Database
from infra.eventlog.facts import Delivered, Fact, Slice
from infra.eventlog.follower import on
from infra.eventlog.outbox import record
from infra.ids import new_id

BRAND = "lumiere"
TOGETHER = 100  # facts in one transaction, where only their number counts
_CREATE = """
create table if not exists bench_visit (follower text, event_id uuid, number bigint, primary key (follower, event_id))
"""
_CREATE_PROJECTION = "create table if not exists bench_projection (event_id uuid primary key, number bigint)"
_PROJECT = "insert into bench_projection select * from unnest($1::uuid[], $2::bigint[])"
INSERT = "insert into bench_visit select $1, * from unnest($2::uuid[], $3::bigint[])"


class VisitMeasured(Fact):
    """A visit, by the number it was announced under."""

    type: ClassVar[str] = "bench.visit-measured.v1"
    aggregate: ClassVar[str] = "visit_id"

    visit_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    starts_at: datetime
    number: int


class Measured(Slice):
    """What the follower reads of it."""

    type: ClassVar[str] = VisitMeasured.type

    number: int


def visit(number: int) -> VisitMeasured:
    """One fact, of an aggregate of its own."""
    ids = {name: new_id() for name in ("visit_id", "client_id", "boutique_id", "advisor_id")}
    return VisitMeasured(**ids, starts_at=datetime.now(UTC), number=number)


async def announce(database: Database, count: int) -> None:
    """Put facts into the outbox."""
    for first in range(0, count, TOGETHER):
        async with database.transaction(BRAND) as tx:
            for number in range(first, min(first + TOGETHER, count)):
                record(tx, visit(number))


async def make_tables(url: str) -> None:
    """The tables of the effects and of the projection."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_CREATE)
        await connection.execute(_CREATE_PROJECTION)
    finally:
        await connection.close()


async def _project(tx: AsyncSession, facts: Sequence[Delivered[Measured]]) -> None:
    connection = await tx.connection()
    await connection.exec_driver_sql(_PROJECT, ([one.event_id for one in facts], [one.fact.number for one in facts]))


# What a replay empties and fills anew.
PROJECTION = on(Measured, _project, fills=("bench_projection",))


class Effects:
    """The reaction of one follower: a row for each fact. `numbers` are those of the transaction under way."""

    def __init__(self, follower: str) -> None:
        self._follower = follower
        self.numbers: list[int] = []
        self.reaction = on(Measured, self._keep)

    async def _keep(self, tx: AsyncSession, facts: Sequence[Delivered[Measured]]) -> None:
        numbers = [one.fact.number for one in facts]
        connection = await tx.connection()
        await connection.exec_driver_sql(INSERT, (self._follower, [one.event_id for one in facts], numbers))
        self.numbers += numbers
