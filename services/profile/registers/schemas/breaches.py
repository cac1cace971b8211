"""Breaches on the wire."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from infra.wire import Form, Text, View
from services.profile.registers.rules.breaches import Whom
from services.profile.registers.schemas.entries import Categories, EntryForm, EntryView, Words


class ToldForm(Form):
    """Somebody was told."""

    whom: Whom
    told_at: AwareDatetime
    how: Text


class BreachForm(EntryForm):
    """Something leaked, was altered or lost, or may have (PIPL, article 57). Name no client here.

    `dismissed`: it was a false alarm. `contained`: what was done averts the harm. `entrusted`: others entrusted the
    data to the house. `persons` is how many it is about, as far as is known.
    """

    title: Text
    happened_at: AwareDatetime | None = None
    found_at: AwareDatetime
    categories: Categories
    persons: Annotated[int, Field(ge=0, le=10**10)]
    cause: Words | None = None
    harm: Words | None = None
    measures: Words
    dismissed: bool = False
    contained: bool = False
    entrusted: bool = False
    crime_suspected: bool = False
    told: Annotated[list[ToldForm], Field(max_length=20, default=[])]


class DutyView(View):
    """Somebody who has to be told: where that stands in the law, by when at the latest, and whether it was done."""

    whom: Whom
    source: str
    zh: str
    en: str
    due_at: AwareDatetime
    told_at: AwareDatetime | None
    is_late: bool


class BreachView(EntryView):
    """One breach, and who has to be told of it."""

    breach: BreachForm
    duties: list[DutyView]
