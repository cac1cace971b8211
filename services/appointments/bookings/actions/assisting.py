"""Visits at which a leaver only assists go with nobody's book: when hers is handed over, somebody else assists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Role
from services.appointments.availability import queries as times
from services.appointments.bookings import queries
from services.appointments.bookings.actions import giving, proposals
from services.appointments.bookings.actions.announcing import announce
from services.appointments.bookings.actions.turns import take_turns
from services.appointments.bookings.events import AppointmentMoved
from services.appointments.bookings.rules.life import Status
from services.appointments.bookings.rules.placing import still_assists
from services.appointments.bookings.rules.proposals import Answer
from services.appointments.bookings.tables import Appointment, Proposal, Reassignment
from services.appointments.directory.rules import Span

NOBODY_FREE = "nobody-free"


@dataclass(frozen=True)
class Begun:
    """A handover of an advisor's book that has begun."""

    handover_id: UUID
    advisor_id: UUID


async def replace_assistants(tx: AsyncSession, begun: Sequence[Begun], *, now: datetime) -> None:
    """Have others assist where these advisors are not there any more; what finds nobody is listed for the manager."""
    handovers = {one.advisor_id: one.handover_id for one in begun}
    visits = await queries.assisted_by(tx, handovers.keys(), now=now)
    if not visits:
        return
    offered = await proposals.standing(tx, [visit.appointment_id for visit in visits])
    # Whoever may be asked is waited for at once, in the one order.
    concerned = {one for visit in visits for one in visit.resource_ids}
    concerned |= {one for offer in offered.values() for one in offer.resource_ids}
    for boutique_id in {visit.boutique_id for visit in visits}:
        concerned |= set(await times.staffed(tx, boutique_id))
    await take_turns(tx, concerned)
    for visit in visits:
        if visit.second_advisor_id is not None:
            handover_id = handovers[visit.second_advisor_id]
            await _replace(tx, visit, visit.second_advisor_id, handover_id, offered.get(visit.appointment_id), now=now)


async def _replace(
    tx: AsyncSession, visit: Appointment, leaver: UUID, handover_id: UUID, offer: Proposal | None, *, now: datetime
) -> None:
    outlook = await giving.look(tx, visit, now=now)
    if still_assists(outlook, leaver, Span(visit.starts_at, visit.ends_at)):
        return
    asked = await giving.substitutes(tx, visit, outlook, now=now)
    if asked and offer is not None:
        # What is proposed leans on the time that is given back now.
        await proposals.release(tx, offer, visit, outcome=Answer.WITHDRAWN, now=now)
    is_replaced = await giving.substitute(tx, visit, outlook, asked, now=now)
    if is_replaced and visit.status == Status.CONFIRMED:
        announce(tx, AppointmentMoved, visit, by=Role.SERVICE)
    await tx.execute(
        insert(Reassignment)
        .values(
            brand_id=visit.brand_id,
            handover_id=handover_id,
            appointment_id=visit.appointment_id,
            client_id=visit.client_id,
            from_advisor_id=leaver,
            advisor_id=visit.second_advisor_id,
            assists=True,
            outcome="reassigned" if is_replaced else "kept",
            reason=None if is_replaced else NOBODY_FREE,
            assigned_for=visit.assigned_for,
            starts_at=visit.starts_at,
            decided_at=now,
        )
        .on_conflict_do_nothing()
    )
