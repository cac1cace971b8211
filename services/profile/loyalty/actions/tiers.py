"""Setting up tiers of cards, and changing them."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import violated
from infra.ids import new_id
from infra.wire import check_match
from services.profile.loyalty.actions import cards
from services.profile.loyalty.queries import cards as queries
from services.profile.loyalty.queries.cards import Tier
from services.profile.loyalty.rules.cards import TierNameTaken, WantedTier

_CREATE = text(
    "insert into card_tier (brand_id, tier_id, name, rank, cap, valid_months, offer_days, segments, points_at_least,"
    " is_automatic) values (:brand, :tier_id, :name, :rank, :cap, :valid_months, :offer_days, :segments,"
    " :points_at_least, :is_automatic)"
)
_CHANGE = text(
    "update card_tier set name = :name, rank = :rank, cap = :cap, valid_months = :valid_months,"
    " offer_days = :offer_days, segments = :segments, points_at_least = :points_at_least,"
    " is_automatic = :is_automatic, version = version + 1 where brand_id = :brand and tier_id = :tier_id"
)


async def create(tx: AsyncSession, wanted: WantedTier) -> Tier:
    """Set up a tier; raises TierNameTaken."""
    tier_id = new_id()
    row = {"brand": tx.info["brand_id"], "tier_id": tier_id} | asdict(wanted)
    try:
        async with tx.begin_nested():
            await tx.execute(_CREATE, row | {"segments": list(wanted.segments)})
    except IntegrityError as clash:
        raise _named(clash) from None
    return await queries.tier(tx, tier_id)


async def change(tx: AsyncSession, tier_id: UUID, wanted: WantedTier, *, if_match: str, now: datetime) -> Tier:
    """Change a tier; what a higher cap frees is offered at once.

    Raises NotFound, Stale, CapBelowIssued and TierNameTaken.
    """
    before = await queries.tier(tx, tier_id, lock=True)
    check_match(if_match, before.version)
    (await queries.taken(tx, tier_id))[tier_id].places.check_cap(wanted.cap)
    row = {"brand": tx.info["brand_id"], "tier_id": tier_id} | asdict(wanted)
    try:
        async with tx.begin_nested():
            await tx.execute(_CHANGE, row | {"segments": list(wanted.segments)})
    except IntegrityError as clash:
        raise _named(clash) from None
    after = await queries.tier(tx, tier_id)
    await cards.offer(tx, after, now=now)
    return after


def _named(clash: IntegrityError) -> Exception:
    return TierNameTaken() if violated(clash) == "uq_card_tier_name" else clash
