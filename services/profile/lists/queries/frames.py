"""What criteria are read in, and what each adds to the statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.segments.queries import SegmentPolicy
from services.profile.segments.rules import FIRST_DAY, LAST_DAY, day_of

# Rows of a table that may be a merged record's, as the surviving one's.
HERS = "coalesce(a.canonical_id, t.client_id)"
ALIAS = "left join client_alias a on a.brand_id = t.brand_id and a.client_id = t.client_id"


@dataclass(frozen=True, slots=True)
class Frame:
    """What criteria are read in: the transaction's keys, the moment, the brand's days and rates.

    `is_scoped`: the caller may not see everybody, and `seen` are the records of those whom she may.
    """

    tx: AsyncSession
    now: datetime
    setting: SegmentPolicy
    is_scoped: bool

    @property
    def today(self) -> date:
        """The brand's day."""
        return day_of(self.now, self.setting.policy.zone)

    def begins(self, day: date | None) -> datetime:
        """The moment a day begins; the first there is, without one."""
        return self.setting.midnight(day or FIRST_DAY)

    def within(self, record: str) -> str:
        """The words that leave out whom the caller may not see, before anything is summed up."""
        return f" and {record} in (select seen.client_id from seen)" if self.is_scoped else ""  # noqa: S608 - our own words

    def ends(self, day: date | None) -> datetime:
        """The moment a day is over; the last there is, without one."""
        return self.setting.ends(day or LAST_DAY)


@dataclass(frozen=True, slots=True)
class Part:
    """The words that one criterion adds, its values, and what has to be reckoned before."""

    words: str
    values: Mapping[str, Any]
    before: str = ""
