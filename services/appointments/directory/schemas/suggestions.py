"""Wire models of suggested hours."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from infra.wire import Form, View
from services.appointments.directory.models.calendar import Special, Suggestion
from services.appointments.directory.rules import Minutes
from services.appointments.directory.schemas.places import MOST_DATES, Day, Stretch, clock


class Covers(StrEnum):
    """How much of what was asked the calendar knows."""

    ALL = "all"
    SOME = "some"
    NONE = "none"  # the years are not announced yet, or too long ago
    ELSEWHERE = "elsewhere"  # the boutique is outside the mainland


class SuggestionView(View):
    """Hours for a special day; `differs`: whether they are other than those that stand now."""

    on: date
    special: Special
    name_zh: str
    name_en: str
    stretches: list[Stretch]
    stands: list[Stretch]
    differs: bool

    @classmethod
    def of(cls, one: Suggestion) -> Self:
        """The view of a suggestion."""
        return cls(
            on=one.day.on,
            special=one.day.special,
            name_zh=one.day.name_zh,
            name_en=one.day.name_en,
            stretches=_stretches(one.hours),
            stands=_stretches(one.stands),
            differs=one.differs,
        )


class SuggestionsView(View):
    """Public holidays and make-up workdays, with the hours they are likely to want.

    The calendar speaks about `known_from_on` to `known_until_on`; `covers` says how much of the question lies within.
    """

    covers: Covers
    known_from_on: date
    known_until_on: date
    items: list[SuggestionView]


class TakeForm(Form):
    """The days whose suggested hours become the boutique's."""

    on: Annotated[tuple[Day, ...], Field(min_length=1, max_length=MOST_DATES)]


def _stretches(hours: tuple[Minutes, ...]) -> list[Stretch]:
    return [Stretch(starts=clock(starts), ends=clock(ends)) for starts, ends in sorted(hours)]
