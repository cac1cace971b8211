"""Which facts of the house are contacts with a client: the list at the bottom shows them all."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.profile.touchpoints import actions
from services.profile.touchpoints.actions import Entry
from services.profile.touchpoints.reactions.purchases import (
    PurchaseClaimed,
    PurchaseRecorded,
    PurchaseTakenBack,
    enter_claimed,
    leave_out,
)
from services.profile.touchpoints.reactions.visits import (
    Cancelled,
    ClientArrived,
    Confirmed,
    Moved,
    NoShowRecorded,
    VisitCompleted,
    VisitorArrived,
    VisitorRecognised,
    enter_walk_ins,
)
from services.profile.touchpoints.reactions.voice import (
    AnswerSubmitted,
    LoopClosed,
    MessageSent,
    SurveyDue,
    WorkOrderClosed,
    WorkOrderOpened,
)
from services.profile.touchpoints.rules import Contact

FILLS = ("touchpoint",)


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
    _contact(NoShowRecorded, Contact.NO_SHOW, about="appointment_id", details=["excused"]),
    _contact(SurveyDue, Contact.SURVEY_DUE, about="invitation_id", details=["trigger"]),
    _contact(AnswerSubmitted, Contact.ANSWER, about="answer_id", details=["score", "has_comment"]),
    _contact(WorkOrderOpened, Contact.WORK_ORDER_OPENED, about="work_order_id", details=["severity", "due_at"]),
    _contact(WorkOrderClosed, Contact.WORK_ORDER_CLOSED, about="work_order_id", at="closed_at"),
    _contact(LoopClosed, Contact.LOOP_CLOSED, about="work_order_id", details=["score", "recovered"]),
    _contact(MessageSent, Contact.MESSAGE_SENT, about="message_id", details=["purpose", "template", "channel"]),
]
