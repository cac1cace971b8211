"""Reactions: what a service does on others' facts, and the runs in which facts are handed to them."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, S, Slice
from infra.eventlog.port import Stored

_BRAND = text("select set_config('maison.brand_id', :brand, true)")


@dataclass(frozen=True)
class Reaction:
    """One effect of one type of fact. It gets runs of facts of one brand, inside the follower's transaction."""

    reads: type[Slice]
    react: Callable[[AsyncSession, Sequence[Delivered[Any]]], Awaitable[None]]

    async def __call__(self, tx: AsyncSession, run: Sequence[Stored]) -> None:
        """Read the slices and act; raises pydantic's ValidationError if a fact does not hold what is read of it."""
        await self.react(tx, [_delivered(self.reads, stored) for stored in run])


def on(reads: type[S], react: Callable[[AsyncSession, Sequence[Delivered[S]]], Awaitable[None]]) -> Reaction:
    """React to facts of the slice's type. The effect and the follower's cursor commit together, once.

    The coroutine changes rows and may record facts; it calls no peer and does nothing that cannot be rolled back.
    """
    return Reaction(reads, react)


def runs(facts: Iterable[Stored]) -> Iterator[list[Stored]]:
    """The longest stretches of one brand and one type, in the order of the log."""
    for _, run in groupby(facts, key=lambda stored: (stored.envelope.brandid, stored.envelope.type)):
        yield list(run)


async def react(tx: AsyncSession, reactions: Sequence[Reaction], run: Sequence[Stored]) -> None:
    """Hand one run to every reaction to its type, with the transaction seeing the run's brand alone."""
    brand_id = run[0].envelope.brandid
    if tx.info["brand_id"] != brand_id:
        await tx.execute(_BRAND, {"brand": brand_id})
        tx.info["brand_id"] = brand_id
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
