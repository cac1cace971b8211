"""A client's names, days, preferences, notes and relations on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from infra.wire import Form, LongText, Text, View
from services.profile.clients.models import days, names
from services.profile.clients.models.days import Day
from services.profile.clients.queries.dates import Kept
from services.profile.clients.rules import Calendar, DayKind, Provenance, Tie, Topic


def _name(value: str) -> str:
    tidied = names.tidy(value)
    if not names.is_writable(tidied):
        raise PydanticCustomError("name_unwritable", "A name needs letters and may not hold control characters.")
    return tidied


# Characters are counted as code points: a rare character outside the BMP is one.
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_name)]
Salutation = Annotated[str, Field(min_length=1, max_length=20), AfterValidator(_name)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]


class DayForm(Form):
    """A day of every year, by the sun or by the moon. `leap_month` is the second of two lunar months of one number."""

    calendar: Calendar = Calendar.SOLAR
    year: Annotated[int, Field(ge=days.FIRST_YEAR, le=days.LAST_YEAR)] | None = None
    month: Annotated[int, Field(ge=1, le=days.MONTHS)]
    day: Annotated[int, Field(ge=1, le=31)]
    leap_month: bool = False

    def read(self, *, today: date) -> Day:
        """The day; raises NoSuchDay and DayAhead."""
        read = Day(self.calendar, self.month, self.day, self.year, self.leap_month)
        days.check(read, today=today)
        return read


class NamesForm(Form):
    """A client's names and how she is addressed. `display_name` is never taken apart; the parts are optional."""

    display_name: Name
    family_name: Name | None = None
    given_name: Name | None = None
    salutation: Salutation | None = None
    language: Language = "zh"


class CorrectionForm(Form):
    """Corrections: what is left out stays, null takes away."""

    # No null here: a client always has a name to be shown by, and a language to be spoken to in.
    display_name: Name = ""
    family_name: Name | None = None
    given_name: Name | None = None
    salutation: Salutation | None = None
    language: Language = ""
    birthday: DayForm | None = None

    def changes(self, *, today: date) -> dict[str, str | Day | None]:
        """What is to change; raises NoSuchDay and DayAhead."""
        told = self.model_dump(exclude_unset=True)
        if self.birthday is not None:
            told["birthday"] = self.birthday.read(today=today)
        return told


class BirthdayView(View):
    """Her birthday, and the solar day on which it is kept next; null behind the end of the lunar tables."""

    calendar: Calendar
    year: int | None
    month: int
    day: int
    leap_month: bool
    next_on: date | None

    @classmethod
    def of(cls, one: Day, *, today: date) -> "BirthdayView":
        """A day as it is seen from today."""
        return cls(
            calendar=one.calendar,
            year=one.year,
            month=one.month,
            day=one.day,
            leap_month=one.leap,
            next_on=days.next_on(one, today),
        )


class DateForm(DayForm):
    """A day that matters to her, and what it is to her; `label` says whose."""

    kind: DayKind
    label: Text | None = None


class DateView(BirthdayView):
    """A day that matters to her."""

    date_id: UUID
    kind: DayKind
    label: str | None
    noted_by: str
    noted_at: datetime

    @classmethod
    def kept(cls, one: Kept, *, today: date) -> "DateView":
        """A kept day as it is seen from today."""
        return cls(
            **BirthdayView.of(one.day, today=today).model_dump(),
            date_id=one.date_id,
            kind=one.kind,
            label=one.label,
            noted_by=one.noted_by,
            noted_at=one.noted_at,
        )


class DatesView(View):
    """Her birthday and every day that matters to her besides."""

    birthday: BirthdayView | None
    items: list[DateView]


class PreferenceForm(Form):
    """What somebody of the house learned of her taste, and how. Without `learned_on` it was learned today.

    `likes` false is what she wants to be spared. `confidence` is in per cent.
    """

    topic: Topic
    value: Text
    likes: bool = True
    provenance: Provenance
    confidence: Annotated[int, Field(ge=1, le=100)] | None = None
    learned_on: date | None = None


class PreferenceView(View):
    """One thing known of her taste. `outdone`: another on the same matter counts instead."""

    preference_id: UUID
    topic: Topic
    value: str
    likes: bool
    provenance: Provenance
    confidence: int
    learned_on: date
    noted_by: str
    outdone: bool


class PreferencesView(View):
    """What is known of her taste, the latest noted first."""

    items: list[PreferenceView]


class NoteForm(Form):
    """A note. A private one is seen by nobody but its author, a shared one by whoever may see the client in full."""

    words: LongText
    private: bool = False


class NoteChangeForm(Form):
    """What is to change of a note; what is left out stays."""

    words: LongText = ""
    private: bool = False


class NoteView(View):
    """What somebody wrote about her; `mine`: the caller may change it."""

    note_id: UUID
    author: str
    author_advisor_id: UUID | None
    mine: bool
    private: bool
    words: str
    written_at: datetime
    edited_at: datetime | None


class RelationForm(Form):
    """What somebody is to her: another client, or somebody by name."""

    tie: Tie
    other_client_id: UUID | None = None
    name: Name | None = None


class RelationView(View):
    """What somebody is to her. A client whom the caller may not see has neither id nor whole name here."""

    relation_id: UUID
    tie: Tie
    other_client_id: UUID | None
    name: str
    noted_by: str
    noted_at: datetime


class RelationsView(View):
    """Who is what to her."""

    items: list[RelationView]
