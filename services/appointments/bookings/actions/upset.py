"""A visit that the house upset stands where it can be again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.bookings.tables import Appointment, DisruptedVisit, Disruption


async def set_right(tx: AsyncSession, visit: Appointment, *, now: datetime, away: UUID | None = None) -> None:
    """Something was agreed anew of a locked visit; with `away` alone, somebody else receives her than that advisor.

    From now on it is a visit like any other: she owes notice, is reminded, and is missed where she does not come.
    """
    upset = update(DisruptedVisit).where(
        DisruptedVisit.brand_id == visit.brand_id,
        DisruptedVisit.appointment_id == visit.appointment_id,
        DisruptedVisit.over_at.is_(None),
    )
    if away is not None:
        of_hers = select(Disruption.disruption_id).where(
            Disruption.brand_id == visit.brand_id, Disruption.advisor_id == away
        )
        upset = upset.where(DisruptedVisit.disruption_id.in_(of_hers))
    await tx.execute(upset.values(over_at=now).execution_options(synchronize_session=False))
