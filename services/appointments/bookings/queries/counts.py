"""What is counted before somebody may book, and before somebody is asked to receive her."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.bookings.rules.assigning import Candidate
from services.appointments.directory.queries import brand

AROUND = timedelta(days=14)  # on both sides of a visit, within which the rotation is fair

# Who joined without a day was always there.
_CANDIDATES = text(
    """
    with visit as materialized (
        select advisor_id, created_at from appointment
        where brand_id = :brand and advisor_id = any(:ids) and starts_at >= :first and starts_at < :last
        and (
            status in ('pending', 'confirmed', 'checked-in', 'completed')
            or (status = 'held' and expires_at > :now)
        )
    ), told as (
        select advisor_id, count(*) as bookings, max(created_at) as booked_at from visit group by advisor_id
    )
    select a.advisor_id, a.weight, a.priority, coalesce(told.bookings, 0) as bookings, told.booked_at,
        case when a.joined_at > :first then (
            select count(*) from visit where visit.advisor_id <> a.advisor_id and visit.created_at < a.joined_at
        ) else 0 end as missed,
        case when a.joined_at > :first then (
            select coalesce(sum(b.weight), 0) from advisor b
            where b.brand_id = :brand and b.advisor_id = any(:ids) and b.advisor_id <> a.advisor_id
            and (b.joined_at is null or b.joined_at < a.joined_at)
        ) else 0 end as met
    from advisor a left join told on told.advisor_id = a.advisor_id
    where a.brand_id = :brand and a.advisor_id = any(:ids)
    """
)
_STANDING = text(
    """
    select
        count(*) filter (where status = 'held' and expires_at > :now and appointment_id is distinct from :besides)
            as holds,
        count(*) filter (where status in ('pending', 'confirmed') and ends_at > :now) as open_visits,
        count(*) filter (where status = 'no-show' and not excused and starts_at >= :since) as no_shows
    from appointment
    where brand_id = :brand and client_id = any(:ids) and starts_at >= :since
    """
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many times a client keeps, how many visits she has to come, and how often she did not come lately."""

    holds: int
    open_visits: int
    no_shows: int


async def candidates(
    tx: AsyncSession, advisor_ids: Sequence[UUID], starts_at: datetime, *, now: datetime
) -> dict[UUID, Candidate]:
    """What the rotation knows of these advisors, around a visit's day."""
    asked = {
        "brand": brand(tx),
        "ids": list(advisor_ids),
        "first": starts_at - AROUND,
        "last": starts_at + AROUND,
        "now": now,
    }
    return {
        row.advisor_id: Candidate(
            weight=row.weight,
            priority=row.priority,
            bookings=row.bookings,
            booked_at=row.booked_at,
            missed=row.missed,
            met=int(row.met),
        )
        for row in await tx.execute(_CANDIDATES, asked)
    }


async def standing(
    tx: AsyncSession, client_ids: Sequence[UUID], *, since: datetime, now: datetime, besides: UUID | None = None
) -> Standing:
    """How a client stands; `besides` is a hold that is not counted."""
    asked = {"brand": brand(tx), "ids": list(client_ids), "since": since, "now": now, "besides": besides}
    row = (await tx.execute(_STANDING, asked)).one()
    return Standing(row.holds, row.open_visits, row.no_shows)
