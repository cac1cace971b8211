"""What occasions do on profile's facts: learn what became of messages."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.appointments.occasions.actions import messages, telling
from services.appointments.occasions.actions.messages import Heard
from services.appointments.occasions.tables import Invitation

TEMPLATES = frozenset({telling.INVITATION, telling.SEAT_OFFER, telling.CANCELLED})


class MessageSent(Slice):
    """The channel has taken a message."""

    type: ClassVar[str] = "profile.message-sent.v1"

    message_id: UUID
    template: str


class MessageRefused(Slice):
    """A message will not reach her after all."""

    type: ClassVar[str] = "profile.message-refused.v1"

    message_id: UUID
    template: str
    reason: str


async def note_sent(tx: AsyncSession, facts: Sequence[Delivered[MessageSent]]) -> None:
    """An invitation was delivered."""
    for told in facts:
        if told.fact.template not in TEMPLATES:
            continue
        heard = await messages.learn(tx, told.fact.message_id, "sent", None, now=told.occurred_at)
        guest = await _about(tx, told.brand_id, heard)
        if guest is not None and told.fact.template == telling.INVITATION:
            guest.sent_at = told.occurred_at


async def note_refused(tx: AsyncSession, facts: Sequence[Delivered[MessageRefused]]) -> None:
    """An invitation or an offer did not reach her: a seat that was offered goes back."""
    for told in facts:
        if told.fact.template not in TEMPLATES:
            continue
        heard = await messages.learn(tx, told.fact.message_id, "refused", told.fact.reason, now=told.occurred_at)
        guest = await _about(tx, told.brand_id, heard)
        if guest is not None:
            await telling.unreachable(tx, guest, told.fact.template, told.fact.reason, now=told.occurred_at)


async def _about(tx: AsyncSession, brand_id: str, heard: Heard) -> Invitation | None:
    if heard.about_id is None:
        return None
    return await tx.get(Invitation, (brand_id, heard.about_id), with_for_update=True, populate_existing=True)


REACTIONS: list[Reaction] = [
    on(MessageSent, note_sent),
    on(MessageRefused, note_refused),
]
