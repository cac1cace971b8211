"""Consents on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from infra.wire import Code, Form, Text, View
from services.profile.consents.rules import Decision, Purpose, Sensitive, Wish, latest, stands

Channel = Literal["mini-program", "boutique", "phone", "wecom", "import"]
PURPOSES = len(Purpose)


class DecisionForm(Form):
    """Her decision on one purpose, and the notice she had before her."""

    purpose: Purpose
    granted: bool
    notice_version: Code

    def wish(self) -> Wish:
        """Her word."""
        return Wish(self.purpose, self.granted, self.notice_version)


class HeardForm(DecisionForm):
    """Her decision as somebody of the house heard it, or her guardian's for a child under 14.

    `evidence` says where the proof lies; a guardian's consent needs it.
    """

    evidence: Text | None = None
    by_guardian: bool = False

    def wish(self) -> Wish:
        """Her word, and where its proof lies."""
        return Wish(self.purpose, self.granted, self.notice_version, self.evidence, self.by_guardian)


class MyDecisionsForm(Form):
    """What she decides herself; purposes not named stay as they are."""

    consents: Annotated[list[DecisionForm], Field(min_length=1, max_length=PURPOSES)]


class DecisionsForm(Form):
    """What she told someone of the house, and where."""

    consents: Annotated[list[HeardForm], Field(min_length=1, max_length=PURPOSES)]
    channel: Channel = "boutique"


class ConsentView(View):
    """Where one purpose stands. Without any decision the dates are null and `granted` is false.

    After a no that no yes went before, `withdrawn_at` alone says when.
    """

    purpose: Purpose
    granted: bool
    notice_version: str | None
    channel: str | None
    evidence: str | None
    by_guardian: bool
    given_at: datetime | None
    withdrawn_at: datetime | None


class ItemForm(Form):
    """Something sensitive; `device` is what measured it, if anything did."""

    kind: Sensitive
    value: Text
    device: Text | None = None


class ItemView(View):
    """Something sensitive that she allows to be seen."""

    item_id: UUID
    kind: Sensitive
    value: str
    device: str | None
    noted_by: str
    noted_at: datetime


class ItemsView(View):
    """Everything sensitive that she allows to be seen, the latest first."""

    items: list[ItemView]


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
                evidence=last.evidence if last else None,
                by_guardian=last is not None and last.by_guardian,
                given_at=last.given_at if last and last.given_at != last.withdrawn_at else None,
                withdrawn_at=last.withdrawn_at if last else None,
            )
        )
    return ConsentsView(items=items)
