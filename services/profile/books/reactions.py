"""What books do on facts: they know who works where, and no merge or separation takes a client from her advisor."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.profile.books import actions
from services.profile.segments.reactions import IdentitiesMerged, IdentitiesSeparated


class AdvisorJoined(Slice):
    """An advisor works at a boutique, from now on and at no other."""

    type: ClassVar[str] = "appointments.advisor-joined.v1"

    advisor_id: UUID
    boutique_id: UUID


async def know_advisors(tx: AsyncSession, facts: Sequence[Delivered[AdvisorJoined]]) -> None:
    """Keep at which boutique an advisor works."""
    for delivered in facts:
        await actions.join(tx, delivered.fact.advisor_id, delivered.fact.boutique_id)


async def inherit(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Give the surviving record the merged one's owner where it has none."""
    for delivered in facts:
        fact = delivered.fact
        await actions.inherit(tx, fact.client_id, fact.merged_client_id, now=delivered.occurred_at)


async def disinherit(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]]) -> None:
    """Take from each side the owner that only the other's record had brought."""
    for delivered in facts:
        fact = delivered.fact
        both = [fact.known_as_client_id, fact.merged_client_id]
        await actions.disinherit(tx, both, now=delivered.occurred_at)


REACTIONS: list[Reaction] = [
    on(AdvisorJoined, know_advisors, fills=("advisor",)),
    on(IdentitiesMerged, inherit),
    on(IdentitiesSeparated, disinherit),
]
