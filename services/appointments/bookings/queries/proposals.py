"""Reads of proposals and disruptions, always through the eyes of a caller."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller
from infra.refusal import NotFound
from services.appointments.bookings.queries.appointments import visible
from services.appointments.bookings.rules.proposals import Answer
from services.appointments.bookings.tables import Appointment, DisruptedVisit, Disruption, Proposal
from services.appointments.directory.queries import brand, within_reach


async def open_one(tx: AsyncSession, appointment_id: UUID) -> Proposal | None:
    """The proposal that stands for a visit. Whoever will end it has locked the visit."""
    query = select(Proposal).where(
        Proposal.brand_id == brand(tx), Proposal.appointment_id == appointment_id, Proposal.status == Answer.OPEN
    )
    return (await tx.execute(query)).scalar_one_or_none()


async def with_visit(tx: AsyncSession, proposal_id: UUID, by: Caller) -> tuple[Proposal, Appointment]:
    """A proposal and its visit, both locked; raises NotFound for what this caller may not see."""
    query = select(Proposal).where(Proposal.brand_id == brand(tx), Proposal.proposal_id == proposal_id)
    found = (await tx.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    # The visit first: so does everybody who ends its proposal.
    visit = await visible(tx, found.appointment_id, by, lock=True)
    fresh = query.with_for_update().execution_options(populate_existing=True)
    return (await tx.execute(fresh)).scalar_one(), visit


async def of_visit(
    tx: AsyncSession, appointment_id: UUID, by: Caller, *, after: UUID | None, limit: int
) -> Sequence[Proposal]:
    """What was proposed for a visit, in order; raises NotFound."""
    await visible(tx, appointment_id, by)
    query = select(Proposal).where(Proposal.brand_id == brand(tx), Proposal.appointment_id == appointment_id)
    query = query if after is None else query.where(Proposal.proposal_id > after)
    return (await tx.execute(query.order_by(Proposal.proposal_id).limit(limit))).scalars().all()


async def disruption(tx: AsyncSession, disruption_id: UUID, by: Caller) -> Disruption:
    """One disruption at a boutique that the caller may work with; raises NotFound for any other."""
    query = select(Disruption).where(Disruption.brand_id == brand(tx), Disruption.disruption_id == disruption_id)
    found = (await tx.execute(query)).scalar_one_or_none()
    if found is None or not within_reach(by, found.boutique_id):
        raise NotFound
    return found


async def disrupted(tx: AsyncSession, disruption_id: UUID) -> Sequence[DisruptedVisit]:
    """What became of its visits, by their ids."""
    query = (
        select(DisruptedVisit)
        .where(DisruptedVisit.brand_id == brand(tx), DisruptedVisit.disruption_id == disruption_id)
        .order_by(DisruptedVisit.appointment_id)
    )
    return (await tx.execute(query)).scalars().all()
