"""Which facts of the house are contacts with a client: the list at the bottom shows them all."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.profile.touchpoints import actions
from services.profile.touchpoints.actions import Entry
from services.profile.touchpoints.rules import Contact

FILLS = ("touchpoint",)


class PurchaseRecorded(Slice):
    """A receipt, or further lines of one."""

    type: ClassVar[str] = "profile.purchase-recorded.v1"
    purchase_id: UUID
    client_id: UUID | None
    boutique_id: UUID | None
    purchased_at: AwareDatetime
    currency: str
    net_minor: int
    line_count: int


class PurchaseClaimed(Slice):
    """An anonymous receipt found its client."""

    type: ClassVar[str] = "profile.purchase-claimed.v1"
    purchase_id: UUID
    client_id: UUID
    boutique_id: UUID | None
    purchased_at: AwareDatetime
    currency: str


class MessageSent(Slice):
    """A message left for her."""

    type: ClassVar[str] = "profile.message-sent.v1"
    message_id: UUID
    client_id: UUID
    purpose: str
    template: str
    channel: str


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
    """She did not come."""

    type: ClassVar[str] = "appointments.no-show-recorded.v1"
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID


class SurveyDue(Slice):
    """She is to be asked how it was."""

    type: ClassVar[str] = "feedback.survey-due.v1"
    invitation_id: UUID
    client_id: UUID
    boutique_id: UUID
    trigger: str


class AnswerSubmitted(Slice):
    """She said how it was."""

    type: ClassVar[str] = "feedback.answer-submitted.v1"
    answer_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID | None
    score: int
    has_comment: bool


class WorkOrderOpened(Slice):
    """Someone has something to put right."""

    type: ClassVar[str] = "feedback.work-order-opened.v1"
    work_order_id: UUID
    client_id: UUID
    boutique_id: UUID
    severity: str
    due_at: AwareDatetime


class WorkOrderClosed(Slice):
    """It is put right."""

    type: ClassVar[str] = "feedback.work-order-closed.v1"
    work_order_id: UUID
    client_id: UUID
    boutique_id: UUID
    closed_at: AwareDatetime


class LoopClosed(Slice):
    """She was asked again after it was put right."""

    type: ClassVar[str] = "feedback.loop-closed.v1"
    work_order_id: UUID
    client_id: UUID
    boutique_id: UUID
    score: int
    recovered: bool


def _contact(
    reads: type[Slice], kind: Contact, *, about: str, at: str | None = None, details: Sequence[str] = ()
) -> Reaction:
    """Enter each fact as a contact. `at` is the field with its time; without it the fact's own time counts."""

    async def enter(tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
        await actions.enter(
            tx,
            [
                Entry(
                    event_id=delivered.event_id,
                    client_id=delivered.fact.client_id,
                    kind=kind,
                    occurred_at=getattr(delivered.fact, at) if at else delivered.occurred_at,
                    boutique_id=getattr(delivered.fact, "boutique_id", None),
                    advisor_id=getattr(delivered.fact, "advisor_id", None),
                    subject_id=getattr(delivered.fact, about),
                    details=delivered.fact.model_dump(mode="json", include=set(details)),
                )
                for delivered in facts
                if delivered.fact.client_id is not None  # an anonymous receipt is nobody's contact yet
            ],
        )

    return on(reads, enter, fills=FILLS)


async def enter_claimed(tx: AsyncSession, facts: Sequence[Delivered[PurchaseClaimed]]) -> None:
    """A receipt that was nobody's becomes a contact of the day it was made, not of the day it was claimed."""
    await actions.enter(
        tx,
        [
            Entry(
                event_id=delivered.event_id,
                client_id=delivered.fact.client_id,
                kind=Contact.PURCHASE,
                occurred_at=delivered.fact.purchased_at,
                boutique_id=delivered.fact.boutique_id,
                advisor_id=None,
                subject_id=delivered.fact.purchase_id,
                details={"currency": delivered.fact.currency, "claimed": True},
            )
            for delivered in facts
        ],
    )


class PurchaseTakenBack(Slice):
    """What an import had brought by mistake is not kept any more."""

    type: ClassVar[str] = "profile.purchase-taken-back.v1"
    purchase_id: UUID
    client_id: UUID | None
    is_whole: bool


async def leave_out(tx: AsyncSession, facts: Sequence[Delivered[PurchaseTakenBack]]) -> None:
    """A receipt of which nothing is left was no contact."""
    gone = [delivered.fact.purchase_id for delivered in facts if delivered.fact.is_whole]
    await actions.leave_out(tx, Contact.PURCHASE, gone)


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


REACTIONS: list[Reaction] = [
    _contact(
        PurchaseRecorded,
        Contact.PURCHASE,
        about="purchase_id",
        at="purchased_at",
        details=["currency", "net_minor", "line_count"],
    ),
    on(PurchaseClaimed, enter_claimed, fills=FILLS),
    on(PurchaseTakenBack, leave_out, fills=FILLS),
    _contact(Confirmed, Contact.VISIT_BOOKED, about="appointment_id", details=["experience_id", "starts_at"]),
    _contact(Moved, Contact.VISIT_MOVED, about="appointment_id", details=["starts_at"]),
    _contact(Cancelled, Contact.VISIT_CANCELLED, about="appointment_id", details=["starts_at"]),
    _contact(ClientArrived, Contact.ARRIVED, about="appointment_id", at="arrived_at"),
    on(VisitorArrived, enter_walk_ins, fills=FILLS),
    on(VisitorRecognised, enter_walk_ins, fills=FILLS),
    _contact(VisitCompleted, Contact.VISIT_COMPLETED, about="appointment_id", at="completed_at"),
    _contact(NoShowRecorded, Contact.NO_SHOW, about="appointment_id"),
    _contact(SurveyDue, Contact.SURVEY_DUE, about="invitation_id", details=["trigger"]),
    _contact(AnswerSubmitted, Contact.ANSWER, about="answer_id", details=["score", "has_comment"]),
    _contact(WorkOrderOpened, Contact.WORK_ORDER_OPENED, about="work_order_id", details=["severity", "due_at"]),
    _contact(WorkOrderClosed, Contact.WORK_ORDER_CLOSED, about="work_order_id", at="closed_at"),
    _contact(LoopClosed, Contact.LOOP_CLOSED, about="work_order_id", details=["score", "recovered"]),
    _contact(MessageSent, Contact.MESSAGE_SENT, about="message_id", details=["purpose", "template", "channel"]),
]
