"""Issuing cards, taking them back, and offering what became free to whoever waits first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.ids import new_id
from infra.refusal import NotFound
from services.profile.clients import queries as clients
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.loyalty.events import CardIssued, CardOffered, CardReturned
from services.profile.loyalty.queries import cards as queries
from services.profile.loyalty.queries.cards import Card, Tier, Wait
from services.profile.loyalty.queries.used import used
from services.profile.loyalty.rules.cards import CardEnded, CardHeld, Ended, Waiting
from services.profile.loyalty.rules.earning import months_after
from services.profile.segments import queries as segments

FEW = 100  # of those who wait, looked at besides as many as there are places

USABLE = used("card_wait")

_ISSUE = text(
    "insert into card (brand_id, card_id, tier_id, client_id, issued_at, issued_by, expires_on)"
    " values (:brand, :card_id, :tier_id, :client_id, :now, :by, :expires_on)"
)
_END = text(
    "update card set ended_at = :now, ended_as = :ended_as where brand_id = :brand and card_id = :card_id"
    " and ended_at is null returning card_id"
)
_JOIN = text(
    "insert into card_wait (brand_id, wait_id, tier_id, client_id, status, joined_at, joined_by)"
    " values (:brand, :wait_id, :tier_id, :client_id, 'waiting', :now, :by)"
)
_SETTLE = text("update card_wait set status = :status where brand_id = :brand and wait_id = :wait_id")
_NEXT = text(
    "select wait_id, client_id from card_wait where brand_id = :brand and tier_id = :tier_id"  # noqa: S608 - our own words
    f" and status = 'waiting' and {USABLE} order by number limit :limit"
)
# Who of these persons has a card of the tier, by whichever record.
_HOLDERS = text(
    "select coalesce(a.canonical_id, card.client_id) from card"
    " left join client_alias a on a.brand_id = card.brand_id and a.client_id = card.client_id"
    " where card.brand_id = :brand and card.tier_id = :tier_id and ended_at is null and card.client_id in ("
    " select unnest(cast(:ids as uuid[])) union all"
    " select client_id from client_alias where brand_id = :brand and canonical_id = any(:ids))"
)
_OFFER = text(
    "update card_wait set status = 'offered', offered_at = :now, offer_until = :until"
    " where brand_id = :brand and wait_id = :wait_id"
)


async def issue(tx: AsyncSession, tier_id: UUID, family: Sequence[UUID], *, by: str, now: datetime) -> Card:
    """Give one person a card, the one she was offered or one that is free; `family` begins with her record.

    Raises NotFound, CardHeld and TierFull.
    """
    tier = await queries.tier(tx, tier_id, lock=True)
    if any(card.tier_id == tier_id for card in await queries.cards(tx, family)):
        raise CardHeld
    hers = [wait for wait in await queries.waits(tx, family) if wait.tier_id == tier_id]
    is_offered = any(
        wait.status is Waiting.OFFERED and wait.offer_until is not None and wait.offer_until > now for wait in hers
    )
    taken = (await queries.taken(tx, tier_id))[tier_id]
    taken.places.check(is_offered=is_offered, waiting=taken.waiting)
    for wait in hers:
        await _settle(tx, wait, Waiting.TAKEN)
    return await make(tx, tier, family[0], by=by, now=now)


async def make(tx: AsyncSession, tier: Tier, client_id: UUID, *, by: str, now: datetime) -> Card:
    """Give a surviving record a card of a locked tier that has one left for her."""
    card_id = new_id()
    today = await segments.today(tx, now)
    expires_on = months_after(today, tier.valid_months) if tier.valid_months is not None else None
    row = {"brand": tx.info["brand_id"], "card_id": card_id, "tier_id": tier.tier_id, "client_id": client_id}
    await tx.execute(_ISSUE, row | {"now": now, "by": by, "expires_on": expires_on})
    record(tx, CardIssued(card_id=card_id, tier_id=tier.tier_id, client_id=client_id, expires_on=expires_on))
    return await queries.card(tx, card_id)


async def take_back(tx: AsyncSession, card: Card, *, now: datetime) -> None:
    """End a card that was given back, and offer its place to whoever waits first; raises CardEnded."""
    tier = await queries.tier(tx, card.tier_id, lock=True)
    ended = {"brand": tx.info["brand_id"], "card_id": card.card_id, "now": now, "ended_as": Ended.RETURNED.value}
    if (await tx.execute(_END, ended)).one_or_none() is None:
        raise CardEnded
    announce_end(tx, tier, card.card_id, card.client_id, Ended.RETURNED)
    await offer(tx, tier, now=now)


async def join(tx: AsyncSession, tier_id: UUID, family: Sequence[UUID], *, by: str, now: datetime) -> Wait:
    """Put one person on a tier's waiting list, or find her there; a free place is offered to her if she is first.

    Raises NotFound and CardHeld.
    """
    tier = await queries.tier(tx, tier_id, lock=True)
    if any(card.tier_id == tier_id for card in await queries.cards(tx, family)):
        raise CardHeld
    if not any(wait.tier_id == tier_id for wait in await queries.waits(tx, family)):
        row = {"brand": tx.info["brand_id"], "wait_id": new_id(), "tier_id": tier_id, "client_id": family[0]}
        await tx.execute(_JOIN, row | {"now": now, "by": by})
        await offer(tx, tier, now=now)
    return next(wait for wait in await queries.waits(tx, family) if wait.tier_id == tier_id)


async def leave(tx: AsyncSession, tier_id: UUID, family: Sequence[UUID], *, now: datetime) -> None:
    """Take one person off a tier's waiting list; what was offered to her goes to the next. Raises NotFound."""
    tier = await queries.tier(tx, tier_id, lock=True)
    hers = [wait for wait in await queries.waits(tx, family) if wait.tier_id == tier_id]
    if not hers:
        raise NotFound
    for wait in hers:
        await _settle(tx, wait, Waiting.LEFT)
    await offer(tx, tier, now=now)


