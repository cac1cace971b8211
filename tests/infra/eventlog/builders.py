"""Facts, slices and short words for the tests of the event log. No business of the house: lamps that are lit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import Database
from infra.eventlog.facts import Delivered, Fact, Slice
from infra.eventlog.outbox import record
from infra.eventlog.port import Entry, Envelope, Stored
from infra.eventlog.postgres import PostgresLog
from infra.ids import new_id

BRAND = "lumiere"
OTHER_BRAND = "aurore"


class LampLit(Fact):
    type: ClassVar[str] = "lamps.lamp-lit.v1"
    aggregate: ClassVar[str] = "lamp_id"

    lamp_id: UUID
    by: int = 0


class LampBroken(Fact):
    type: ClassVar[str] = "lamps.lamp-broken.v1"
    aggregate: ClassVar[str] = "lamp_id"

    lamp_id: UUID


class LampLooked(Fact):
    """What the follower of the tests announces itself."""

    type: ClassVar[str] = "watch.lamp-looked-at.v1"
    aggregate: ClassVar[str] = "lamp_id"

    lamp_id: UUID


class Lit(Slice):
    type: ClassVar[str] = "lamps.lamp-lit.v1"

    lamp_id: UUID
    by: int


class Broken(Slice):
    type: ClassVar[str] = "lamps.lamp-broken.v1"

    lamp_id: UUID


Found = TypeVar("Found")

_EFFECT = text(
    "insert into effect (brand_id, event_id, aggregate, sequence, by)"
    " values (:brand_id, :event_id, :aggregate, :sequence, :by)"
)


async def keep(tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
    """The effect of the tests: one row per fact, under row-level security, in the order of the calls."""
    rows = [
        {
            "brand_id": one.brand_id,
            "event_id": one.event_id,
            "aggregate": one.aggregate,
            "sequence": one.sequence,
            "by": getattr(one.fact, "by", -1),
        }
        for one in facts
    ]
    await tx.execute(_EFFECT, rows)


async def announce(database: Database, *facts: Fact, brand_id: str = BRAND) -> None:
    """Commit facts in one transaction."""
    async with database.transaction(brand_id) as tx:
        for fact in facts:
            record(tx, fact)


def entry(relay_seq: int, *, brand_id: str = BRAND, lamp_id: UUID | None = None, **envelope: Any) -> Entry:
    """A fact for the log."""
    lamp_id = lamp_id or new_id()
    made: dict[str, Any] = {
        "id": new_id(),
        "source": "maison/lamps",
        "type": LampLit.type,
        "subject": str(lamp_id),
        "time": "2026-03-01T09:30:00Z",
        "partitionkey": f"lamp:{lamp_id}",
        "sequence": f"{relay_seq:020}",
        "brandid": brand_id,
        "data": {"lamp_id": str(lamp_id), "by": relay_seq},
    }
    return Entry(relay_seq, Envelope.model_validate(made | envelope))


async def everything(log: PostgresLog) -> list[Stored]:
    """The whole log."""
    stored: list[Stored] = []
    while batch := await log.read(stored[-1].position if stored else 0, 1000):
        stored += batch
    return stored


async def until(look: Callable[[], Awaitable[Found]], *, seconds: float = 5) -> Found:
    """What `look` finds once it finds something; TimeoutError if that takes too long."""
    async with asyncio.timeout(seconds):
        while not (found := await look()):  # noqa: ASYNC110 - what is awaited happens in PostgreSQL
            await asyncio.sleep(0.01)
    return found


async def rows(url: str, query: str, *args: object) -> list[dict[str, Any]]:
    """What a query finds over every brand, on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select set_config('maison.brand_id', '*', false)")
        return [dict(row) for row in await connection.fetch(query, *args)]
    finally:
        await connection.close()
