"""What profile tells us of clients: who is who, what she allows, whose data is not to be used."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.aliases import WHO_IS_WHO, learn
from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from infra.restrictions import RESTRICTIONS
from infra.restrictions import learn as learn_restriction


class IdentitiesMerged(Slice):
    """Two clients turned out to be one."""

    type: ClassVar[str] = "profile.identities-merged.v1"
    merge_id: UUID
    client_id: UUID
    merged_client_id: UUID


class IdentitiesSeparated(Slice):
    """They are two clients after all."""

    type: ClassVar[str] = "profile.identities-separated.v1"
    merge_id: UUID
    client_id: UUID
    merged_client_id: UUID


class ConsentGiven(Slice):
    """She allowed a purpose."""

    type: ClassVar[str] = "profile.consent-given.v1"
    client_id: UUID
    purpose: str


class ConsentWithdrawn(Slice):
    """She no longer allows it."""

    type: ClassVar[str] = "profile.consent-withdrawn.v1"
    client_id: UUID
    purpose: str


class ProcessingRestricted(Slice):
    """What is known of her is kept and not used."""

    type: ClassVar[str] = "profile.processing-restricted.v1"
    client_id: UUID


class ProcessingResumed(Slice):
    """It may be used again, as far as she allows."""

    type: ClassVar[str] = "profile.processing-resumed.v1"
    client_id: UUID


async def merge(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Keep the edge, and what it comes to with the others; nothing else is rewritten."""
    await learn(tx, facts, separated=False)


async def separate(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]]) -> None:
    """Take the edge out: whoever was merged is herself again, with all that were merged into her."""
    await learn(tx, facts, separated=True)


async def allow(tx: AsyncSession, facts: Sequence[Delivered[ConsentGiven]]) -> None:
    """Remember a yes."""
    await _decide(tx, facts, granted=True)


async def disallow(tx: AsyncSession, facts: Sequence[Delivered[ConsentWithdrawn]]) -> None:
    """Remember a no: it outdoes an older yes of another id of hers."""
    await _decide(tx, facts, granted=False)


async def restrict(tx: AsyncSession, facts: Sequence[Delivered[ProcessingRestricted]]) -> None:
    """Choose nothing by what is known of her, and learn nothing from it; what comes meanwhile is kept for later."""
    await learn_restriction(tx, facts, stands=True)


async def resume(tx: AsyncSession, facts: Sequence[Delivered[ProcessingResumed]]) -> None:
    """Use it again."""
    await learn_restriction(tx, facts, stands=False)


async def _decide(
    tx: AsyncSession,
    facts: Sequence[Delivered[ConsentGiven]] | Sequence[Delivered[ConsentWithdrawn]],
    *,
    granted: bool,
) -> None:
    await tx.execute(
        text(
            "insert into consent (brand_id, client_id, purpose, granted, decided_at)"
            " values (:brand, :client, :purpose, :granted, :at) on conflict (brand_id, client_id, purpose)"
            " do update set granted = excluded.granted, decided_at = excluded.decided_at"
        ),
        [
            {
                "brand": told.brand_id,
                "client": told.fact.client_id,
                "purpose": told.fact.purpose,
                "granted": granted,
                "at": told.occurred_at,
            }
            for told in facts
        ],
    )


REACTIONS: list[Reaction] = [
    on(IdentitiesMerged, merge, fills=WHO_IS_WHO),
    on(IdentitiesSeparated, separate, fills=WHO_IS_WHO),
    on(ConsentGiven, allow, fills=("consent",)),
    on(ConsentWithdrawn, disallow, fills=("consent",)),
    on(ProcessingRestricted, restrict, fills=RESTRICTIONS),
    on(ProcessingResumed, resume, fills=RESTRICTIONS),
]
