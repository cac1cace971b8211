"""Facts about what the house says to a client, and she to it."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from infra.eventlog.facts import Slice


class MessageSent(Slice):
    """A message left for her."""

    type: ClassVar[str] = "profile.message-sent.v1"
    message_id: UUID
    client_id: UUID
    purpose: str
    template: str
    channel: str


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
