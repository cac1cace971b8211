"""Wire models of free times, leave and closures."""

from datetime import UTC, date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from infra.wire import Form, Page, Spelled, View
from services.appointments.availability.rules.absences import Said
from services.appointments.availability.rules.explaining import Rule
from services.appointments.directory.rules import ClosureReason, LeaveReason


def _usable(moment: datetime) -> datetime:
    # No visit lies outside, and within no offset leads out of the calendar.
    if moment.tzinfo is None or not 2000 < moment.year < 2100:  # noqa: PLR2004
        raise ValueError("must have an offset and lie between 2001 and 2099")
    return moment.astimezone(UTC)


def instant(value: str) -> datetime:
    """The instant inside a cursor; raises ValueError for one that was made up."""
    return _usable(datetime.fromisoformat(value))


# An instant with an offset, as UTC.
Instant = Annotated[AwareDatetime, Spelled, AfterValidator(_usable)]

# Larger parties are an event. Where a room is needed, the largest one may allow fewer.
PartySize = Annotated[int, Field(ge=1, le=20)]


class SlotView(View):
    """A free time and who is free for it: her own advisor first. Where two receive her, who may assist, too."""

    boutique_id: UUID
    starts_at: datetime
    ends_at: datetime
    advisor_ids: list[UUID]
    second_advisor_ids: list[UUID]


class RuleView(View):
    """How many starts a rule removes, and what it says to people."""

    rule: Rule
    count: int
    zh: str
    en: str


class RemovedView(View):
    """A start that cannot be had, and the first rule that removes it."""

    starts_at: datetime
    rule: Rule


class ExplainView(Page[RemovedView]):
    """Why there is no slot: the sums are of the whole range, the items of this page."""

    zone: str
    free_count: int
    rules: list[RuleView]


# A day, or a moment by the boutique's clock or with an offset.
Spoken = Annotated[
    str,
    Field(
        max_length=25,
        pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$",
        examples=["2030-01-08", "2030-01-08T14:00", "2030-01-08T14:00:00+08:00"],
    ),
]


def _said(value: str) -> date | datetime:
    if "T" not in value:
        return date.fromisoformat(value)
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo is None else _usable(moment)


class _Stretch(Form):
    """Whole days (the last one belongs to it), or moments: by the boutique's clock where they have no offset."""

    starts: Spoken
    ends: Spoken

    @model_validator(mode="after")
    def _readable(self) -> Self:
        _said(self.starts)
        _said(self.ends)
        return self

    def said(self) -> Said:
        """What was said."""
        return Said(_said(self.starts), _said(self.ends))


class _Change(Form):
    """What to change; `starts` and `ends` come together, and what is left out stays."""

    starts: Spoken | None = None
    ends: Spoken | None = None

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if (self.starts is None) != (self.ends is None):
            raise ValueError("`starts` and `ends` come together")
        self.said()
        return self

    def said(self) -> Said | None:
        """When it is instead, if that was said."""
        if self.starts is None or self.ends is None:
            return None
        return Said(_said(self.starts), _said(self.ends))


class LeaveForm(_Stretch):
    """Leave of an advisor."""

    reason: LeaveReason = LeaveReason.OTHER


class LeavePatch(_Change):
    """Another time or reason."""

    reason: LeaveReason | None = None


class ClosureForm(_Stretch):
    """A boutique is closed."""

    reason: ClosureReason = ClosureReason.OTHER


class ClosurePatch(_Change):
    """Another time or reason."""

    reason: ClosureReason | None = None


class LeaveView(View):
    """Leave of an advisor."""

    leave_id: UUID
    advisor_id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: LeaveReason
    created_at: datetime
    version: int


class HerClosureView(View):
    """When a boutique is closed, as clients see it."""

    closure_id: UUID
    boutique_id: UUID
    starts_at: datetime
    ends_at: datetime


class ClosureView(HerClosureView):
    """A closure as the house sees it."""

    reason: ClosureReason
    created_at: datetime
    version: int


class StandingLeaveView(LeaveView):
    """Leave as it stands now; the appointments in `in_the_way` stand in it all the same."""

    in_the_way: list[UUID]


class StandingClosureView(ClosureView):
    """A closure as it stands now; the appointments in `in_the_way` stand in it all the same."""

    in_the_way: list[UUID]


class GuestView(View):
    """A client to whom an experience by invitation is open."""

    client_id: UUID
    invited_at: datetime
