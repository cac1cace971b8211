"""Wire models of the directory: what can be booked."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from infra.wire import Code, Form, Text, View
from services.appointments.directory.rules import Audience, Mode
from services.appointments.directory.schemas.places import DAY
from services.appointments.directory.schemas.staff import Languages

MOST_QUESTIONS = 3


def _grid(minutes: int) -> int:
    if DAY % minutes:
        raise ValueError("must divide a day evenly, so that every day starts the same")
    return minutes


Duration = Annotated[int, Field(ge=5, le=720)]
Buffer = Annotated[int, Field(ge=0, le=240)]
Granularity = Annotated[int, Field(ge=5, le=240), AfterValidator(_grid)]
Notice = Annotated[int, Field(ge=0, le=60 * DAY)]
Horizon = Annotated[int, Field(ge=1, le=366)]
Approval = Annotated[int, Field(ge=15, le=14 * DAY)]


class Question(Form):
    """Something the house would like to know before the visit."""

    code: Code
    text_zh: Text
    text_en: Text


def _apart(questions: tuple[Question, ...]) -> tuple[Question, ...]:
    if len({one.code for one in questions}) < len(questions):
        raise ValueError("each code may stand once")
    return questions


Questions = Annotated[tuple[Question, ...], Field(max_length=MOST_QUESTIONS), AfterValidator(_apart)]
Modes = Annotated[tuple[Mode, ...], Field(min_length=1, max_length=2)]
Segments = Annotated[tuple[Code, ...], Field(max_length=10)]


class _Offer(Form):
    """What every experience says of itself.

    Buffers keep advisor and room free around the visit, not the client. `notice_minutes` is how long before its start
    a client must book, `cancel_notice_minutes` how long before she may still cancel or move it; the house's own people
    owe neither. `skill` is what the advisor needs (null: any may do it), `second_skill` what the second one needs where
    two receive her; `room_kind` the kind of room, where one is needed. Whoever receives her speaks one of `languages`
    (none: any). `audience`: everyone, the segments in `open_to_segments`, or clients who were invited. With
    `needs_approval` a booking waits for the boutique's yes, for `approve_within_minutes` at most.
    """

    duration_minutes: Duration = 60
    buffer_before_minutes: Buffer = 0
    buffer_after_minutes: Buffer = 0
    granularity_minutes: Granularity = 30
    notice_minutes: Notice = 120
    horizon_days: Horizon = 60
    cancel_notice_minutes: Notice = DAY
    needs_room: bool = False
    room_kind: Code | None = None
    skill: Code | None = None
    needs_second_advisor: bool = False
    second_skill: Code | None = None
    languages: Languages = ()
    modes: Modes = (Mode.IN_PERSON,)
    audience: Audience = Audience.EVERYONE
    open_to_segments: Segments = ()
    needs_approval: bool = False
    approve_within_minutes: Approval = DAY
    questions: Questions = ()

    def said(self) -> dict[str, Any]:
        """What was said, as the rows keep it."""
        return self.model_dump(mode="json", exclude_unset=True)


class ExperienceForm(_Offer):
    """A new experience."""

    code: Code
    name_zh: Text
    name_en: Text

    @model_validator(mode="after")
    def _agreeing(self) -> Self:
        if (self.audience is Audience.SEGMENT) != bool(self.open_to_segments):
            raise ValueError("`open_to_segments` says which, where and only where `audience` is segment")
        if self.second_skill is not None and not self.needs_second_advisor:
            raise ValueError("`second_skill` is of the second advisor")
        return self


class ExperiencePatch(_Offer):
    """What to change; what is left out stays. One that is not `active` is not offered; visits agreed stay."""

    name_zh: Text = "-"
    name_en: Text = "-"
    active: bool = True


class HerExperienceView(View):
    """What can be booked, as a client sees it."""

    experience_id: UUID
    code: str
    name_zh: str
    name_en: str
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    granularity_minutes: int
    notice_minutes: int
    horizon_days: int
    cancel_notice_minutes: int
    needs_room: bool
    skill: str | None
    needs_second_advisor: bool
    languages: list[str]
    modes: list[Mode]
    needs_approval: bool
    questions: list[Question]
    active: bool
    version: int


class ExperienceView(HerExperienceView):
    """What can be booked, as the house sees it: for whom it is, too."""

    room_kind: str | None
    second_skill: str | None
    audience: Audience
    open_to_segments: list[str]
    approve_within_minutes: int
