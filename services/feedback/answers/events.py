"""Facts of answers."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from infra.eventlog.facts import Fact


class AnswerSubmitted(Fact):
    """A client has said how it was. Her words stay here."""

    type: ClassVar[str] = "feedback.answer-submitted.v1"
    aggregate: ClassVar[str] = "answer_id"

    answer_id: UUID
    invitation_id: UUID
    survey_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID | None
    appointment_id: UUID | None
    work_order_id: UUID | None
    score: Annotated[int, Field(ge=0, le=10)]
    has_comment: bool
