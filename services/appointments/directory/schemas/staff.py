"""Wire models of the directory: advisors, and the staff as HR and WeCom know them."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.wire import Code, Form, Text, View
from services.appointments.directory.schemas.places import Day, TimetableForm

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", max_length=35)]
Languages = Annotated[tuple[Language, ...], Field(max_length=10)]
Skills = Annotated[tuple[Code, ...], Field(max_length=50)]
# WeCom's own rule for a userid.
WeComUserid = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@\-]*$")]


Weight = Annotated[int, Field(ge=1, le=100)]
Priority = Annotated[int, Field(ge=0, le=100)]


class AdvisorForm(Form):
    """A new advisor; without shifts she cannot be booked until they are set.

    `weight` is her share where visits are shared out: 2 is asked twice as often as 1. Of those who have had their share
    alike whoever has the higher `priority` is asked first.
    """

    advisor_id: UUID | None = None
    display_name: Text
    languages: Languages = ()
    skills: Skills = ()
    wecom_userid: WeComUserid | None = None
    weight: Weight = 1
    priority: Priority = 0
    shifts: TimetableForm | None = None


class AdvisorPatch(Form):
    """What to change; what is left out stays."""

    display_name: Text = "-"
    languages: Languages = ()
    skills: Skills = ()
    weight: Weight = 1
    priority: Priority = 0


class AdvisorView(View):
    """An advisor."""

    advisor_id: UUID
    boutique_id: UUID
    display_name: str
    languages: list[str]
    skills: list[str]


class StaffView(AdvisorView):
    """An advisor as the house sees her: when she is away, and since when she has left."""

    employee_number: str | None
    wecom_userid: str | None
    absent_from_on: date | None = Field(validation_alias="absent_from")
    absent_until_on: date | None = Field(validation_alias="absent_until")
    left_at: datetime | None
    weight: int
    priority: int
    version: int


class MoveForm(Form):
    """The boutique she works at from now on."""

    boutique_id: UUID


class AbsenceForm(Form):
    """The first and the last day she is away; no last one while nobody knows; neither: she is back."""

    from_on: Day | None = None
    until_on: Day | None = None

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.until_on is not None and (self.from_on is None or self.until_on < self.from_on):
            raise ValueError("the last day may not come before the first")
        return self


class StaffItem(Form):
    """One member of staff. `skills` are codes of what she offers, experiences and categories alike."""

    employee_number: Code
    display_name: Text
    boutique_code: Code
    state: Literal["active", "absent", "left"] = "active"
    absent_from_on: Day | None = None
    absent_until_on: Day | None = None
    wecom_userid: WeComUserid | None = None
    languages: Languages = ()
    skills: Skills = ()


class StaffForm(Form):
    """Staff as HR or WeCom has them now; who is not named stays as she is."""

    items: Annotated[tuple[StaffItem, ...], Field(min_length=1, max_length=500)]


class StaffOutcome(View):
    """What became of one item.

    `reason`: boutique-unknown, wecom-userid-taken, named-twice, nobody-to-leave, absence-unfit.
    """

    index: int
    employee_number: str
    status: Literal["created", "updated", "unchanged", "rejected"]
    advisor_id: UUID | None = None
    reason: str | None = None


class StaffOutcomes(View):
    """One outcome for each item, in its order."""

    items: list[StaffOutcome]
