"""Reads of what takes people's and rooms' time: visits and holds, leave, closures."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.directory.queries import brand
from services.appointments.directory.rules import Span

# One index look-up for each resource; a hold that has run out takes nothing any more. Visits that touch are read as one
# stretch, and all of one resource as one row: twenty advisors' month is thousands. Leave and closures are read as they
# were said: their rows in `occupation` leave out the visits that stood there before.
_BUSY = text(
    """
    select v.resource_id, 'visit' as kind, stretches.begins, stretches.ends
    from (
        select o.resource_id, range_agg(o.during) as during
        from unnest(cast(:resources as uuid[])) as wanted (resource_id)
        join occupation o on o.brand_id = :brand and o.resource_id = wanted.resource_id
            and o.starts_at < :ends_at and o.ends_at > :starts_at
        where o.appointment_id is not null and not (o.kind = 'hold' and o.expires_at <= :now)
            and o.appointment_id is distinct from :besides
        group by o.resource_id
    ) v, lateral (
        select array_agg(lower(during)) as begins, array_agg(upper(during)) as ends
        from unnest(v.during) as one (during)
    ) stretches
    union all
    select l.advisor_id, 'leave', array[lower(l.during)], array[upper(l.during)] from leave l
    where l.brand_id = :brand and l.advisor_id = any(cast(:resources as uuid[]))
        and l.during && tstzrange(:starts_at, :ends_at, '[)')
    union all
    select c.boutique_id, 'closure', array[lower(c.during)], array[upper(c.during)] from closure c
    where c.brand_id = :brand and c.boutique_id = any(cast(:boutiques as uuid[]))
        and c.during && tstzrange(:starts_at, :ends_at, '[)')
    """
)
_STANDING = text(
    """
    select distinct o.appointment_id
    from unnest(cast(:resources as uuid[])) as wanted (resource_id)
    join occupation o on o.brand_id = :brand and o.resource_id = wanted.resource_id
        and o.starts_at < :ends_at and o.ends_at > :starts_at
    where o.appointment_id is not null and not (o.kind = 'hold' and o.expires_at <= :now)
    order by o.appointment_id
    """
)
_STAFFED = text(
    """
    select advisor_id from advisor where brand_id = :brand and boutique_id = :boutique and left_at is null
    union all
    select room_id from room where brand_id = :brand and boutique_id = :boutique
    """
)


@dataclass(frozen=True)
class Taken:
    """What takes time within a window: `visits` and holds by resource, `leave` by advisor, `closures` by boutique."""

    visits: dict[UUID, list[Span]] = field(default_factory=lambda: defaultdict(list))
    leave: dict[UUID, list[Span]] = field(default_factory=lambda: defaultdict(list))
    closures: dict[UUID, list[Span]] = field(default_factory=lambda: defaultdict(list))


async def taken(
    tx: AsyncSession,
    resource_ids: Iterable[UUID],
    boutique_ids: Collection[UUID],
    window: Span,
    *,
    now: datetime,
    besides: UUID | None = None,
) -> Taken:
    """What takes these resources' time within the window; `besides` leaves out one appointment's own rows."""
    rows = await tx.execute(
        _BUSY,
        {
            "resources": list(resource_ids),
            "boutiques": list(boutique_ids),
            "brand": brand(tx),
            "starts_at": window.starts_at,
            "ends_at": window.ends_at,
            "now": now,
            "besides": besides,
        },
    )
    found = Taken()
    by_kind = {"visit": found.visits, "leave": found.leave, "closure": found.closures}
    for resource_id, kind, begins, ends in rows:
        by_kind[kind][resource_id].extend(map(Span, begins, ends))
    return found


async def in_the_way(tx: AsyncSession, resource_ids: Iterable[UUID], span: Span, *, now: datetime) -> Sequence[UUID]:
    """The appointments that take time of these resources within the span: visits and what is still held."""
    rows = await tx.execute(
        _STANDING,
        {
            "resources": list(resource_ids),
            "brand": brand(tx),
            "starts_at": span.starts_at,
            "ends_at": span.ends_at,
            "now": now,
        },
    )
    return rows.scalars().all()


async def staffed(tx: AsyncSession, boutique_id: UUID) -> Sequence[UUID]:
    """Whose time a closure of this boutique takes: its advisors' and its rooms'."""
    rows = await tx.execute(_STAFFED, {"brand": brand(tx), "boutique": boutique_id})
    return rows.scalars().all()
