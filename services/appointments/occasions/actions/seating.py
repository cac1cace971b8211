"""Taking and giving back seats, and what every step of an invitation leaves behind."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.identity import Caller
from services.appointments.directory.queries import brand
from services.appointments.occasions.events import OccasionAnswered
from services.appointments.occasions.queries import occasions as queries
from services.appointments.occasions.queries.occasions import Seated
from services.appointments.occasions.rules.life import SEATED, OccasionKind, Segment
from services.appointments.occasions.tables import Invitation, Occasion

Answered = Literal["accepted", "changed", "declined", "withdrawn", "called-off"]


def _count(seated: Seated, segment: str | None, seats: int) -> None:
    seated.session.taken += seats
    for one in seated.reserves:
        if one.segment == segment:
            one.taken += seats


def give_back(guest: Invitation, seated: Seated) -> None:
    """Free the seats a guest holds in a locked session."""
    _count(seated, guest.segment, -guest.seats_held)
    guest.seats_held = 0


def take(guest: Invitation, occasion: Occasion, seated: Seated, *, party: int, now: datetime) -> None:
    """Take seats of a locked session for a guest who holds none; raises SessionFull."""
    seated.seating(occasion, now=now).judge(segment_of(guest), party)
    _count(seated, guest.segment, party)
    guest.session_id, guest.plus_ones, guest.seats_held = seated.session.session_id, party - 1, party


async def free(tx: AsyncSession, guests: Sequence[Invitation]) -> None:
    """Free the seats that some guests hold."""
    holding = [one for one in guests if one.seats_held]
    locked = await queries.locked(tx, {one.session_id for one in holding if one.session_id is not None})
    for guest in holding:
        if guest.session_id is not None:
            give_back(guest, locked[guest.session_id])


async def taken_by(tx: AsyncSession, session_id: UUID, segments: Sequence[str]) -> Mapping[str, int]:
    """How many seats of a locked session guests of these segments hold."""
    rows = await tx.execute(
        select(Invitation.segment, func.sum(Invitation.seats_held))
        .where(
            Invitation.brand_id == brand(tx),
            Invitation.session_id == session_id,
            Invitation.segment.in_(segments),
            Invitation.status.in_(SEATED),
        )
        .group_by(Invitation.segment)
    )
    return {str(segment): int(seats) for segment, seats in rows}


def segment_of(guest: Invitation) -> Segment | None:
    """The segment from whose seats hers is counted."""
    return Segment(guest.segment) if guest.segment is not None else None


def owe(guest: Invitation, template: str | None, *, now: datetime) -> None:
    """Let her be told this next, and nothing that she was owed before; None: nothing."""
    guest.to_tell, guest.attempts = template, 0
    if template is not None:
        guest.tellings, guest.next_attempt_at = guest.tellings + 1, now


def answered(tx: AsyncSession, guest: Invitation, occasion: Occasion, answer: Answered, *, by: Caller) -> None:
    """Announce what she said."""
    yes = answer in {"accepted", "changed"}
    record(
        tx,
        OccasionAnswered(
            invitation_id=guest.invitation_id,
            occasion_id=guest.occasion_id,
            client_id=guest.client_id,
            kind=OccasionKind(occasion.kind),
            answer=answer,
            session_id=guest.session_id if yes else None,
            party=guest.party if yes else None,
            made_by=by.role.value,
        ),
    )


async def other_sessions(
    tx: AsyncSession, guest: Invitation, occasion: Occasion, session_id: UUID, *, party: int, now: datetime
) -> list[str]:
    """The occasion's other sessions to come that still have room for her party, by their start."""
    found = await queries.sessions(tx, [occasion.occasion_id])
    return [
        str(one.session.session_id)
        for one in found[occasion.occasion_id]
        if one.session.session_id != session_id
        and one.session.starts_at > now
        and one.seating(occasion, now=now).free_for(segment_of(guest)) >= party
    ]
