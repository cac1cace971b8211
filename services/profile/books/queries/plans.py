"""Reading what is planned with a client: her development, and when she is spoken to next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring

_PLAN = text(
    "select stage, next_step, every_weeks, next_contact_on, changed_at, version from client_plan"
    " where brand_id = :brand and client_id = :client_id"
)
_RHYTHMS = text(
    "select client_id, every_weeks, next_contact_on from client_plan"
    " where brand_id = :brand and client_id = any(:ids) and every_weeks is not null"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """`stage` and `next_step` are her development path, `every_weeks` and `next_contact_on` the contact plan."""

    client_id: UUID
    stage: str | None = None
    next_step: str | None = None
    every_weeks: int | None = None
    next_contact_on: date | None = None
    changed_at: datetime | None = None
    version: int = 0


async def plan(tx: AsyncSession, client_id: UUID) -> Plan:
    """A surviving record's plan; an empty one of version 0 while nobody has made one."""
    row = (await tx.execute(_PLAN, {"brand": tx.info["brand_id"], "client_id": client_id})).one_or_none()
    if row is None:
        return Plan(client_id)
    words = keyring(tx).open("client_plan", "next_step", client_id, row.next_step) if row.next_step else None
    return Plan(client_id, row.stage, words, row.every_weeks, row.next_contact_on, row.changed_at, row.version)


async def rhythms(tx: AsyncSession, client_ids: Sequence[UUID]) -> dict[UUID, tuple[date, int]]:
    """From which day on these surviving records are spoken to, every so many weeks; only where that is planned."""
    rows = await tx.execute(_RHYTHMS, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    return {row.client_id: (row.next_contact_on, row.every_weeks) for row in rows}
