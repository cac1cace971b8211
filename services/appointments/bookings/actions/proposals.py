"""The end of a proposal, whoever ends it. Whoever does has locked the visit before."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from services.appointments.availability import actions as availability
from services.appointments.bookings.events import ProposalEnded
from services.appointments.bookings.queries.proposals import open_one
from services.appointments.bookings.rules.proposals import Answer
from services.appointments.bookings.tables import Appointment, Proposal
from services.appointments.directory.queries import brand


def end(tx: AsyncSession, proposal: Proposal, visit: Appointment, *, outcome: Answer, now: datetime) -> None:
    """Write down and announce how a proposal ended. What it keeps is given back by who calls."""
    proposal.status, proposal.ended_at = outcome, now
    record(
        tx,
        ProposalEnded(
            proposal_id=proposal.proposal_id,
            appointment_id=visit.appointment_id,
            client_id=visit.client_id,
            boutique_id=visit.boutique_id,
            outcome=outcome,
        ),
    )


async def vacate(tx: AsyncSession, visit: Appointment, *, now: datetime) -> None:
    """Free what a visit occupies, and what is kept for a proposal of it, which is withdrawn."""
    proposal = await open_one(tx, visit.appointment_id)
    if proposal is None:
        await availability.give_back(tx, visit.appointment_id, visit.resource_ids)
        return
    # Both at once: each after the other would dead-lock with who moves another.
    both = [visit.appointment_id, proposal.proposal_id]
    await availability.give_back_all(tx, both, [*visit.resource_ids, *proposal.resource_ids])
    end(tx, proposal, visit, outcome=Answer.WITHDRAWN, now=now)


async def withdraw(tx: AsyncSession, visit: Appointment, *, now: datetime) -> None:
    """Free what is kept for a proposal of a visit that begins or ends where it is."""
    proposal = await open_one(tx, visit.appointment_id)
    if proposal is not None:
        await release(tx, proposal, visit, outcome=Answer.WITHDRAWN, now=now)


async def release(tx: AsyncSession, proposal: Proposal, visit: Appointment, *, outcome: Answer, now: datetime) -> None:
    """Free what is kept for a proposal, and end it."""
    await availability.give_back(tx, proposal.proposal_id, proposal.resource_ids)
    end(tx, proposal, visit, outcome=outcome, now=now)


async def standing(tx: AsyncSession, appointment_ids: Sequence[UUID]) -> dict[UUID, Proposal]:
    """The open proposals of locked visits, by the visits' ids."""
    rows = await tx.scalars(
        select(Proposal).where(
            Proposal.brand_id == brand(tx),
            Proposal.appointment_id.in_(appointment_ids),
            Proposal.status == Answer.OPEN,
        )
    )
    return {row.appointment_id: row for row in rows}
