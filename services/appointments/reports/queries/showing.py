"""What is known of visits to come and past ones, as numbers without anybody's name."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.directory.queries import brand
from services.appointments.directory.tables import Boutique
from services.appointments.reports.rules.showing import Case, Model

SAMPLE = 50_000  # visits; of a busier house, the latest so many
YEARS = 3  # that a house remembers when it learns

# Each visit with what was known the evening before: of all her records, on earlier days, came or did not. A visit that
# the house itself upset says nothing of who misses hers.
_SEEN = """
with {first}person as (
    select a.*, coalesce(alias.canonical_id, a.client_id) as whose,
        (a.starts_at at time zone b.zone) as local_at,
        cast((a.starts_at at time zone b.zone) as date) - date '2000-01-01' as day_no,
        cast((a.starts_at at time zone b.zone) as date) - cast((a.created_at at time zone b.zone) as date) as lead_days
    from appointment a
    join boutique b on b.brand_id = a.brand_id and b.boutique_id = a.boutique_id
    left join client_alias alias on alias.brand_id = a.brand_id and alias.client_id = a.client_id
    where a.brand_id = :brand and a.client_id <> :nobody and a.confirmed_at is not null and not a.excused and {only}
), seen as (
    select person.*,
        count(*) filter (where status in ('checked-in', 'completed', 'no-show')) over past as past_visits,
        count(*) filter (where status = 'no-show') over past as past_missed,
        count(*) over that_day as others
    from person
    window past as (partition by whose order by day_no range between unbounded preceding and 1 preceding),
        that_day as (partition by whose, day_no order by created_at, appointment_id
            rows between unbounded preceding and 1 preceding)
)
select lead_days,
    extract(isodow from local_at) as weekday, extract(epoch from cast(local_at as time)) / 3600 as hour,
    past_visits, past_missed, others, party_size > 1 as accompanied, status = 'no-show' as missed
from seen
"""
_PAST = text(
    _SEEN.format(first="", only="a.starts_at > :since and a.starts_at < :until")
    + " where status in ('checked-in', 'completed', 'no-show') order by starts_at desc, appointment_id limit :limit"
)
# Only those who are expected on that day, and only their past.
_DAY = text(
    _SEEN.format(  # noqa: S608 - our own words
        first="""
    coming as (
        select distinct coalesce(alias.canonical_id, e.client_id) as client_id from appointment e
        left join client_alias alias on alias.brand_id = e.brand_id and alias.client_id = e.client_id
        where e.brand_id = :brand and e.boutique_id = :boutique_id and e.status = 'confirmed'
            and e.starts_at >= :starts_at and e.starts_at < :ends_at and e.starts_at > :now
    ), records as (
        select client_id from coming
        union
        select c.client_id from client_alias c join coming on coming.client_id = c.canonical_id
        where c.brand_id = :brand
    ), """,
        only="a.client_id in (select client_id from records)",
    )
    + " where boutique_id = :boutique_id and status = 'confirmed'"
    " and starts_at >= :starts_at and starts_at < :ends_at and starts_at > :now"
)
_SHARE = text(
    "select count(*) filter (where status = 'no-show') as missed, count(*) as out_of from appointment"
    " where brand_id = :brand and starts_at > :since and starts_at < :until"
    " and status in ('checked-in', 'completed', 'no-show') and not excused"
)
_FIT = text(
    "select fitted_at, appointments, unusable, cast(parameters as text) as parameters,"
    " cast(measures as text) as measures from no_show_fit where brand_id = :brand order by fitted_at desc limit 1"
)
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Fit:
    """The brand's last fit; `model` is None where it is not to be believed, and `unusable` says why."""

    fitted_at: datetime
    appointments: int
    unusable: str | None
    model: Model | None
    auc: float | None


async def past(tx: AsyncSession, *, since: datetime, until: datetime) -> list[tuple[bool, Case]]:
    """Past visits, oldest first: whether each was missed, and what was known of it the evening before."""
    asked = {"brand": brand(tx), "nobody": _NOBODY, "since": since, "until": until, "limit": SAMPLE}
    rows = (await tx.execute(_PAST, asked)).all()
    return [(row.missed, _case(row)) for row in reversed(rows)]


async def expected(
    tx: AsyncSession, boutique: Boutique, starts_at: datetime, ends_at: datetime, *, now: datetime
) -> Sequence[Case]:
    """The visits agreed at a boutique that are still to begin within a stretch of time."""
    asked = {"brand": brand(tx), "nobody": _NOBODY, "boutique_id": boutique.boutique_id, "now": now}
    rows = await tx.execute(_DAY, asked | {"starts_at": starts_at, "ends_at": ends_at})
    return [_case(row) for row in rows]


async def missed_of(tx: AsyncSession, *, since: datetime, until: datetime) -> tuple[int, int]:
    """How many of the brand's visits were missed, of how many that came about or were."""
    row = (await tx.execute(_SHARE, {"brand": brand(tx), "since": since, "until": until})).one()
    return row.missed, row.out_of


async def last_fit(tx: AsyncSession) -> Fit | None:
    """The brand's last fit, usable or not."""
    row = (await tx.execute(_FIT, {"brand": brand(tx)})).one_or_none()
    if row is None:
        return None
    measures = json.loads(row.measures)
    model = Model.of(json.loads(row.parameters)) if row.unusable is None else None
    return Fit(row.fitted_at, row.appointments, row.unusable, model, measures.get("auc"))


def _case(row: Any) -> Case:
    return Case(
        lead_days=float(row.lead_days),
        weekday=int(row.weekday),
        hour=float(row.hour),
        visits=row.past_visits,
        no_shows=row.past_missed,
        others=row.others,
        accompanied=row.accompanied,
    )
