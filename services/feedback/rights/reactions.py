"""What we do when profile has erased a client."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.feedback.rights import actions


class ClientErased(Slice):
    """Nothing of these ids is to be left."""

    type: ClassVar[str] = "profile.client-erased.v1"

    erasure_id: UUID
    client_ids: list[UUID]


async def erase(tx: AsyncSession, facts: Sequence[Delivered[ClientErased]]) -> None:
    """Erase her here too, and say so."""
    for told in facts:
        await actions.erase(tx, told.fact.erasure_id, told.fact.client_ids, now=told.occurred_at)


REACTIONS: list[Reaction] = [on(ClientErased, erase)]
