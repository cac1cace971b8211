"""What consents do on facts: a birthday that a merge brought along may show that she was too young to allow."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.profile.consents import actions
from services.profile.identities import queries as identities


class IdentitiesMerged(Slice):
    """Two records turned out to be one person."""

    type: ClassVar[str] = "profile.identities-merged.v1"

    client_id: UUID


async def examine(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Look at what the two allow by the birthday that is theirs now."""
    for told in facts:
        await actions.examine(tx, await identities.family(tx, told.fact.client_id), now=told.occurred_at)


REACTIONS: list[Reaction] = [on(IdentitiesMerged, examine)]
