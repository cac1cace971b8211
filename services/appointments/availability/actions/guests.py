"""Opening an experience by invitation to a client, and closing it to her again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller
from infra.tombstones import spare
from services.appointments.availability import queries
from services.appointments.availability.tables import ExperienceGuest
from services.appointments.directory import queries as directory
from services.appointments.directory.queries import brand


async def invite(tx: AsyncSession, experience_id: UUID, client_id: UUID, *, by: Caller, now: datetime) -> None:
    """Open it to her; raises NotFound. Whoever is invited already stays so."""
    await directory.experience(tx, experience_id)
    await spare(tx, f"client:{client_id}")
    values = {
        "brand_id": brand(tx),
        "experience_id": experience_id,
        "client_id": client_id,
        "invited_by": by.subject,
        "invited_at": now,
    }
    await tx.execute(insert(ExperienceGuest).values(values).on_conflict_do_nothing())


async def uninvite(tx: AsyncSession, experience_id: UUID, client_id: UUID) -> None:
    """Close it to her under all her ids; raises NotFound for an unknown experience. Her appointments stay."""
    await directory.experience(tx, experience_id)
    person = await queries.person(tx, client_id)
    await tx.execute(
        delete(ExperienceGuest).where(
            ExperienceGuest.brand_id == brand(tx),
            ExperienceGuest.experience_id == experience_id,
            ExperienceGuest.client_id.in_(person.client_ids),
        )
    )
