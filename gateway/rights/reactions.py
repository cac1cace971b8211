"""What the gateway does when profile has erased a client."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.rights import actions
from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on


class ClientErased(Slice):
    """Nothing of these ids is to be left."""

    type: ClassVar[str] = "profile.client-erased.v1"

    erasure_id: UUID
    client_ids: list[UUID]


def reactions(clock: Callable[[], datetime]) -> list[Reaction]:
    """The reaction. Sessions end by the gateway's clock: its instances look for what has ended lately."""

    async def erase(tx: AsyncSession, facts: Sequence[Delivered[ClientErased]]) -> None:
        """End her sign-ins, and say so."""
        for told in facts:
            await actions.erase(tx, told.fact.erasure_id, told.fact.client_ids, now=clock())

    return [on(ClientErased, erase)]
