"""Reactions: what a service does on others' facts, and the runs in which facts are handed to them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.trace import SpanKind
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog import outbox
from infra.eventlog.facts import Delivered, S, Slice
from infra.eventlog.parking import Aggregate, aggregate_of
from infra.eventlog.port import Stored
from infra.telemetry.traces import Traced

_BRAND = text("select set_config('maison.brand_id', :brand, true)")


class ProjectionActedError(Exception):
    """A reaction that says it only fills tables has recorded a fact: a replay would announce it again."""


@dataclass(frozen=True)
class Reaction:
    """One effect of one type of fact. It gets runs of facts of one brand, inside the follower's transaction.

    One with `fills` is a projection: what stands in those tables comes from such reactions alone, so a replay may
    empty them and hand it every fact again.
    """

    reads: type[Slice]
    react: Callable[[AsyncSession, Sequence[Delivered[Any]]], Awaitable[None]]
    fills: tuple[str, ...] = ()

    async def __call__(self, tx: AsyncSession, run: Sequence[Stored]) -> None:
        """Read the slices and act; raises pydantic's ValidationError if a fact does not hold what is read of it."""
        announced = len(outbox.recorded(tx))
        await self.react(tx, [_delivered(self.reads, stored) for stored in run])
        if self.fills and len(outbox.recorded(tx)) > announced:
            raise ProjectionActedError(self.reads.type)


def on(
    reads: type[S],
    react: Callable[[AsyncSession, Sequence[Delivered[S]]], Awaitable[None]],
    *,
    fills: tuple[str, ...] = (),
) -> Reaction:
    """React to facts of the slice's type. The effect and the follower's cursor commit together, once.

    The coroutine changes rows and may record facts; it calls no peer and does nothing that cannot be rolled back.
    With `fills` it is a projection: it writes those tables only, nothing else writes them, each row follows from the
    facts alone (no clock, no new ids), and it records no facts.
    """
    return Reaction(reads, react, fills)


def runs(facts: Iterable[Stored]) -> list[list[Stored]]:
    """The facts as few runs of one brand and one type; of two that name the same thing, the earlier stays the earlier.

    Where clients are registered one by one, each with her advisor and her segment, the log alternates between types:
    cut where the type changes, a batch would be as many runs as facts.
    """
    found: list[list[Stored]] = []
    latest: dict[tuple[str, str], int] = {}  # the run of each brand and type that may still grow
    reached: dict[Aggregate, int] = {}  # the last run that names a thing: nothing about it goes before
    for stored in facts:
        kind, things = (stored.envelope.brandid, stored.envelope.type), named(stored) | _listed(stored)
        place = latest.get(kind, -1)
        if place < max((reached.get(thing, 0) for thing in things), default=0) or place < 0:
            place = latest[kind] = len(found)
            found.append([])
        found[place].append(stored)
        reached |= dict.fromkeys(things, place)
    return found


def named(stored: Stored) -> set[Aggregate]:
    """What a fact is about, and what each `<noun>_id` of its data names; `merged_<noun>_id` names a noun as well."""
    things = {aggregate_of(stored)}
    for field, value in stored.envelope.data.items():
        if field.endswith("_id") and isinstance(value, str):
            words = field.removesuffix("_id").split("_")
            nouns = ("_".join(words[start:]) for start in range(len(words)))
            things |= {(stored.envelope.brandid, f"{noun}:{value}") for noun in nouns}
    return things


def _listed(stored: Stored) -> set[Aggregate]:
    """What the `<noun>_ids` of a fact's data name."""
    return {
        (stored.envelope.brandid, f"{field.removesuffix('_ids')}:{one}")
        for field, value in stored.envelope.data.items()
        if field.endswith("_ids")
        for one in value
    }


def following(follower: str, facts: Sequence[Stored]) -> Traced:
    """The trace of taking these facts: one of its own, linked to those they come from.

    Not one with them, for they may be hours old, of many requests, or replayed.
    """
    origins = [origin for stored in facts if (origin := stored.envelope.traceparent) is not None]
    said: dict[str, str | int] = {
        "messaging.consumer.group.name": follower,
        "messaging.batch.message_count": len(facts),
    }
    return Traced(f"follow {follower}", SpanKind.CONSUMER, links=origins, said=said)


async def see(tx: AsyncSession, brand_id: str) -> None:
    """Let the transaction see this brand from here on."""
    if tx.info["brand_id"] != brand_id:
        await tx.execute(_BRAND, {"brand": brand_id})
        tx.info["brand_id"] = brand_id


async def react(tx: AsyncSession, reactions: Sequence[Reaction], run: Sequence[Stored]) -> None:
    """Hand one run to every reaction to its type, with the transaction seeing the run's brand alone."""
    await see(tx, run[0].envelope.brandid)
    for reaction in reactions:
        await reaction(tx, run)
    # Pending rows are written while the wall still stands around their own brand.
    await tx.flush()


def _delivered(reads: type[S], stored: Stored) -> Delivered[S]:
    envelope = stored.envelope
    return Delivered(
        event_id=envelope.id,
        position=stored.position,
        brand_id=envelope.brandid,
        occurred_at=envelope.time,
        aggregate=envelope.partitionkey,
        sequence=int(envelope.sequence),
        traceparent=envelope.traceparent,
        fact=reads.model_validate(envelope.data),
    )
