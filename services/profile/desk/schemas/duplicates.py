"""Records that may be one person, on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import Form, LongText, View
from services.profile.desk.schemas.finding import CardView


class DuplicateView(View):
    """Two clients who may be one person, the chance of it, and what speaks for it.

    `grounds` are of name, phone, email, masked-phone and birthday those that agree.
    """

    duplicate_id: UUID
    probability: float
    grounds: list[str]
    found_at: datetime
    one: CardView
    other: CardView


class DecisionForm(Form):
    """What somebody found out: the two are one, and `survivor_id` goes on; or without it, that they are two."""

    survivor_id: UUID | None
    reason: Annotated[LongText, Field(min_length=2, max_length=500)] | None = None


class DecidedView(View):
    """What became of the two. `client_id` is the one who goes on, null when they stay two."""

    duplicate_id: UUID
    client_id: UUID | None
