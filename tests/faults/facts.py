"""What the made-up services of the kill tests say and do: lamps and bells announce, watch follows both."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Fact, Slice
from infra.eventlog.outbox import record

BRAND = "lumiere"
ECHO = 10  # one fact in so many is answered by a fact of the watch
_NAMES = UUID("5b0b6c39-6d35-4a0c-9d0f-3c1b0a8c7f11")


class LampLit(Fact):
    type: ClassVar[str] = "lamps.lamp-lit.v1"
    aggregate: ClassVar[str] = "lamp_id"

    lamp_id: UUID
    by: int
    poison: bool = False


class BellRung(Fact):
    type: ClassVar[str] = "bells.bell-rung.v1"
    aggregate: ClassVar[str] = "bell_id"

    bell_id: UUID
    by: int
    poison: bool = False


class Heard(Fact):
    """What the follower announces itself, in the transaction of its effect."""

    type: ClassVar[str] = "watch.heard.v1"
    aggregate: ClassVar[str] = "about_id"

    about_id: UUID  # the fact that was heard


class Lit(Slice):
    type: ClassVar[str] = "lamps.lamp-lit.v1"

    by: int
    poison: bool = False


class Rung(Slice):
    type: ClassVar[str] = "bells.bell-rung.v1"

    by: int
    poison: bool = False


def thing(service: str, number: int) -> UUID:
    """The id of a lamp or a bell: every writer, also a new one after a kill, means the same few."""
    return uuid5(_NAMES, f"{service} {number}")


def said(service: str, number: int, *, by: int, poison: bool = False) -> Fact:
    """A fact about one of them."""
    if service == "lamps":
        return LampLit(lamp_id=thing(service, number), by=by, poison=poison)
    return BellRung(bell_id=thing(service, number), by=by, poison=poison)


# What a service keeps beside its outbox. Nothing unique anywhere: what happens twice shall be seen twice.
TABLES = (
    "create table said (brand_id text not null, event_id uuid not null)",
    """
    create table effect (
        n bigint generated always as identity primary key,
        brand_id text not null,
        event_id uuid not null,
        aggregate text not null,
        sequence bigint not null,
        by int not null,
        occurred_at timestamptz not null,
        at timestamptz not null default clock_timestamp()
    )
    """,
    # As soon as it holds a row, poison harms no more.
    "create table mended (brand_id text not null)",
)

_SAY = text("insert into said (brand_id, event_id) select :brand_id, unnest(cast(:event_ids as uuid[]))")
_MENDED = text("select exists (select from mended)")
_EFFECT = text(
    "insert into effect (brand_id, event_id, aggregate, sequence, by, occurred_at)"
    " values (:brand_id, :event_id, :aggregate, :sequence, :by, :occurred_at)"
)


class Poisoned(Exception):
    """A fact that cannot take effect yet."""


async def say(tx: AsyncSession, event_ids: Sequence[UUID]) -> None:
    """The writer's own rows, one per fact: each must be there exactly if the fact is."""
    await tx.execute(_SAY, {"brand_id": BRAND, "event_ids": list(event_ids)})


async def keep(tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
    """The effect: one row per fact, in the order of the calls; raises Poisoned for poison until that is mended."""
    if any(one.fact.poison for one in facts) and not (await tx.execute(_MENDED)).scalar_one():
        raise Poisoned
    await tx.execute(
        _EFFECT,
        [
            {
                "brand_id": one.brand_id,
                "event_id": one.event_id,
                "aggregate": one.aggregate,
                "sequence": one.sequence,
                "by": one.fact.by,
                "occurred_at": one.occurred_at,
            }
            for one in facts
        ],
    )
    for one in facts:
        if one.fact.by % ECHO == 0:
            record(tx, Heard(about_id=one.event_id))
