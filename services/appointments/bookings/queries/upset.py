"""Visits that the house itself upset and that still are where they cannot be."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.directory.queries import brand

# Of an `appointment a`. Neither was anything agreed since, nor does somebody else receive her than who is away.
UPSET = """
    select from disrupted_visit v
    join disruption d on d.brand_id = v.brand_id and d.disruption_id = v.disruption_id
    where v.brand_id = a.brand_id and v.appointment_id = a.appointment_id and v.starts_at = a.starts_at
        and v.outcome <> 'reassigned' and v.over_at is null
        and (d.advisor_id is null or d.advisor_id in (a.advisor_id, a.second_advisor_id))
"""
_IS_UPSET = text(
    f"select exists ({UPSET}) from appointment a"  # noqa: S608 - our own words
    " where a.brand_id = :brand and a.appointment_id = :appointment_id"
)


async def is_upset(tx: AsyncSession, appointment_id: UUID) -> bool:
    """Whether the house itself looked for another time for this visit, and it still is where it cannot be."""
    return bool(await tx.scalar(_IS_UPSET, {"brand": brand(tx), "appointment_id": appointment_id}))
