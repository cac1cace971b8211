"""What books do on facts: after a merge no advisor loses her client."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.profile.books import actions


class IdentitiesMerged(Slice):
    """Two records turned out to be one person."""

    type: ClassVar[str] = "profile.identities-merged.v1"

    client_id: UUID
    merged_client_id: UUID


async def inherit(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Give the surviving record the merged one's owner where it has none."""
    for delivered in facts:
        fact = delivered.fact
        await actions.inherit(tx, fact.client_id, fact.merged_client_id, now=delivered.occurred_at)


REACTIONS: list[Reaction] = [on(IdentitiesMerged, inherit)]
