"""What time does to cards: those whose day has come end, offers lapse, and what is free is offered or issued."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from services.profile.clients import queries as clients
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.loyalty.actions import cards
from services.profile.loyalty.queries import cards as queries
from services.profile.loyalty.queries import points as ledger
from services.profile.loyalty.queries.cards import Tier
from services.profile.loyalty.rules.cards import Ended
from services.profile.segments import queries as segments

PAUSE = 30.0  # seconds between two looks for cards and offers whose time is over
AUTOMATIC = "automatic"  # who issues the cards of a tier that issues them by itself
FEW = 100  # candidates looked at in one statement
AT_ONCE = 100  # cards that issue themselves in one transaction: whoever wants one meanwhile waits for it

_OVER = text(
    "update card set ended_at = :now, ended_as = 'expired' where brand_id = :brand and tier_id = :tier_id"
    " and ended_at is null and expires_on <= :today returning card_id, client_id"
)
_LAPSED = text(
    "update card_wait set status = 'lapsed' where brand_id = :brand and tier_id = :tier_id and status = 'offered'"
    " and offer_until <= :now"
)
_BRANDS = text("select distinct brand_id from card_tier order by brand_id")
# Tiers with something to do: a day or an offer is over, a place is free and somebody waits, or cards issue themselves.
_BUSY = text(
    """
    select tier_id from card_tier tier where brand_id = :brand and (
        exists (select from card where brand_id = :brand and card.tier_id = tier.tier_id and ended_at is null
            and expires_on <= :today)
        or exists (select from card_wait where brand_id = :brand and card_wait.tier_id = tier.tier_id
            and status = 'offered' and offer_until <= :now)
        or (
            (is_automatic or exists (select from card_wait where brand_id = :brand
                and card_wait.tier_id = tier.tier_id and status = 'waiting'))
            and cap > (select count(*) from card where brand_id = :brand and card.tier_id = tier.tier_id
                and ended_at is null)
                + (select count(*) from card_wait where brand_id = :brand and card_wait.tier_id = tier.tier_id
                and status = 'offered')
        )
    ) order by tier_id
    """
)
# Surviving records that meet a tier and never had one of its cards, nor wait for one.
_CANDIDATES = text(
    """
    select client_id from client c where brand_id = :brand
    and (cardinality(cast(:segments as text[])) = 0 or exists (
        select from client_segment s where s.brand_id = :brand and s.client_id = c.client_id
        and s.segment = any(:segments)
    ))
    and (cast(:points as bigint) is null or c.client_id in (
        select coalesce(a.canonical_id, p.client_id) from points_account p
        left join client_alias a on a.brand_id = p.brand_id and a.client_id = p.client_id
        where p.brand_id = :brand group by 1 having sum(p.points) >= :points
    ))
    and not exists (select from client_alias a where a.brand_id = :brand and a.client_id = c.client_id)
    and not exists (
        select from (
            select client_id from card where brand_id = :brand and tier_id = :tier_id
            union all
            select client_id from card_wait where brand_id = :brand and tier_id = :tier_id
        ) had left join client_alias a on a.brand_id = :brand and a.client_id = had.client_id
        where coalesce(a.canonical_id, had.client_id) = c.client_id
    )
    and client_id > :after
    order by client_id limit :limit
    """
)


async def tend(tx: AsyncSession, tier_id: UUID, *, now: datetime, at_once: int = AT_ONCE) -> bool:
    """Do what a tier's time has come for: end cards and offers, offer what is free, issue what issues itself.

    Answers whether there may be more to issue, after `at_once` cards.
    """
    tier = await queries.tier(tx, tier_id, lock=True)
    where = {"brand": tx.info["brand_id"], "tier_id": tier_id, "now": now, "today": await segments.today(tx, now)}
    for row in await tx.execute(_OVER, where):
        cards.announce_end(tx, tier, row.card_id, row.client_id, Ended.EXPIRED)
    await tx.execute(_LAPSED, where)
    # Who waits was there before; whoever may not be offered one keeps it from nobody.
    free = await cards.offer(tx, tier, now=now)
    return tier.is_automatic and await _issue_itself(tx, tier, min(free, at_once), now=now) == at_once


async def _issue_itself(tx: AsyncSession, tier: Tier, free: int, *, now: datetime) -> int:
    left, after = free, UUID(int=0)
    asked = {
        "brand": tx.info["brand_id"],
        "tier_id": tier.tier_id,
        "segments": sorted(tier.requirement.segments),
        "points": tier.requirement.points_at_least,
        "limit": FEW,
    }
    while left > 0:
        found = list((await tx.execute(_CANDIDATES, asked | {"after": after})).scalars())
        left_out = await consents.restricted(tx, found) | await consents.profiling_off(tx, found)
        spared = [one for one in await _meeting(tx, tier, found, now=now) if one not in left_out]
        for client_id in spared[:left]:
            await cards.make(tx, tier, client_id, by=AUTOMATIC, now=now)
        left -= len(spared[:left])
        if len(found) < FEW:
            break
        after = found[-1]
    return free - left


async def _meeting(tx: AsyncSession, tier: Tier, client_ids: Sequence[UUID], *, now: datetime) -> list[UUID]:
    """Which of these are still there and meet the tier with points that have not expired."""
    there = await clients.spared(tx, client_ids)
    if tier.requirement.points_at_least is None:
        return [one for one in client_ids if one in there]
    today = await segments.today(tx, now)
    meets = []
    for client_id in client_ids:
        held = await ledger.ledgers(tx, await identities.family(tx, client_id))
        available = sum(one.available(today) for one, _ in held.values())
        if client_id in there and available >= tier.requirement.points_at_least:
            meets.append(client_id)
    return meets


async def tend_all(database: Database, *, now: datetime) -> None:
    """Tend every tier that has something to be done, each in a transaction of its own."""
    async with database.transaction(EVERY_BRAND) as tx:
        brands = (await tx.execute(_BRANDS)).scalars().all()
    for brand_id in brands:
        async with database.transaction(brand_id) as tx:
            asked = {"brand": brand_id, "now": now, "today": await segments.today(tx, now)}
            busy = (await tx.execute(_BUSY, asked)).scalars().all()
        for tier_id in busy:
            is_more = True
            while is_more:
                async with database.transaction(brand_id) as tx:
                    is_more = await tend(tx, tier_id, now=now)


async def tending(kit: Kit, stop: asyncio.Event) -> None:
    """The loop that ends what is over and offers what has become free."""
    while not stop.is_set():
        await tend_all(kit.database, now=kit.clock())
        await pause(stop, PAUSE)
