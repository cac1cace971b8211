"""Wire models of what clients are told of their visits."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import Form, View
from services.appointments.reminders.rules import Kind, Status


class ReminderPolicyForm(Form):
    """How many minutes before a visit its client is reminded; none for never. At most four different times."""

    lead_minutes: Annotated[list[Annotated[int, Field(ge=0, le=100_000)]], Field(max_length=20)]


class ReminderPolicyView(View):
    """When the brand reminds, the longest time first; version 0 is the suite's own."""

    lead_minutes: list[int]
    version: int


class NoticeView(View):
    """What a client was told of a visit, or could not be: `refused` with the reason calls for the telephone.

    `starts_at` is the time that it speaks of. `lead_minutes` is set for reminders alone.
    """

    notice_id: UUID
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    kind: Kind
    starts_at: datetime
    lead_minutes: int | None
    status: Status
    reason: str | None
    channel: str | None
    created_at: datetime
    settled_at: datetime | None
    telephoned_at: datetime | None
    telephoned_by: str | None
