"""Reads of how a brand lets its clients book."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.bookings.rules.policy import Consequence, Policy
from services.appointments.bookings.tables import BookingPolicy
from services.appointments.directory.queries import brand


@dataclass(frozen=True, slots=True)
class Setting:
    """The policy in force; version 0 is that nobody has set any."""

    policy: Policy
    version: int


async def setting(tx: AsyncSession, *, lock: bool = False) -> Setting:
    """The policy in force, with `lock` nobody else's to change until the commit."""
    query = select(BookingPolicy).where(BookingPolicy.brand_id == brand(tx))
    row = (await tx.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if row is None:
        return Setting(Policy(), 0)
    policy = Policy(
        hold=timedelta(minutes=row.hold_minutes),
        most_holds=row.most_holds,
        most_open=row.most_open,
        no_shows=row.no_shows,
        no_show_window=timedelta(days=row.no_show_days),
        no_show_consequence=Consequence(row.no_show_consequence),
        proposal=timedelta(minutes=row.proposal_minutes),
    )
    return Setting(policy, row.version)