async def _settle(tx: AsyncSession, wait: Wait, status: Waiting) -> None:
    row = {"brand": tx.info["brand_id"], "wait_id": wait.wait_id, "status": status.value}
    await tx.execute(_SETTLE, row)


def announce_end(tx: AsyncSession, tier: Tier, card_id: UUID, client_id: UUID, ended_as: Ended) -> None:
    """Announce that a card has come to its end."""
    record(tx, CardReturned(card_id=card_id, tier_id=tier.tier_id, client_id=client_id, ended_as=ended_as))


async def offer(tx: AsyncSession, tier: Tier, *, now: datetime) -> int:
    """Offer every free place of a locked tier to those who wait, in their order; answers how many are left free.

    Passed over is whose data is not used, and who turned out to have a card already.
    """
    brand = {"brand": tx.info["brand_id"]}
    free = (await queries.taken(tx, tier.tier_id))[tier.tier_id].places.free
    if free == 0:
        return 0
    waiting = (await tx.execute(_NEXT, brand | {"tier_id": tier.tier_id, "limit": free + FEW})).all()
    canonical = await identities.canonicals(tx, [row.client_id for row in waiting])
    hers = sorted(set(canonical.values()))
    spared = set(await clients.by_id(tx, hers)) - await consents.restricted(tx, hers)
    spared -= set((await tx.execute(_HOLDERS, brand | {"tier_id": tier.tier_id, "ids": hers})).scalars())
    until = now + timedelta(days=tier.offer_days)
    chosen = [row for row in waiting if canonical[row.client_id] in spared][:free]
    for row in chosen:
        await tx.execute(_OFFER, brand | {"wait_id": row.wait_id, "now": now, "until": until})
        told = CardOffered(
            wait_id=row.wait_id, tier_id=tier.tier_id, client_id=canonical[row.client_id], offer_until=until
        )
        record(tx, told)
    return free - len(chosen)
