"""Who or what is away for a while, and what becomes of the visits that stand in the way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.appointments.availability.rules import AdvisorTime, Outlook
from services.appointments.directory.rules import Span


class Outcome(StrEnum):
    """What became of a visit whose advisor is away or whose boutique is closed."""

    REASSIGNED = "reassigned"
    OFFERED = "offered"
    NOTHING_FREE = "nothing-free"


@dataclass(frozen=True)
class Away:
    """Some advisors, or with None all of them, who cannot receive anybody for a while."""

    span: Span
    advisor_ids: frozenset[UUID] | None


@dataclass(frozen=True)
class Affected:
    """What became of one visit, or would become of it."""

    appointment_id: UUID
    client_id: UUID
    starts_at: datetime
    from_advisor_id: UUID
    outcome: Outcome
    advisor_id: UUID | None = None
    proposal_id: UUID | None = None
    proposed_at: datetime | None = None
    expires_at: datetime | None = None
    alternatives: Sequence[dict[str, str]] = ()


@dataclass(frozen=True)
class Trouble:
    """Who or what is away, for how long and why."""

    boutique_id: UUID
    advisor_id: UUID | None
    span: Span
    reason: str

    @property
    def away(self) -> Away:
        """The same as times are looked for."""
        return Away(self.span, frozenset({self.advisor_id}) if self.advisor_id else None)


@dataclass(frozen=True)
class Settled:
    """A disruption and its visits; with `more` there are others, and the same is to be asked again."""

    disruption_id: UUID
    trouble: Trouble
    visits: Sequence[Affected]
    more: bool


def shut(outlook: Outlook, away: Away) -> Outlook:
    """The same with those who are away."""

    def seen(one: AdvisorTime) -> AdvisorTime:
        is_away = away.advisor_ids is None or one.advisor_id in away.advisor_ids
        return replace(one, busy=(*one.busy, away.span)) if is_away else one

    return replace(
        outlook,
        advisors=tuple(seen(one) for one in outlook.advisors),
        seconds=tuple(seen(one) for one in outlook.seconds),
    )
