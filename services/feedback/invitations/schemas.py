"""Invitations over the wire."""

from datetime import datetime
from uuid import UUID

from infra.wire import Form, View
from services.feedback.invitations.rules import Status
from services.feedback.journeys.rules import Trigger
from services.feedback.journeys.schemas import DelayMinutes


class InvitationForm(Form):
    """Ask one client, outside any journey."""

    survey_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID | None = None
    appointment_id: UUID | None = None
    delay_minutes: DelayMinutes = 0


class InvitationView(View):
    """One invitation. Its link is never shown: who has it can answer for her."""

    invitation_id: UUID
    trigger: Trigger
    survey_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID | None
    appointment_id: UUID | None
    work_order_id: UUID | None
    status: Status
    reason: str | None
    due_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
