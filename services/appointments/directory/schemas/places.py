"""Wire models of the directory: its places, and what can be booked there."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from infra.wire import Code, Form, Text, View
from services.appointments.directory.rules import BoutiqueType, Minutes, Timetable, overlapping
from services.appointments.directory.tables import Boutique

DAY = 24 * 60  # minutes
MOST_DATES = 400  # one year and a month of exceptions


def _zone(name: str) -> str:
    if "/" not in name or name not in available_timezones():
        raise ValueError("must be an IANA zone such as Asia/Shanghai")
    return name


def _grid(minutes: int) -> int:
    if DAY % minutes:
        raise ValueError("must divide a day evenly, so that every day starts the same")
    return minutes


def _some_year(day: date) -> date:
    if not 2000 <= day.year <= 2100:  # noqa: PLR2004 - a calendar that shops use
        raise ValueError("must lie between 2000 and 2100")
    return day


Zone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
Day = Annotated[date, AfterValidator(_some_year)]
Starts = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5, examples=["10:00"])]
Ends = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", max_length=5, examples=["22:00"])]


class Stretch(Form):
    """Hours of one day by the clock on the boutique's wall; `24:00` is the end of the day."""

    starts: Starts
    ends: Ends

    @property
    def minutes(self) -> Minutes:
        """Both ends in minutes after midnight."""
        return _minutes(self.starts), _minutes(self.ends)

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.minutes[0] >= self.minutes[1]:
            raise ValueError("must end after it starts; hours past midnight are two stretches on two days")
        return self


class WeeklyStretch(Stretch):
    """Hours of every such weekday; 1 is Monday, 7 is Sunday (ISO 8601)."""

    weekday: Annotated[int, Field(ge=1, le=7)]


class DatedStretches(Form):
    """Hours of one day instead of its weekday's; none at all is a day off."""

    on: Day
    stretches: Annotated[list[Stretch], Field(max_length=4)]


class TimetableForm(Form):
    """The weekly pattern, and the days that differ from it."""

    weekly: Annotated[tuple[WeeklyStretch, ...], Field(max_length=28)] = ()
    dated: Annotated[tuple[DatedStretches, ...], Field(max_length=MOST_DATES)] = ()

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        if len({day.on for day in self.dated}) < len(self.dated):
            raise ValueError("each date may stand once")
        timetable = self.timetable()
        if any(overlapping(hours) for hours in [*timetable.weekly.values(), *timetable.dated.values()]):
            raise ValueError("stretches of one day may not overlap")
        return self

    def timetable(self) -> Timetable:
        """The same as the rules know it."""
        weekly: dict[int, tuple[Minutes, ...]] = {}
        for stretch in self.weekly:
            weekly[stretch.weekday] = (*weekly.get(stretch.weekday, ()), stretch.minutes)
        return Timetable(weekly, {day.on: tuple(stretch.minutes for stretch in day.stretches) for day in self.dated})


class TimetableView(View):
    """A timetable as it stands, with the version to send back in If-Match."""

    weekly: list[WeeklyStretch]
    dated: list[DatedStretches]
    version: int

    @classmethod
    def of(cls, timetable: Timetable, version: int) -> Self:
        """The view of a timetable."""
        return cls(
            weekly=[
                WeeklyStretch(weekday=weekday, starts=_clock(starts), ends=_clock(ends))
                for weekday, hours in sorted(timetable.weekly.items())
                for starts, ends in sorted(hours)
            ],
            dated=[
                DatedStretches(
                    on=on,
                    stretches=[Stretch(starts=_clock(starts), ends=_clock(ends)) for starts, ends in sorted(hours)],
                )
                for on, hours in sorted(timetable.dated.items())
            ],
            version=version,
        )


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


class RegionForm(Form):
    """A new region."""

    code: Code
    name_zh: Text
    name_en: Text


class RegionView(View):
    """A region."""

    region_id: UUID
    code: str
    name_zh: str
    name_en: str


class BoutiqueForm(Form):
    """A new boutique; without hours it is closed until they are set."""

    region_id: UUID
    code: Code
    boutique_type: BoutiqueType = BoutiqueType.BOUTIQUE
    zone: Zone = "Asia/Shanghai"
    name_zh: Text
    name_en: Text
    hours: TimetableForm | None = None


class BoutiquePatch(Form):
    """What to change; what is left out stays."""

    # Only what was sent is read; the defaults keep an explicit null from being taken for "left out".
    boutique_type: BoutiqueType = BoutiqueType.BOUTIQUE
    zone: Zone = "Asia/Shanghai"
    name_zh: Text = "-"
    name_en: Text = "-"


class BoutiqueView(View):
    """A boutique."""

    boutique_id: UUID
    region_id: UUID
    code: str
    boutique_type: BoutiqueType
    zone: str
    name_zh: str
    name_en: str
    version: int

    @classmethod
    def of(cls, boutique: Boutique) -> Self:
        """The view of a row."""
        return cls.model_validate(boutique)


class RoomForm(Form):
    """A new room; it serves one party at a time, of at most `capacity` people."""

    name_zh: Text
    name_en: Text
    capacity: Annotated[int, Field(ge=1, le=200)]


class RoomView(View):
    """A room."""

    room_id: UUID
    boutique_id: UUID
    name_zh: str
    name_en: str
    capacity: int


Duration = Annotated[int, Field(ge=5, le=720)]
Buffer = Annotated[int, Field(ge=0, le=240)]
Granularity = Annotated[int, Field(ge=5, le=240), AfterValidator(_grid)]
Notice = Annotated[int, Field(ge=0, le=60 * DAY)]
Horizon = Annotated[int, Field(ge=1, le=366)]


class ExperienceForm(Form):
    """A new experience. Buffers keep advisor and room free around the visit, not the client.

    `notice_minutes` is how long before its start a client must book, `cancel_notice_minutes` how long before she may
    still cancel or move it; the house's own people owe neither.
    """

    code: Code
    name_zh: Text
    name_en: Text
    duration_minutes: Duration = 60
    buffer_before_minutes: Buffer = 0
    buffer_after_minutes: Buffer = 0
    granularity_minutes: Granularity = 30
    notice_minutes: Notice = 120
    horizon_days: Horizon = 60
    cancel_notice_minutes: Notice = DAY
    needs_room: bool = False
    skill: Code | None = None


class ExperiencePatch(Form):
    """What to change; what is left out stays. A null `skill` means that any advisor may do it."""

    name_zh: Text = "-"
    name_en: Text = "-"
    duration_minutes: Duration = 60
    buffer_before_minutes: Buffer = 0
    buffer_after_minutes: Buffer = 0
    granularity_minutes: Granularity = 30
    notice_minutes: Notice = 120
    horizon_days: Horizon = 60
    cancel_notice_minutes: Notice = DAY
    needs_room: bool = False
    skill: Code | None = None


class ExperienceView(View):
    """What can be booked."""

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
    version: int
