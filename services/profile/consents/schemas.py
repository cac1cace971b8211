"""Consents on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from infra.wire import Code, Form, View
from services.profile.consents.rules import Decision, Purpose, latest, stands

Channel = Literal["mini-program", "boutique", "phone", "wecom", "import"]


class DecisionForm(Form):
    """Her decision on one purpose, and the notice she had before her."""

    purpose: Purpose
    granted: bool
    notice_version: Code


class MyDecisionsForm(Form):
    """What she decides herself; purposes not named stay as they are."""

    consents: Annotated[list[DecisionForm], Field(min_length=1, max_length=3)]


class DecisionsForm(MyDecisionsForm):
    """What she told someone of the house, and where."""

    channel: Channel = "boutique"


class ConsentView(View):
    """Where one purpose stands. Without any decision the dates are null and `granted` is false."""

    purpose: Purpose
    granted: bool
    notice_version: str | None
    channel: str | None
    given_at: datetime | None
    withdrawn_at: datetime | None


class ConsentsView(View):
    """Where every purpose stands."""

    items: list[ConsentView]


def standing(decisions: Sequence[Decision]) -> ConsentsView:
    """Where every purpose stands after all these decisions."""
    items = []
    for purpose in Purpose:
        last = latest(decisions, purpose)
        items.append(
            ConsentView(
                purpose=purpose,
                granted=stands(last),
                notice_version=last.notice_version if last else None,
                channel=last.channel if last else None,
                given_at=last.given_at if last else None,
                withdrawn_at=last.withdrawn_at if last else None,
            )
        )
    return ConsentsView(items=items)
