"""Facts about visits, booked or not, and what they enter."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from services.profile.touchpoints import actions
from services.profile.touchpoints.actions import Entry
from services.profile.touchpoints.rules import Contact


class Confirmed(Slice):
    """A visit was agreed."""

    type: ClassVar[str] = "appointments.confirmed.v1"
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    experience_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class Moved(Slice):
    """A visit was moved to another time."""

    type: ClassVar[str] = "appointments.moved.v1"
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class Cancelled(Slice):
    """A visit was called off."""

    type: ClassVar[str] = "appointments.cancelled.v1"
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    starts_at: AwareDatetime


class ClientArrived(Slice):
    """She is in the boutique."""

    type: ClassVar[str] = "appointments.client-arrived.v1"
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    arrived_at: AwareDatetime


class VisitCompleted(Slice):
    """The visit is over."""

    type: ClassVar[str] = "appointments.visit-completed.v1"
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    completed_at: AwareDatetime


class NoShowRecorded(Slice):
    """She did not come; `excused` where the house itself had upset the visit."""

    type: ClassVar[str] = "appointments.no-show-recorded.v1"
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    excused: bool = False  # not said in the first facts


class VisitorArrived(Slice):
    """Somebody entered a boutique; to an appointment or without one."""

    type: ClassVar[str] = "appointments.visitor-arrived.v1"
    visit_id: UUID
    client_id: UUID | None
    advisor_id: UUID | None
    boutique_id: UUID
    appointment_id: UUID | None
    arrived_at: AwareDatetime


class VisitorRecognised(Slice):
    """Somebody who had entered without an appointment is this client, or is not who she was taken for."""

    type: ClassVar[str] = "appointments.visitor-recognised.v1"
    visit_id: UUID
    client_id: UUID | None
    advisor_id: UUID | None
    boutique_id: UUID
    arrived_at: AwareDatetime


class VisitLeft(Slice):
    """She has left."""

    type: ClassVar[str] = "appointments.visit-left.v1"
    visit_id: UUID
    client_id: UUID | None
    appointment_id: UUID | None
    left_at: AwareDatetime


async def enter_walk_ins(
    tx: AsyncSession, facts: Sequence[Delivered[VisitorArrived]] | Sequence[Delivered[VisitorRecognised]]
) -> None:
    """Whoever came without an appointment came too; with one, the appointment says it."""
    for delivered in facts:
        fact = delivered.fact
        if isinstance(fact, VisitorRecognised):
            await actions.leave_out(tx, Contact.ARRIVED, [fact.visit_id])
        elif fact.appointment_id is not None:
            continue
        if fact.client_id is not None:
            came = Entry(
                event_id=delivered.event_id,
                client_id=fact.client_id,
                kind=Contact.ARRIVED,
                occurred_at=fact.arrived_at,
                boutique_id=fact.boutique_id,
                advisor_id=None,
                subject_id=fact.visit_id,
                details={},
            )
            await actions.enter(tx, [came])
