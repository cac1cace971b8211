"""What an occasion came to, by segment. For the house alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.directory.queries import brand
from services.appointments.occasions.rules.life import Segment

_TALLY = text(
    """
    select i.segment,
        count(*) filter (where i.invited_at is not null) as invited,
        count(*) filter (where i.sent_at is not null and i.status <> 'unreachable') as delivered,
        count(*) filter (where i.status = 'unreachable') as unreachable,
        count(*) filter (where i.status in ('accepted', 'attended')) as accepted,
        count(*) filter (where i.status in ('declined', 'withdrawn')) as declined,
        count(*) filter (where i.status in ('waiting', 'offered')) as waiting,
        coalesce(sum(i.seats_held), 0) as seats,
        count(*) filter (where i.status = 'attended') as came,
        coalesce(sum(i.came), 0) as came_with_guests,
        count(*) filter (where i.status = 'accepted' and s.ends_at <= :now) as no_show
    from occasion_invitation i
    left join occasion_session s on s.brand_id = i.brand_id and s.session_id = i.session_id
    where i.brand_id = :brand and i.occasion_id = :occasion
    group by i.segment
    order by array_position(array['vic', 'core', 'potential', 'occasional', 'newcomer'], i.segment) nulls last
    """
)


@dataclass(frozen=True, slots=True)
class Tally:
    """One segment's figures; no segment: clients of whom profile has told us none."""

    segment: Segment | None
    invited: int
    delivered: int
    unreachable: int
    accepted: int
    declined: int
    waiting: int
    seats: int
    came: int
    came_with_guests: int
    no_show: int


async def tally(tx: AsyncSession, occasion_id: UUID, *, now: datetime) -> Sequence[Tally]:
    """Invited, delivered, accepted, came, no-show: by the segment each guest had when she was invited."""
    asked = {"brand": brand(tx), "occasion": occasion_id, "now": now}
    return [Tally(Segment(row.segment) if row.segment else None, *row[1:]) for row in await tx.execute(_TALLY, asked)]
