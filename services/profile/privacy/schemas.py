"""Access on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import Form, LongText, View
from services.profile.privacy.rules import Ground


class AccessForm(Form):
    """Why the caller has to see a client who is neither hers nor present. The data protection officer reads it."""

    reason: Annotated[LongText, Field(min_length=2, max_length=500)]


class AccessView(View):
    """Until when the client is open to the caller."""

    client_id: UUID
    until_at: datetime


class LookView(View):
    """One full view of a client by someone of the house."""

    entry_id: UUID
    subject: str
    role: str
    seen: str
    ground: Ground
    reason: str | None
    seen_at: datetime
