"""Giving a visit that stands to another advisor, or having another one assist: same time, same room."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.availability import actions as availability
from services.appointments.availability import queries as times
from services.appointments.availability.rules import Claim, Outlook, Terms
from services.appointments.bookings import queries
from services.appointments.bookings.rules.assigning import Reason, ranked
from services.appointments.bookings.rules.placing import able
from services.appointments.bookings.tables import Appointment
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import SECOND, Mode, Span


async def look(tx: AsyncSession, visit: Appointment, *, now: datetime) -> Outlook:
    """Who could receive her when the visit is, as if the visit were not there."""
    instant = Span(visit.starts_at, visit.starts_at + SECOND)
    around = await times.surroundings(
        tx,
        await directory.boutique(tx, visit.boutique_id),
        await directory.experience(tx, visit.experience_id),
        instant,
        client=None,
        party_size=visit.party_size,
        mode=Mode(visit.mode),
        language=visit.language,
    )
    return await times.outlook(tx, around, instant, now=now, besides=visit.appointment_id)


async def give(
    tx: AsyncSession,
    visit: Appointment,
    terms: Terms,
    *,
    advisor_id: UUID,
    second_advisor_id: UUID | None = None,
    now: datetime,
) -> bool:
    """Give a locked visit, whose turns are taken, to an advisor; False if somebody else has her time.

    Without `second_advisor_id` the second one, if there is any, stays. False too for her where she assists already:
    one cannot be two.
    """
    second = second_advisor_id or visit.second_advisor_id
    if second == advisor_id:
        return False
    agreed = Span(visit.starts_at, visit.ends_at)
    upkeep = agreed.widened(terms.before, terms.after)
    receiving = [one for one in (advisor_id, second, visit.room_id) if one is not None]
    claims = [Claim(visit.client_id, agreed), *(Claim(one, upkeep) for one in receiving)]
    missing = await availability.occupy(
        tx,
        claims,
        appointment_id=visit.appointment_id,
        now=now,
        expires_at=visit.expires_at,
        leaving=visit.resource_ids,
    )
    if missing:
        return False
    visit.advisor_id, visit.second_advisor_id = advisor_id, second
    visit.version += 1
    return True


async def substitutes(tx: AsyncSession, visit: Appointment, outlook: Outlook, *, now: datetime) -> list[UUID]:
    """Who else could assist at a visit, in turn."""
    agreed = Span(visit.starts_at, visit.ends_at)
    receiving = {visit.advisor_id, visit.second_advisor_id}
    free = [one for one in able(outlook.seconds, agreed, outlook.terms) if one not in receiving]
    known = await queries.candidates(tx, free, visit.starts_at, now=now)
    return [one for one, _ in ranked(free, Reason(), known)]


async def substitute(
    tx: AsyncSession, visit: Appointment, outlook: Outlook, asked: Sequence[UUID], *, now: datetime
) -> bool:
    """Have the first of those who are asked assist at a locked visit; False where others have the time of all."""
    for second_id in asked:
        given = await give(tx, visit, outlook.terms, advisor_id=visit.advisor_id, second_advisor_id=second_id, now=now)
        if given:
            return True
    return False
