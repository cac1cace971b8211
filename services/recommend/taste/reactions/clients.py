"""What profile tells us of clients: who is who, what she allows."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on


class IdentitiesMerged(Slice):
    """Two clients turned out to be one."""

    type: ClassVar[str] = "profile.identities-merged.v1"
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


async def merge(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Remember the edge, and let earlier edges point to the survivor; nothing else is rewritten."""
    for told in facts:
        keys = {"brand": told.brand_id, "survivor": told.fact.client_id, "merged": told.fact.merged_client_id}
        # The survivor may have been merged into a third one already: order is promised within a client only.
        found = await tx.execute(
            text("select canonical_id from client_alias where brand_id = :brand and client_id = :survivor"), keys
        )
        last = found.scalar_one_or_none()
        if last is not None and last != told.fact.merged_client_id:
            keys["survivor"] = last
        await tx.execute(
            text(
                "insert into client_alias (brand_id, client_id, canonical_id) values (:brand, :merged, :survivor)"
                " on conflict (brand_id, client_id) do update set canonical_id = excluded.canonical_id"
            ),
            keys,
        )
        await tx.execute(
            text("update client_alias set canonical_id = :survivor where brand_id = :brand and canonical_id = :merged"),
            keys,
        )
        # Nobody is her own alias, not even one who was merged the other way round before.
        await tx.execute(
            text(
                "delete from client_alias where brand_id = :brand and client_id = :survivor"
                " and canonical_id = :survivor"
            ),
            keys,
        )


async def allow(tx: AsyncSession, facts: Sequence[Delivered[ConsentGiven]]) -> None:
    """Remember a yes."""
    await _decide(tx, facts, granted=True)


async def disallow(tx: AsyncSession, facts: Sequence[Delivered[ConsentWithdrawn]]) -> None:
    """Remember a no: it outdoes an older yes of another id of hers."""
    await _decide(tx, facts, granted=False)


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
    on(IdentitiesMerged, merge, fills=("client_alias",)),
    on(ConsentGiven, allow, fills=("consent",)),
    on(ConsentWithdrawn, disallow, fills=("consent",)),
]
