"""Several services on one log, each with a database of its own, as far as the log knows them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import Database, guard
from infra.eventlog.facts import Delivered
from infra.eventlog.follower import CursorMoved, Follower, on
from infra.eventlog.lease import LeaseLost
from infra.eventlog.port import Deposed
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.reaction import Reaction
from infra.eventlog.relay import Relay
from infra.ids import new_id
from tests.infra.eventlog.builders import BRAND, LampLit, Lit, announce, rows

PLUMBING = (
    "outbox, outbox_sequence, relay_state, lease, follower_cursor, follower_source, parked_fact,"
    " reconciliation, tombstone"
)
_LAMP = """
create table lamp (
    brand_id text not null,
    lamp_id uuid not null,
    by int not null,
    lit int not null,
    last_event_id uuid not null,
    constraint pk_lamp primary key (brand_id, lamp_id)
)
"""
_LIT = text(
    "insert into lamp as held (brand_id, lamp_id, by, lit, last_event_id)"
    " values (:brand_id, :lamp_id, :by, 1, :event_id) on conflict (brand_id, lamp_id)"
    " do update set by = excluded.by, lit = held.lit + 1, last_event_id = excluded.last_event_id"
)


async def light(tx: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
    """A projection: how often each lamp was lit, and by what last. Taking a fact twice would show."""
    rows = [
        {"brand_id": one.brand_id, "lamp_id": one.fact.lamp_id, "by": one.fact.by, "event_id": one.event_id}
        for one in facts
    ]
    await tx.execute(_LIT, rows)


LIGHTS: list[Reaction] = [on(Lit, light, fills=("lamp",))]


@dataclass
class Service:
    """One service: it lights lamps, and counts everybody's."""

    name: str
    url: str
    database: Database
    log: PostgresLog
    reactions: list[Reaction] = field(default_factory=lambda: list(LIGHTS))

    def __post_init__(self) -> None:
        self.relay = Relay(self.database, self.log, self.name)
        self.follower = Follower(self.database, self.log, self.name, self.reactions)

    async def light(self, count: int, *, lamp_id: UUID | None = None, brand_id: str = BRAND) -> None:
        """Record facts, in transactions of ten."""
        lamp_id = lamp_id or new_id()
        for first in range(0, count, 10):
            facts = [LampLit(lamp_id=lamp_id, by=by) for by in range(first, min(first + 10, count))]
            await announce(self.database, *facts, brand_id=brand_id)

    async def send(self) -> None:
        """Relay all there is, also after a refill has taken the lease for a moment."""
        while True:
            try:
                if await self.relay.once() == 0:
                    return
            except (Deposed, LeaseLost):
                await asyncio.sleep(0)

    async def take(self) -> None:
        """Follow to the end of the log, also after a refill has moved the cursor."""
        while True:
            try:
                if await self.follower.once() == 0:
                    return
            except (CursorMoved, LeaseLost):
                await asyncio.sleep(0)

    async def lamps(self) -> list[dict[str, Any]]:
        """The projection."""
        return await self.rows("select * from lamp order by brand_id, lamp_id")

    async def rows(self, query: str, *args: object) -> list[dict[str, Any]]:
        """What a query finds in its database."""
        return await rows(self.url, query, *args)


@dataclass
class House:
    """The services by name, and their log."""

    log_url: str
    log: PostgresLog
    services: Mapping[str, Service]

    async def settle(self) -> None:
        """Relay and follow until nothing is left to do."""
        for service in self.services.values():
            await service.send()
        for service in self.services.values():
            await service.take()

    async def lamps(self) -> dict[str, list[dict[str, Any]]]:
        """Every service's projection."""
        return {name: await service.lamps() for name, service in self.services.items()}

    async def in_log(self, query: str, *args: object) -> list[dict[str, Any]]:
        """What a query finds in the log."""
        return await rows(self.log_url, query, *args)


@asynccontextmanager
async def house(urls: Mapping[str, str], log_url: str, log: PostgresLog) -> AsyncIterator[House]:
    """Services of these names, in these databases, which are emptied first."""
    made = {name: Service(name, url, Database(url, name=name), log) for name, url in urls.items()}
    for url in urls.values():
        for statement in (f"truncate {PLUMBING} restart identity", "drop table if exists lamp", _LAMP, *guard("lamp")):
            await rows(url, statement)
    try:
        yield House(log_url, log, made)
    finally:
        for service in made.values():
            await service.database.dispose()
