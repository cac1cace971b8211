"""How books, deputies and plans go over the wire."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from infra.wire import Form, LongText, Page, Spelled, View
from services.profile.books.rules.policy import Policy
from services.profile.books.schemas.owners import EntryView


def _usable(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie within the calendar") from None


Instant = Annotated[AwareDatetime, Spelled, AfterValidator(_usable)]


def _some_year(day: date) -> date:
    if not 2000 <= day.year <= 2199:  # noqa: PLR2004 - a calendar that shops use
        raise ValueError("must lie between 2000 and 2199")
    return day


Day = Annotated[date, Spelled, AfterValidator(_some_year)]
Limit = Annotated[int, Field(ge=1, le=100_000)]


class LoadView(View):
    """How many clients an advisor owns, how many of them count, and what she can bear."""

    clients: int
    counted: int
    soft: int
    hard: int


class BookView(Page[EntryView]):
    """One page of a book, and what the whole of it comes to."""

    load: LoadView


class BookPolicyForm(Form):
    """`soft` is how many counted clients fill a book, `hard` how many it may hold."""

    soft: Limit = 30
    hard: Limit = 50
    counted: Annotated[
        tuple[Literal["vic", "core", "potential", "occasional", "development"], ...], Field(max_length=5)
    ] = ("vic", "core", "development")
    first_contact_days: Annotated[int, Field(ge=0, le=60)] = 3

    def policy(self) -> Policy:
        """The same as the rules know it."""
        return Policy(self.soft, self.hard, frozenset(self.counted), self.first_contact_days)


class BookPolicyView(View):
    """The policy in force. `first_contact_days` are working days from the start of a handover."""

    soft: int
    hard: int
    counted: list[str]
    first_contact_days: int
    version: int


class DeputyForm(Form):
    """Who stands in, from when (now, if nothing is said) until when; for a client it may be open-ended."""

    advisor_id: UUID
    from_at: Instant | None = None
    until_at: Instant | None = None

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.from_at is not None and self.until_at is not None and self.until_at <= self.from_at:
            raise ValueError("must end after it begins")
        return self


class BookDeputyForm(DeputyForm):
    """Who stands in for a whole book: an absence has an end."""

    until_at: Instant


class DeputyView(View):
    """Who stands in for the owner; all null when nobody does."""

    advisor_id: UUID | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None


class PlanForm(Form):
    """Her development path, and how often her advisor speaks to her; what is left out is taken away."""

    stage: Literal["watching", "developing", "ready"] | None = None
    next_step: LongText | None = None
    every_weeks: Annotated[int, Field(ge=1, le=104)] | None = None
    next_contact_on: Day | None = None

    @model_validator(mode="after")
    def _rhythm(self) -> Self:
        if self.next_contact_on is not None and self.every_weeks is None:
            raise ValueError("a next contact needs a rhythm (every_weeks)")
        return self


class PlanView(View):
    """What is planned with her."""

    client_id: UUID
    stage: str | None
    next_step: str | None
    every_weeks: int | None
    next_contact_on: date | None
    changed_at: datetime | None
