"""Reading consents."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.consents import rules
from services.profile.consents.rules import Decision, Purpose
from services.profile.identities import queries as identities

_DECISIONS = text(
    "select consent_id, purpose, notice_version, channel, given_at, replaced_at, withdrawn_at from consent"
    " where brand_id = :brand and client_id = any(:ids)"
)


async def decisions(tx: AsyncSession, client_id: UUID) -> list[Decision]:
    """Everything this client ever decided, over all records that are she."""
    ids = await identities.family(tx, client_id)
    rows = await tx.execute(_DECISIONS, {"brand": tx.info["brand_id"], "ids": ids})
    return [Decision(**{**row, "purpose": Purpose(row["purpose"])}) for row in rows.mappings()]


async def granted(tx: AsyncSession, client_id: UUID, purpose: str) -> bool:
    """Whether we may, for this purpose, right now."""
    return rules.stands(rules.latest(await decisions(tx, client_id), Purpose(purpose)))
