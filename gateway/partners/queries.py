"""Reads of partners and their keys."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity.queries import brand
from gateway.partners.tables import Partner, PartnerKey


async def partner(tx: AsyncSession, partner_id: UUID, *, lock: bool = False) -> Partner | None:
    """One partner of the brand."""
    asked = select(Partner).where(Partner.brand_id == brand(tx), Partner.partner_id == partner_id)
    found: Partner | None = await tx.scalar(asked.with_for_update() if lock else asked)
    return found


async def partners_after(tx: AsyncSession, partner_id: UUID | None, limit: int) -> list[Partner]:
    """The brand's partners in the order they were made, after one."""
    asked = select(Partner).where(Partner.brand_id == brand(tx))
    if partner_id is not None:
        asked = asked.where(Partner.partner_id > partner_id)
    return list(await tx.scalars(asked.order_by(Partner.partner_id).limit(limit)))


async def live_keys(tx: AsyncSession, partner_id: UUID) -> list[PartnerKey]:
    """The keys of a partner that are in use."""
    asked = select(PartnerKey).where(
        PartnerKey.brand_id == brand(tx), PartnerKey.partner_id == partner_id, PartnerKey.closed_at.is_(None)
    )
    return list(await tx.scalars(asked.order_by(PartnerKey.created_at)))


async def live_key(tx: AsyncSession, partner_id: UUID, key_id: str) -> PartnerKey | None:
    """One key in use, if it is this partner's."""
    asked = select(PartnerKey).where(
        PartnerKey.brand_id == brand(tx),
        PartnerKey.key_id == key_id,
        PartnerKey.partner_id == partner_id,
        PartnerKey.closed_at.is_(None),
    )
    found: PartnerKey | None = await tx.scalar(asked)
    return found
