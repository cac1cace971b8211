"""Reading consents."""

from collections.abc import Sequence
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
_RESTRICTED = text(
    "select coalesce(a.canonical_id, r.client_id) from restriction r"
    " left join client_alias a on a.brand_id = r.brand_id and a.client_id = r.client_id"
    " where r.brand_id = :brand and (r.client_id = any(:ids) or a.canonical_id = any(:ids))"
)


async def decisions(tx: AsyncSession, client_id: UUID) -> list[Decision]:
    """Everything this client ever decided, over all records that are she."""
    ids = await identities.family(tx, client_id)
    rows = await tx.execute(_DECISIONS, {"brand": tx.info["brand_id"], "ids": ids})
    return [Decision(**{**row, "purpose": Purpose(row["purpose"])}) for row in rows.mappings()]


async def granted(tx: AsyncSession, client_id: UUID, purpose: str) -> bool:
    """Whether we may, for this purpose, right now."""
    return rules.stands(rules.latest(await decisions(tx, client_id), Purpose(purpose)))


async def restricted(tx: AsyncSession, client_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these surviving records may not be used: their data was restricted, or that of one merged into them."""
    rows = await tx.execute(_RESTRICTED, {"brand": tx.info["brand_id"], "ids": list(client_ids)})
    return set(rows.scalars())
