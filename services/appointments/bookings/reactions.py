"""What bookings do on profile's facts: visits to come go with a client who is handed over, and come back with her."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.appointments.bookings.actions import following
from services.appointments.bookings.actions.assisting import Begun, replace_assistants
from services.appointments.bookings.actions.following import Handed


class ClientHandedOver(Slice):
    """A client has a new advisor."""

    type: ClassVar[str] = "profile.client-handed-over.v1"

    handover_id: UUID
    client_id: UUID
    from_advisor_id: UUID
    advisor_id: UUID


class ClientHandedBack(Slice):
    """The handover was undone: she is her former advisor's again."""

    type: ClassVar[str] = "profile.client-handed-back.v1"

    handover_id: UUID
    client_id: UUID
    from_advisor_id: UUID
    advisor_id: UUID


class HandoverStarted(Slice):
    """An advisor's book begins to go to others."""

    type: ClassVar[str] = "profile.handover-started.v1"

    handover_id: UUID
    advisor_id: UUID


def reactions(clock: Callable[[], datetime]) -> list[Reaction]:
    """The reactions. What is to come is told by this service's clock."""

    async def follow(tx: AsyncSession, facts: Sequence[Delivered[ClientHandedOver]]) -> None:
        """Give their visits to come to the new advisors, where they are free."""
        await following.follow(tx, [_handed(told.fact) for told in facts], now=clock())

    async def come_back(tx: AsyncSession, facts: Sequence[Delivered[ClientHandedBack]]) -> None:
        """Give those visits back, where the former advisor is still free."""
        await following.come_back(tx, [_handed(told.fact) for told in facts], now=clock())

    async def replace(tx: AsyncSession, facts: Sequence[Delivered[HandoverStarted]]) -> None:
        """Have others assist where the giver is not there any more."""
        begun = [Begun(told.fact.handover_id, told.fact.advisor_id) for told in facts]
        await replace_assistants(tx, begun, now=clock())

    return [on(ClientHandedOver, follow), on(ClientHandedBack, come_back), on(HandoverStarted, replace)]


def _handed(fact: ClientHandedOver | ClientHandedBack) -> Handed:
    return Handed(fact.handover_id, fact.client_id, fact.from_advisor_id, fact.advisor_id)
