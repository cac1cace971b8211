"""What the waiting list does on facts: what has become free is offered; what could not be told is given back."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.appointments.occasions.actions import messages
from services.appointments.waitlist.actions import settling
from services.appointments.waitlist.actions.asking import TEMPLATE


class _Freed(BaseModel):
    """A visit gave its time back, or a part of it."""

    boutique_id: UUID


class AppointmentCancelled(_Freed, Slice):
    """It will not take place."""

    type: ClassVar[str] = "appointments.cancelled.v1"


class AppointmentMoved(_Freed, Slice):
    """It takes place at another time."""

    type: ClassVar[str] = "appointments.moved.v1"


class AppointmentRefused(_Freed, Slice):
    """It was asked for, and will not take place."""

    type: ClassVar[str] = "appointments.refused.v1"


class ProposalEnded(_Freed, Slice):
    """One of the two times that were kept is free."""

    type: ClassVar[str] = "appointments.proposal-ended.v1"


class VisitCompleted(_Freed, Slice):
    """What was left of its time is free."""

    type: ClassVar[str] = "appointments.visit-completed.v1"


class NoShowRecorded(_Freed, Slice):
    """She did not come."""

    type: ClassVar[str] = "appointments.no-show-recorded.v1"


class MessageRefused(Slice):
    """A message will not reach her after all."""

    type: ClassVar[str] = "profile.message-refused.v1"

    message_id: UUID
    template: str
    reason: str


FREEING: tuple[type[Slice], ...] = (
    AppointmentCancelled,
    AppointmentMoved,
    AppointmentRefused,
    ProposalEnded,
    VisitCompleted,
    NoShowRecorded,
)


def reactions(clock: Callable[[], datetime]) -> list[Reaction]:
    """The reactions. Who is to be looked at now is told by this service's clock."""

    async def look_again(tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
        """Look through the lists of these boutiques now."""
        for boutique_id in sorted({told.fact.boutique_id for told in facts}):
            await settling.stir(tx, boutique_id, now=clock())

    async def note_refused(tx: AsyncSession, facts: Sequence[Delivered[MessageRefused]]) -> None:
        """An offer did not reach her: the time goes back, and the next is asked."""
        for told in facts:
            if told.fact.template != TEMPLATE:
                continue
            heard = await messages.learn(tx, told.fact.message_id, "refused", told.fact.reason, now=clock())
            if heard.about_id is not None:
                await settling.undeliverable(tx, heard.about_id, told.fact.reason, now=clock())

    return [*(on(freeing, look_again) for freeing in FREEING), on(MessageRefused, note_refused)]
