"""Whose figures a caller may see, and how the rows of a report are grouped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.appointments.directory.queries import LOCAL, brand
from services.appointments.reports.rules.figures import Interval, Level

NOBODY = UUID(int=0)
SLACK = timedelta(days=1)  # between a day in any zone and the same day in UTC

# The boutiques in scope. What follows groups by them, by their regions and by all of them together.
PLACES = """
with place as (
    select boutique_id, region_id, zone from boutique
    where brand_id = :brand and (cast(:boutiques as uuid[]) is null or boutique_id = any(:boutiques))
)
"""
GROUPED = """
    grouping(region_id) = 0 as by_region, grouping(boutique_id) = 0 as by_boutique, region_id, boutique_id
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures: an advisor's own, some boutiques', or (both None) the brand's; `is_one`: a named one's."""

    advisor_id: UUID | None
    boutique_ids: frozenset[UUID] | None
    is_one: bool

    @staticmethod
    def of(by: Caller, boutique_id: UUID | None) -> "Scope":
        """What a caller may see, of one boutique if it is named; raises NotFound for one that is not hers."""
        local = by.role in LOCAL
        if boutique_id is not None and local and boutique_id not in by.boutique_ids:
            raise NotFound
        theirs = frozenset(by.boutique_ids) if local else None
        boutiques = frozenset({boutique_id}) if boutique_id is not None else theirs
        advisor_id = (by.advisor_id or NOBODY) if by.role is Role.ADVISOR else None
        return Scope(advisor_id, boutiques, is_one=boutique_id is not None)

    @property
    def levels(self) -> tuple[Level, ...]:
        """For whom it is counted, the whole first. Nobody is shown several advisors beside one another."""
        if self.advisor_id is not None:
            return (Level.ADVISOR,)
        if self.is_one:
            return (Level.BOUTIQUE,)
        if self.boutique_ids is not None:
            return (Level.TEAM, Level.BOUTIQUE)
        return (Level.BRAND, Level.REGION, Level.BOUTIQUE)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose figures are asked for, of which days (from the first to before `until`), and how days are put together."""

    scope: Scope
    first: date
    until: date
    interval: Interval

    def bound(self, tx: AsyncSession) -> dict[str, Any]:
        """The values that the statements name."""
        boutiques = self.scope.boutique_ids
        return {
            "brand": brand(tx),
            "boutiques": None if boutiques is None else sorted(boutiques),
            "advisor": self.scope.advisor_id,
            "interval": self.interval.value,
            "first": self.first,
            "until": self.until,
            "since_at": datetime.combine(self.first, time(), UTC) - SLACK,
            "until_at": datetime.combine(self.until, time(), UTC) + SLACK,
        }

    def named(self, tx: AsyncSession, statement: str) -> dict[str, Any]:
        """Those of them that a statement names."""
        return {name: value for name, value in self.bound(tx).items() if f":{name}" in statement}


@dataclass(frozen=True, slots=True)
class Group:
    """One line of a report: for whom, where, from which day on."""

    rank: int
    period: date
    level: Level
    region_id: UUID | None
    boutique_id: UUID | None

    @property
    def order(self) -> tuple[int, str, date]:
        """Where it is shown: the whole first, then by ids, so that no place is above another."""
        return self.rank, str(self.region_id or self.boutique_id or ""), self.period


def group(scope: Scope, row: Any) -> Group | None:
    """The line that a row of a grouped statement belongs to; None for a level that the caller is not shown."""
    # Where one boutique is named, all of them together are that one, and it is shown once.
    whole = None if scope.is_one and scope.advisor_id is None else scope.levels[0]
    level = Level.REGION if row.by_region else Level.BOUTIQUE if row.by_boutique else whole
    if level not in scope.levels:
        return None
    region_id = row.region_id if row.by_region else None
    boutique_id = row.boutique_id if row.by_boutique else None
    return Group(scope.levels.index(level), row.period, level, region_id, boutique_id)


def by_group(scope: Scope, rows: Iterable[Any]) -> Mapping[Group, Any]:
    """The rows by the lines they belong to."""
    return {found: row for row in rows if (found := group(scope, row)) is not None}
