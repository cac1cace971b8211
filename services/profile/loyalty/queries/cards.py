"""Reading tiers, cards and waiting lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.refusal import NotFound
from services.profile.loyalty.queries.used import used
from services.profile.loyalty.rules.cards import Ended, Places, Requirement, Waiting
from services.profile.segments.rules import Segment

_TIER = (
    "select tier_id, name, rank, cap, valid_months, offer_days, segments, points_at_least, is_automatic, version"
    " from card_tier where brand_id = :brand"
)
_TIERS = text(f"{_TIER} order by rank, name, tier_id")
_ONE = text(f"{_TIER} and tier_id = :tier_id")
# The tier's row lock: everybody who wants one of its cards takes turns.
_LOCKED = text(f"{_TIER} and tier_id = :tier_id for update")
_PLACES = text(
    """
    select tier.tier_id, tier.cap,
        (select count(*) from card where brand_id = :brand and card.tier_id = tier.tier_id and ended_at is null)
            as issued,
        (select count(*) from card_wait where brand_id = :brand and card_wait.tier_id = tier.tier_id
            and status = 'offered') as offered,
        (select count(*) from card_wait where brand_id = :brand and card_wait.tier_id = tier.tier_id
            and status = 'waiting') as waiting
    from card_tier tier where tier.brand_id = :brand
    and (cast(:tier_id as uuid) is null or tier.tier_id = :tier_id)
    """
)
_CARD = (
    "select card_id, card.tier_id, card_tier.name as tier, client_id, issued_at, expires_on, ended_at, ended_as"
    " from card join card_tier on card_tier.brand_id = card.brand_id and card_tier.tier_id = card.tier_id"
    " where card.brand_id = :brand"
)
_CARDS = text(
    f"{_CARD} and client_id = any(:ids) and ended_at is null order by card_tier.rank desc, card.issued_at, card_id"
)
_ONE_CARD = text(f"{_CARD} and card_id = :card_id")
_WAIT = (
    "select wait_id, number, card_wait.tier_id, card_tier.name as tier, client_id, status, joined_at, offer_until,"
    " (select count(*) from card_wait w where w.brand_id = card_wait.brand_id and w.tier_id = card_wait.tier_id"
    " and w.status = 'waiting' and w.number < card_wait.number) as before"
    " from card_wait join card_tier on card_tier.brand_id = card_wait.brand_id"
    " and card_tier.tier_id = card_wait.tier_id"
    " where card_wait.brand_id = :brand and status in ('waiting', 'offered')"
)
_WAITS = text(f"{_WAIT} and client_id = any(:ids) order by number")
_LIST = text(
    f"{_WAIT} and card_wait.tier_id = :tier_id and number > :after"
    f" and (cast(:only as uuid[]) is null or client_id = any(:only)) and {used('card_wait')}"
    " order by number limit :limit"
)


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier as headquarters set it."""

    tier_id: UUID
    name: str
    rank: int
    cap: int
    valid_months: int | None
    offer_days: int
    requirement: Requirement
    is_automatic: bool
    version: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What of a tier's cards is out, and how many wait for one."""

    places: Places
    waiting: int


@dataclass(frozen=True, slots=True)
class Card:
    """One card, by the name of its tier."""

    card_id: UUID
    tier_id: UUID
    tier: str
    client_id: UUID
    issued_at: datetime
    expires_on: date | None
    ended_at: datetime | None
    ended_as: Ended | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody who waits for a card behind `before` others, or to whom one is offered until a moment."""

    wait_id: UUID
    number: int
    tier_id: UUID
    tier: str
    client_id: UUID
    status: Waiting
    joined_at: datetime
    offer_until: datetime | None
    before: int


async def tiers(tx: AsyncSession) -> list[Tier]:
    """All tiers, the lowest first."""
    return [_tier(row) for row in (await tx.execute(_TIERS, {"brand": tx.info["brand_id"]})).mappings()]


async def tier(tx: AsyncSession, tier_id: UUID, *, lock: bool = False) -> Tier:
    """One tier, nobody else's to give cards of if locked; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "tier_id": tier_id}
    row = (await tx.execute(_LOCKED if lock else _ONE, asked)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _tier(row)


async def taken(tx: AsyncSession, tier_id: UUID | None = None) -> dict[UUID, Taken]:
    """What is out of each tier's cards, or of one's."""
    rows = await tx.execute(_PLACES, {"brand": tx.info["brand_id"], "tier_id": tier_id})
    return {row.tier_id: Taken(Places(row.cap, row.issued, row.offered), row.waiting) for row in rows}


async def cards(tx: AsyncSession, family: Sequence[UUID]) -> list[Card]:
    """The standing cards of one person, the highest tier first."""
    rows = await tx.execute(_CARDS, {"brand": tx.info["brand_id"], "ids": list(family)})
    return [_card(row) for row in rows.mappings()]


async def card(tx: AsyncSession, card_id: UUID) -> Card:
    """One card, standing or not; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "card_id": card_id}
    row = (await tx.execute(_ONE_CARD, asked)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _card(row)


async def waits(tx: AsyncSession, family: Sequence[UUID]) -> list[Wait]:
    """What one person waits for, or is offered."""
    rows = await tx.execute(_WAITS, {"brand": tx.info["brand_id"], "ids": list(family)})
    return [_wait(row) for row in rows.mappings()]


async def waiting_list(
    tx: AsyncSession, tier_id: UUID, *, only: Sequence[UUID] | None, after: int, limit: int
) -> list[Wait]:
    """Who waits for a tier's card behind one of them, in their order; of some clients, if named.

    Whoever had her data restricted keeps her place, and is not shown.
    """
    asked = {"brand": tx.info["brand_id"], "tier_id": tier_id, "after": after, "limit": limit}
    rows = await tx.execute(_LIST, asked | {"only": None if only is None else list(only)})
    return [_wait(row) for row in rows.mappings()]


def _tier(row: RowMapping) -> Tier:
    values: dict[str, Any] = {**row}
    asks = Requirement(frozenset(map(Segment, values.pop("segments"))), values.pop("points_at_least"))
    return Tier(**values, requirement=asks)


def _card(row: RowMapping) -> Card:
    values: dict[str, Any] = {**row}
    return Card(**values | {"ended_as": Ended(values["ended_as"]) if values["ended_as"] else None})


def _wait(row: RowMapping) -> Wait:
    values: dict[str, Any] = {**row}
    return Wait(**values | {"status": Waiting(values["status"])})
