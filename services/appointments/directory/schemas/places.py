"""Wire models of the directory: its places and their hours."""

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
        return minutes_of(self.starts), minutes_of(self.ends)

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


class Break(Stretch):
    """A pause among the hours, of every such weekday or of one day. One of a day comes on top of its weekday's."""

    weekday: Annotated[int, Field(ge=1, le=7)] | None = None
    on: Day | None = None

    @model_validator(mode="after")
    def _placed(self) -> Self:
        if (self.weekday is None) == (self.on is None):
            raise ValueError("either `weekday` or `on` says when it is")
        return self

    @property
    def day(self) -> int | date:
        """The weekday or the day it is on."""
        return self.on or self.weekday or 0


class TimetableForm(Form):
    """The weekly pattern, the days that differ from it, and the breaks that are taken out of both."""

    weekly: Annotated[tuple[WeeklyStretch, ...], Field(max_length=28)] = ()
    dated: Annotated[tuple[DatedStretches, ...], Field(max_length=MOST_DATES)] = ()
    breaks: Annotated[tuple[Break, ...], Field(max_length=MOST_DATES)] = ()

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        if len({day.on for day in self.dated}) < len(self.dated):
            raise ValueError("each date may stand once")
        timetable = self.timetable()
        if any(overlapping(hours) for hours in [*timetable.weekly.values(), *timetable.dated.values()]):
            raise ValueError("stretches of one day may not overlap")
        if any(overlapping(pauses) for pauses in timetable.breaks.values()):
            raise ValueError("breaks of one day may not overlap")
        return self

    def timetable(self) -> Timetable:
        """The same as the rules know it."""
        weekly: dict[int, tuple[Minutes, ...]] = {}
        for stretch in self.weekly:
            weekly[stretch.weekday] = (*weekly.get(stretch.weekday, ()), stretch.minutes)
        dated = {day.on: tuple(stretch.minutes for stretch in day.stretches) for day in self.dated}
        breaks: dict[int | date, tuple[Minutes, ...]] = {}
        for pause in self.breaks:
            breaks[pause.day] = (*breaks.get(pause.day, ()), pause.minutes)
        return Timetable(weekly, dated, breaks)


class TimetableView(View):
    """A timetable as it stands, with the version to send back in If-Match."""

    weekly: list[WeeklyStretch]
    dated: list[DatedStretches]
    breaks: list[Break]
    version: int

    @classmethod
    def of(cls, timetable: Timetable, version: int) -> Self:
        """The view of a timetable."""
        return cls(
            weekly=[
                WeeklyStretch(weekday=weekday, starts=clock(starts), ends=clock(ends))
                for weekday, hours in sorted(timetable.weekly.items())
                for starts, ends in sorted(hours)
            ],
            dated=[
                DatedStretches(
                    on=on,
                    stretches=[Stretch(starts=clock(starts), ends=clock(ends)) for starts, ends in sorted(hours)],
                )
                for on, hours in sorted(timetable.dated.items())
            ],
            breaks=[
                Break(
                    weekday=day if isinstance(day, int) else None,
                    on=None if isinstance(day, int) else day,
                    starts=clock(starts),
                    ends=clock(ends),
                )
                for day, pauses in sorted(
                    timetable.breaks.items(), key=lambda told: (not isinstance(told[0], int), str(told[0]))
                )
                for starts, ends in sorted(pauses)
            ],
            version=version,
        )


def minutes_of(clock: str) -> int:
    """`10:30` in minutes after midnight."""
    return int(clock[:2]) * 60 + int(clock[3:])


def clock(minutes: int) -> str:
    """Minutes after midnight as `10:30`."""
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


City = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class _Place(Form):
    """What every boutique says of itself.

    `city_code` groups boutiques of a city; `latitude` and `longitude` are degrees (WGS 84), both or neither.
    """

    boutique_type: BoutiqueType = BoutiqueType.BOUTIQUE
    zone: Zone = "Asia/Shanghai"
    city_code: City | None = None
    city_zh: Text | None = None
    city_en: Text | None = None
    address_zh: Text | None = None
    address_en: Text | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("`latitude` and `longitude` come together")
        return self


class BoutiqueForm(_Place):
    """A new boutique; without hours it is closed until they are set.

    `city_code` groups boutiques of a city; `latitude` and `longitude` are degrees (WGS 84), both or neither.
    """

    region_id: UUID
    code: Code
    name_zh: Text
    name_en: Text
    hours: TimetableForm | None = None


class BoutiqueChange(_Place):
    """What is said of a boutique; only what was sent is read.

    The defaults keep an explicit null from being taken for "left out".
    """

    name_zh: Text = "-"
    name_en: Text = "-"


class BoutiquePatch(BoutiqueChange):
    """What to change; what is left out stays. A null city, address or position is taken away."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len({"latitude", "longitude"} & self.model_fields_set) == 1:
            raise ValueError("`latitude` and `longitude` come together")
        return self


class BoutiqueView(View):
    """A boutique."""

    boutique_id: UUID
    region_id: UUID
    code: str
    boutique_type: BoutiqueType
    zone: str
    name_zh: str
    name_en: str
    city_code: str | None
    city_zh: str | None
    city_en: str | None
    address_zh: str | None
    address_en: str | None
    latitude: float | None
    longitude: float | None
    version: int

    @classmethod
    def of(cls, boutique: Boutique) -> Self:
        """The view of a row."""
        return cls.model_validate(boutique)
