"""Facts of work orders."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact
from services.feedback.workorders.rules import Severity


class WorkOrderOpened(Fact):
    """Something must be put right by `due_at`. `answer_id` is null if somebody of the house opened it."""

    type: ClassVar[str] = "feedback.work-order-opened.v1"
    aggregate: ClassVar[str] = "work_order_id"

    work_order_id: UUID
    client_id: UUID
    boutique_id: UUID
    answer_id: UUID | None
    severity: Severity
    due_at: datetime


class WorkOrderClosed(Fact):
    """It is said to be put right."""

    type: ClassVar[str] = "feedback.work-order-closed.v1"
    aggregate: ClassVar[str] = "work_order_id"

    work_order_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID | None
    appointment_id: UUID | None
    answer_id: UUID | None
    closed_at: datetime


class LoopClosed(Fact):
    """The client, asked again, has said whether it was. `answer_id` and `score` are those of that second answer."""

    type: ClassVar[str] = "feedback.loop-closed.v1"
    aggregate: ClassVar[str] = "work_order_id"

    work_order_id: UUID
    client_id: UUID
    boutique_id: UUID
    answer_id: UUID
    score: int
    recovered: bool
