"""Reports that were made in the background."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.segments.queries.report import Flow, Share, Shares
from services.profile.segments.queries.setting import SegmentPolicy
from services.profile.segments.rules import Segment
from services.profile.segments.rules import reports as rules

_READ = text(
    "select as_of, cast(found as text) as found, reckoned_at, seconds from segment_report"
    " where brand_id = :brand and key = any(:keys) and policy_version = :version and found is not null"
    " order by as_of desc limit 1"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about; without boutiques the whole brand."""

    as_of: date
    compared_on: date | None
    boutiques: list[UUID] | None

    @property
    def key(self) -> str:
        """What it is kept by."""
        return rules.key(self.as_of, self.compared_on, self.boutiques)


@dataclass(frozen=True, slots=True)
class Report:
    """A report, when it was reckoned and how many seconds that took."""

    shares: Shares
    flows: list[Flow]
    reckoned_at: datetime
    seconds: float


async def kept(tx: AsyncSession, asked: Asked, setting: SegmentPolicy, *, or_day_before: bool) -> Report | None:
    """What was made of it by the policy in force, or of the day before it where that is allowed."""
    keys = [asked.key]
    if or_day_before and asked.compared_on is None:
        keys.append(rules.key(asked.as_of - timedelta(days=1), None, asked.boutiques))
    where = {"brand": tx.info["brand_id"], "keys": keys, "version": setting.version}
    row = (await tx.execute(_READ, where)).one_or_none()
    if row is None:
        return None
    shares, flows = _read(json.loads(row.found))
    return Report(shares, flows, row.reckoned_at, row.seconds)


def written(shares: Shares, flows: Sequence[Flow]) -> str:
    """A report as it is kept."""
    told = {"shares": asdict(shares), "flows": [asdict(one) for one in flows]}
    return json.dumps(told, default=str)


def _read(told: dict[str, Any]) -> tuple[Shares, list[Flow]]:
    shares = told["shares"]
    shares |= {name: date.fromisoformat(shares[name]) for name in ("as_of", "from_on")}
    shares["segments"] = tuple(Share(**{**one, "segment": Segment(one["segment"])}) for one in shares["segments"])
    return Shares(**shares), [
        Flow(_segment(one["before"]), _segment(one["after"]), one["clients"]) for one in told["flows"]
    ]


def _segment(named: str | None) -> Segment | None:
    return Segment(named) if named else None
