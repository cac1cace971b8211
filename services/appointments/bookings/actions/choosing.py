"""She takes another time than the proposed one: one of those that were named to her."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.availability import actions as availability
from services.appointments.availability import queries as times
from services.appointments.availability.rules import Actor, Alternative
from services.appointments.bookings.actions.placing import Target, request_for, settle
from services.appointments.bookings.actions.taking import Request, Taking, nearest, survey, take, told
from services.appointments.bookings.rules.disruptions import Trouble
from services.appointments.bookings.rules.placing import SlotTaken
from services.appointments.bookings.rules.proposals import AlternativeNotNamed
from services.appointments.bookings.tables import Appointment, Disruption, Proposal
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import SECOND, Span


async def named_now(tx: AsyncSession, proposal: Proposal, visit: Appointment, *, now: datetime) -> list[Alternative]:
    """The free times nearest to the proposed one, as a refused answer names them."""
    request = await _request(tx, proposal, visit)
    around = await survey(tx, request, Span(request.starts_at, request.starts_at + SECOND))
    return await nearest(tx, request, around, actor=Actor.HOUSE, now=now, besides=visit.appointment_id)


async def take_instead(
    tx: AsyncSession, proposal: Proposal, visit: Appointment, wanted: Alternative, *, now: datetime
) -> None:
    """Give a locked visit a named time; where it is not to be had, visit and proposal stay as they are.

    Raises AlternativeNotNamed, what `judge_time` raises, and SlotTaken.
    """
    if wanted not in _named_before(proposal) and wanted not in await named_now(tx, proposal, visit, now=now):
        raise AlternativeNotNamed
    request = replace(
        await _request(tx, proposal, visit), starts_at=wanted.starts_at, requested=wanted.advisor_id, kept=None
    )
    # Everybody whose time may be given or taken here, at once: each after the other could dead-lock with who books.
    concerned = {*visit.resource_ids, *proposal.resource_ids, request.client.client_id}
    await availability.take_turns(tx, concerned | set(await times.staffed(tx, visit.boutique_id)))
    try:
        async with tx.begin_nested():
            await availability.give_back(tx, proposal.proposal_id, proposal.resource_ids)
            taken = await take(tx, request, Taking(visit.appointment_id, leaving=visit), actor=Actor.HOUSE, now=now)
    except SlotTaken:
        raise SlotTaken(alternatives=told(await named_now(tx, proposal, visit, now=now))) from None
    settle(visit, request, taken)


async def _request(tx: AsyncSession, proposal: Proposal, visit: Appointment) -> Request:
    experience = await directory.experience(tx, visit.experience_id)
    request = await request_for(tx, visit, experience, Target(proposal.starts_at))
    if proposal.disruption_id is None:
        return request
    # Who is away is not named again.
    row = await tx.get_one(Disruption, (proposal.brand_id, proposal.disruption_id))
    trouble = Trouble(row.boutique_id, row.advisor_id, Span(row.from_at, row.to_at), row.reason)
    return replace(request, away=trouble.away)


def _named_before(proposal: Proposal) -> list[Alternative]:
    return [
        Alternative(datetime.fromisoformat(one["starts_at"]), UUID(one["advisor_id"])) for one in proposal.alternatives
    ]
