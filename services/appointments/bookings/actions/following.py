"""Visits to come follow a client to her new advisor, as far as that one is free, and come back when it is undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.identity import Role
from services.appointments.bookings import queries
from services.appointments.bookings.actions import giving, proposals
from services.appointments.bookings.actions.announcing import announce
from services.appointments.bookings.actions.turns import take_turns
from services.appointments.bookings.events import AppointmentMoved, AppointmentReassigned
from services.appointments.bookings.rules.assigning import AssignedFor
from services.appointments.bookings.rules.life import Status
from services.appointments.bookings.rules.placing import why_not
from services.appointments.bookings.rules.proposals import Answer
from services.appointments.bookings.tables import Appointment, Reassignment
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import Span


@dataclass(frozen=True)
class Handed:
    """A client who went from one advisor to another. Undone, it is told with the same two."""

    handover_id: UUID
    client_id: UUID
    from_advisor_id: UUID
    advisor_id: UUID


async def follow(tx: AsyncSession, handed: Sequence[Handed], *, now: datetime) -> None:
    """Give visits to come to the new advisors where they are free; the others stay, and are listed for the manager."""
    found = await queries.agreed_with(tx, {one.from_advisor_id for one in handed}, now=now)
    # She may have been merged since: her visits and the fact are about the same surviving record.
    known = await queries.canonicals(tx, {visit.client_id for visit in found} | {one.client_id for one in handed})
    moves = {(known[one.client_id], one.from_advisor_id): one for one in handed}
    visits = [
        (visit, moves[known[visit.client_id], visit.advisor_id])
        for visit in found
        if (known[visit.client_id], visit.advisor_id) in moves
    ]
    if not visits:
        return
    await _take_turns(tx, [(visit, one.advisor_id) for visit, one in visits], now=now)
    for visit, one in visits:
        before = visit.assigned_for
        reason = await _give(tx, visit, one.advisor_id, assigned_for=AssignedFor.OWN_ADVISOR, now=now)
        if reason is None:
            _announce(tx, visit, one.handover_id, one.from_advisor_id)
        await tx.execute(
            insert(Reassignment)
            .values(
                brand_id=visit.brand_id,
                handover_id=one.handover_id,
                appointment_id=visit.appointment_id,
                client_id=one.client_id,
                from_advisor_id=one.from_advisor_id,
                advisor_id=one.advisor_id,
                outcome="reassigned" if reason is None else "kept",
                reason=reason,
                assigned_for=before,
                starts_at=visit.starts_at,
                decided_at=now,
            )
            .on_conflict_do_nothing()
        )


async def come_back(tx: AsyncSession, handed: Sequence[Handed], *, now: datetime) -> None:
    """Give back what followed, where it is still to come and still with the new advisor, and the former one is free."""
    handovers = {one.handover_id for one in handed}
    clients = {(one.handover_id, one.client_id) for one in handed}
    rows = await tx.scalars(
        select(Reassignment).where(
            Reassignment.brand_id == directory.brand(tx),
            Reassignment.handover_id.in_(handovers),
            Reassignment.client_id.in_({one.client_id for one in handed}),
            Reassignment.outcome == "reassigned",
            Reassignment.assists.is_(False),
        )
    )
    followed = {row.appointment_id: row for row in rows if (row.handover_id, row.client_id) in clients}
    found = await queries.agreed_with(tx, {row.advisor_id for row in followed.values()}, now=now)
    visits = [(visit, followed[visit.appointment_id]) for visit in found if visit.appointment_id in followed]
    visits = [(visit, row) for visit, row in visits if visit.advisor_id == row.advisor_id]
    if not visits:
        return
    await _take_turns(tx, [(visit, row.from_advisor_id) for visit, row in visits], now=now)
    for visit, row in visits:
        before = AssignedFor(row.assigned_for)
        stood = visit.starts_at == row.starts_at
        reason = await _give(tx, visit, row.from_advisor_id, assigned_for=before, now=now, is_return=stood)
        row.outcome, row.reason, row.decided_at = "returned" if reason is None else "not-returned", reason, now
        if reason is None:
            _announce(tx, visit, row.handover_id, row.advisor_id)
    await tx.flush()


async def _take_turns(tx: AsyncSession, wanted: Sequence[tuple[Appointment, UUID]], *, now: datetime) -> None:
    """Wait for all of them at once, in their one order, and take back what was proposed for these visits."""
    # Another time was proposed with the advisor she had, and leans on the time that is given back now.
    offered = await proposals.standing(tx, [visit.appointment_id for visit, _ in wanted])
    resources = {one for visit, advisor_id in wanted for one in (*visit.resource_ids, advisor_id)}
    resources |= {one for proposal in offered.values() for one in proposal.resource_ids}
    await take_turns(tx, resources)
    for visit, _ in wanted:
        if visit.appointment_id in offered:
            proposal = offered[visit.appointment_id]
            await proposals.release(tx, proposal, visit, outcome=Answer.WITHDRAWN, now=now)


async def _give(
    tx: AsyncSession,
    visit: Appointment,
    advisor_id: UUID,
    *,
    assigned_for: AssignedFor,
    now: datetime,
    is_return: bool = False,
) -> str | None:
    """Give a locked visit to an advisor; answers why not: not-there, off-shift, taken.

    What goes back to whom it was agreed with, for the same time, needs no shift: it stood there before.
    """
    outlook = await giving.look(tx, visit, now=now)
    if not is_return and (reason := why_not(outlook, advisor_id, Span(visit.starts_at, visit.ends_at))) is not None:
        return reason
    if not await giving.give(tx, visit, outlook.terms, advisor_id=advisor_id, now=now):
        return "taken"
    visit.assigned_for = assigned_for
    return None


def _announce(tx: AsyncSession, visit: Appointment, handover_id: UUID, from_advisor_id: UUID) -> None:
    if visit.status == Status.CONFIRMED:  # of what she only asks for nothing is agreed that could move
        announce(tx, AppointmentMoved, visit, by=Role.SERVICE)
    record(
        tx,
        AppointmentReassigned(
            appointment_id=visit.appointment_id,
            client_id=visit.client_id,
            boutique_id=visit.boutique_id,
            handover_id=handover_id,
            from_advisor_id=from_advisor_id,
            advisor_id=visit.advisor_id,
        ),
    )
