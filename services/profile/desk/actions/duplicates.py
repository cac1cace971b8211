"""Looking for records that may be one person: the certain ones are joined, the likely ones wait for a decision."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.identity import Caller
from infra.ids import new_id
from infra.refusal import NotFound, Refusal
from services.profile.clients import queries as clients
from services.profile.desk.queries import duplicates as queries
from services.profile.desk.queries.duplicates import Duplicate
from services.profile.identities import actions as identity_actions
from services.profile.identities import models, rules
from services.profile.identities import queries as identities
from services.profile.identities.models import Judgement, Named
from services.profile.privacy import queries as sights
from services.profile.purchases.queries import receipts as purchases

FEW = 50  # records compared in one transaction
REST = 5.0  # seconds between two looks for records that changed

_BRANDS = text("select distinct brand_id from duplicate_search order by brand_id")
_TAKE = text(
    "delete from duplicate_search where brand_id = :brand and client_id in ("
    " select client_id from duplicate_search where brand_id = :brand order by client_id limit :few"
    " for update skip locked) returning client_id"
)
_KEEP = text(
    "insert into duplicate (brand_id, duplicate_id, one_id, other_id, probability, grounds, found_at)"
    " values (:brand, :id, :one, :other, :chance, :grounds, :now)"
    " on conflict (brand_id, one_id, other_id)"
    " do update set probability = excluded.probability, grounds = excluded.grounds"
)

Pair = tuple[UUID, UUID]


async def search(database: Database, *, now: datetime) -> int:
    """Compare one batch per brand of the records that changed; answers how many.

    What is certain is joined afterwards, pair by pair: until then it waits with the likely ones, and stays there if
    something forbids it. So nobody who registers a client waits for locks that a merge holds.
    """
    async with database.transaction(EVERY_BRAND) as tx:
        brands = (await tx.execute(_BRANDS)).scalars().all()
    done = 0
    for brand_id in brands:
        async with database.transaction(brand_id) as tx:
            taken = (await tx.execute(_TAKE, {"brand": brand_id, "few": FEW})).scalars().all()
            certain = await _compare(tx, taken, now=now)
        for one, other in certain:
            async with database.transaction(brand_id) as tx:
                await _join(tx, one, other, now=now)
        done += len(taken)
    return done


async def searching(kit: Kit, stop: asyncio.Event) -> None:
    """The loop that compares what has changed."""
    while not stop.is_set():
        if await search(kit.database, now=kit.clock()) == 0:
            await pause(stop, REST)


async def _compare(tx: AsyncSession, client_ids: Sequence[UUID], *, now: datetime) -> list[Pair]:
    """Keep the likely pairs of these records; answers the certain ones."""
    records = await queries.records(tx) if client_ids else 0
    found: dict[Pair, Judgement] = {}
    for client_id in client_ids:
        mine = (await queries.named(tx, [client_id])).get(client_id)
        if mine is None:
            continue  # erased meanwhile
        others = await queries.named(tx, [one for one in await queries.resembling(tx, mine) if one != client_id])
        heads = await identities.canonicals(tx, [client_id, *others])
        namesakes = 1 + sum(models.ring(one.pinyin) == models.ring(mine.pinyin) for one in others.values())
        for other_id, other in others.items():
            bearers = _bearers(mine, other, others.values())
            judged = models.judge(mine, other, records=records, namesakes=namesakes, bearers=bearers)
            if judged.is_likely and heads[client_id] != heads[other_id]:
                found[min(client_id, other_id), max(client_id, other_id)] = judged
    for (one_id, other_id), judged in sorted(found.items()):
        await tx.execute(
            _KEEP,
            {
                "brand": tx.info["brand_id"],
                "id": new_id(),
                "one": one_id,
                "other": other_id,
                "chance": judged.chance,
                "grounds": judged.grounds,
                "now": now,
            },
        )
    return [pair for pair, judged in sorted(found.items()) if judged.is_certain]


def _bearers(mine: Named, other: Named, others: Collection[Named]) -> int:
    """How many give the phone that these two have in common as theirs."""
    common = mine.phones & other.phones
    return 1 + max((sum(phone in one.phones for one in others) for phone in common), default=0)


async def _join(tx: AsyncSession, one: UUID, other: UUID, *, now: datetime) -> None:
    """Make two certain records one, unless something forbids it: two histories are joined by people only."""
    held = await identity_actions.hold(tx, one, other)
    both = await clients.by_id(tx, held)
    if held[0] == held[1] or len(both) < len(held) or all([await purchases.has_any(tx, id_) for id_ in held]):
        return
    # The record with the history goes on, or the older one.
    has_history = await purchases.has_any(tx, held[1])
    older = min(held, key=lambda id_: (both[id_].registered_at, id_))
    survivor = held[1] if has_history else held[0] if await purchases.has_any(tx, held[0]) else older
    merged = held[0] if survivor == held[1] else held[1]
    try:
        await identity_actions.meet(tx, survivor, merged)
    except Refusal:
        return
    await identity_actions.merge(tx, survivor=survivor, merged=merged, evidence="alike", actor="duplicates", now=now)


async def decide(
    tx: AsyncSession, duplicate_id: UUID, *, survivor: UUID | None, reason: str | None, by: Caller, now: datetime
) -> Duplicate:
    """Join the two, with that one going on, or without one keep them apart for good; raises NotFound.

    Also for a pair of whom the caller may not see both, and for one that is decided. Raises what `meet` raises.
    """
    visible = await sights.visible(tx, by, now=now)
    found = await queries.duplicates(tx, visible=visible, duplicate_id=duplicate_id)
    if not found or survivor not in {None, found[0].one_id, found[0].other_id}:
        raise NotFound
    pair = found[0]
    if survivor is None:
        if len(set(await identity_actions.hold(tx, pair.one_id, pair.other_id))) == 1:
            raise rules.OneClientAlready
        await identity_actions.keep_apart(tx, pair.one_id, pair.other_id, reason=reason, actor=by.subject, now=now)
    else:
        merged = pair.other_id if survivor == pair.one_id else pair.one_id
        standing = await identity_actions.meet(tx, survivor, merged)
        await identity_actions.merge(
            tx, survivor=standing, merged=merged, evidence="duplicate", reason=reason, actor=by.subject, now=now
        )
    return pair
