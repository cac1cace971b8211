"""What occasions do on profile's facts: learn what became of messages."""

from collections.abc import Mapping, Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.appointments.directory.queries import brand
from services.appointments.occasions.actions import messages, telling
from services.appointments.occasions.actions.messages import Heard
from services.appointments.occasions.queries import occasions
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
    ours = [told for told in facts if told.fact.template in TEMPLATES]
    heard = [await messages.learn(tx, told.fact.message_id, "sent", None, now=told.occurred_at) for told in ours]
    guests = await _about(tx, heard)
    for told, one in zip(ours, heard, strict=True):
        guest = guests.get(one.about_id) if one.about_id is not None else None
        if guest is not None and told.fact.template == telling.INVITATION:
            guest.sent_at = told.occurred_at


async def note_refused(tx: AsyncSession, facts: Sequence[Delivered[MessageRefused]]) -> None:
    """An invitation or an offer did not reach her: a seat that was offered goes back."""
    ours = [told for told in facts if told.fact.template in TEMPLATES]
    heard = [
        await messages.learn(tx, told.fact.message_id, "refused", told.fact.reason, now=told.occurred_at)
        for told in ours
    ]
    # All of them before the first seat is given back: everybody locks invitations before sessions, and those by id.
    guests = await _about(tx, heard)
    await occasions.locked(tx, {one.session_id for one in guests.values() if one.seats_held and one.session_id})
    for told, one in zip(ours, heard, strict=True):
        guest = guests.get(one.about_id) if one.about_id is not None else None
        # What is said of an earlier offer leaves the seat of a later one hers.
        if guest is not None and one.telling in {None, guest.tellings}:
            await telling.unreachable(tx, guest, told.fact.template, told.fact.reason, now=told.occurred_at)


async def _about(tx: AsyncSession, heard: Sequence[Heard]) -> Mapping[UUID, Invitation]:
    query = (
        select(Invitation)
        .where(
            Invitation.brand_id == brand(tx),
            Invitation.invitation_id.in_({one.about_id for one in heard if one.about_id is not None}),
        )
        .order_by(Invitation.invitation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {one.invitation_id: one for one in (await tx.execute(query)).scalars()}


REACTIONS: list[Reaction] = [
    on(MessageSent, note_sent),
    on(MessageRefused, note_refused),
]
