"""Counting a boutique's day."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.directory.queries import brand
from services.appointments.visits.rules.tally import Bucket
from services.appointments.visits.tables import VisitTally

_COUNTED = text(
    """
    select bucket.n, count(v.visit_id) as entries, coalesce(sum(coalesce(v.party_size, 1)) filter (
        where v.visit_id is not null), 0) as people
    from unnest(cast(:starts as timestamptz[]), cast(:ends as timestamptz[]))
        with ordinality as bucket (starts, ends, n)
    left join visit v on v.brand_id = :brand and v.boutique_id = :boutique_id and v.on_day = :on_day
        and v.arrived_at >= bucket.starts and v.arrived_at < bucket.ends
    group by bucket.n order by bucket.n
    """
)
_ALL = text("select count(*) from visit where brand_id = :brand and boutique_id = :boutique_id and on_day = :on_day")


async def counted(
    tx: AsyncSession, boutique_id: UUID, on_day: date, several: Sequence[Bucket]
) -> tuple[list[tuple[int, int]], int]:
    """For each stretch how many entries and people were counted; and how many entries besides, while it was closed."""
    asked = {"brand": brand(tx), "boutique_id": boutique_id, "on_day": on_day}
    spans = {
        "starts": [one.during.starts_at for one in several],
        "ends": [one.during.ends_at for one in several],
    }
    found = [(row.entries, int(row.people)) for row in await tx.execute(_COUNTED, asked | spans)]
    total = (await tx.execute(_ALL, asked)).scalar_one()
    return found, total - sum(entries for entries, _ in found)


async def entered(tx: AsyncSession, boutique_id: UUID, on_day: date) -> dict[int, VisitTally]:
    """What was entered by hand, by when the stretch starts."""
    query = select(VisitTally).where(
        VisitTally.brand_id == brand(tx), VisitTally.boutique_id == boutique_id, VisitTally.on_day == on_day
    )
    return {one.starts: one for one in (await tx.execute(query)).scalars()}
