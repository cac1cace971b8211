"""Facts of invitations."""

from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact
from services.feedback.journeys.rules import Trigger


class SurveyDue(Fact):
    """The time has come to ask a client how it was."""

    type: ClassVar[str] = "feedback.survey-due.v1"
    aggregate: ClassVar[str] = "invitation_id"

    invitation_id: UUID
    survey_id: UUID
    client_id: UUID
    boutique_id: UUID
    appointment_id: UUID | None
    work_order_id: UUID | None
    trigger: Trigger
