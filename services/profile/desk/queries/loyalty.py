"""What a client's points, cards and privileges come to, over all records that are she."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.loyalty.queries import cards, privileges
from services.profile.loyalty.queries import points as ledger
from services.profile.loyalty.queries.cards import Card, Wait
from services.profile.loyalty.queries.points import Entered
from services.profile.loyalty.queries.privileges import Grant
from services.profile.loyalty.rules.cards import Lacking
from services.profile.segments import queries as segments

LATEST = 50  # entries that a client sees of her points


@dataclass(frozen=True, slots=True)
class Expiry:
    """The next day on which points expire, and how many."""

    expires_on: date
    points: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What she lacks for a tier, whether she has its card, and how many are free."""

    tier_id: UUID
    tier: str
    lacking: list[Lacking]
    is_held: bool
    free: int


@dataclass(frozen=True, slots=True)
class Loyalty:
    """Everything that the house holds for one client."""

    client_id: UUID
    balance: int
    expiring: Expiry | None
    cards: list[Card]
    waiting: list[Wait]
    privileges: list[Grant]
    tiers: list[Standing]


@dataclass(frozen=True, slots=True)
class Mine:
    """What she sees of it herself."""

    balance: int
    expiring: Expiry | None
    entries: list[Entered]
    cards: list[Card]


async def loyalty(tx: AsyncSession, family: Sequence[UUID], *, now: datetime) -> Loyalty:
    """What one client has and lacks; `family` begins with her record."""
    balance, expiring = await _points(tx, family, now=now)
    held = await cards.cards(tx, family)
    segment = (await segments.current(tx, family[:1]))[family[0]]
    taken = await cards.taken(tx)
    return Loyalty(
        client_id=family[0],
        balance=balance,
        expiring=expiring,
        cards=held,
        waiting=await cards.waits(tx, family),
        privileges=await privileges.hers(tx, family),
        tiers=[
            Standing(
                tier.tier_id,
                tier.name,
                tier.requirement.lacking(segment, balance),
                any(card.tier_id == tier.tier_id for card in held),
                taken[tier.tier_id].places.free,
            )
            for tier in await cards.tiers(tx)
        ],
    )


async def mine(tx: AsyncSession, family: Sequence[UUID], *, now: datetime) -> Mine:
    """What one client sees of her own: no segment, no threshold, nobody's words."""
    balance, expiring = await _points(tx, family, now=now)
    entries = await ledger.entries(tx, family, after=None, limit=LATEST)
    return Mine(balance, expiring, entries, await cards.cards(tx, family))


async def _points(tx: AsyncSession, family: Sequence[UUID], *, now: datetime) -> tuple[int, Expiry | None]:
    """Her balance without what has expired and was not swept yet, and what expires next."""
    today = await segments.today(tx, now)
    held = [one for one, _ in (await ledger.ledgers(tx, family)).values()]
    days = [one for account in held if (one := account.next_expiry(today)) is not None]
    first = min((day for day, _ in days), default=None)
    expiring = Expiry(first, sum(points for day, points in days if day == first)) if first is not None else None
    return sum(one.available(today) for one in held), expiring
