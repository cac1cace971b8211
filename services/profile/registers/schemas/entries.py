"""What every entry of a register shows besides its content."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import Form, LongText, View
from services.profile.registers.rules.entries import Category

Words = Annotated[LongText, Field(max_length=2000)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]  # ISO 3166-1 alpha-2
Categories = Annotated[list[Category], Field(min_length=1, max_length=len(Category))]


class EntryForm(Form):
    """What an officer writes. `ended_on` closes the entry: it is kept as it is for its legal time."""

    ended_on: Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))] | None = None


class EntryView(View):
    """One version of an entry: 0 is what the software brought along, which nobody has changed yet.

    `kept_until` is the last day on which the law wants it to be there, once it was closed.
    """

    entry_id: UUID
    version: int
    changed_by: str
    changed_at: datetime | None
    kept_until: date | None
