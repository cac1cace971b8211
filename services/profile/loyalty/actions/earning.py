"""Points for what clients do: each line of a receipt, each day's contacts, exactly once and whatever comes again."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.wire import check_match
from services.profile.clients import queries as clients
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.loyalty.actions import points
from services.profile.loyalty.actions.points import New
from services.profile.loyalty.queries import points as queries
from services.profile.loyalty.queries.points import LineEntry, LoyaltyPolicy, SoldLine
from services.profile.loyalty.rules import earning as rules
from services.profile.loyalty.rules.earning import REPORTED, Policy
from services.profile.loyalty.rules.ledger import Entering
from services.profile.segments import queries as segments
from services.profile.segments.rules import day_of

PAUSE = 30.0  # seconds between two looks for what has expired, and for reported contacts
LATE = timedelta(days=8)  # a contact that is reported later than this earns nothing
FEW = 500  # contacts in one transaction

_FIRST = text(
    "insert into loyalty_policy (brand_id, since_on, spend, store_types, engagement, version)"
    " values (:brand, :since_on, '[]', '[]', '[]', 0) on conflict do nothing"
)
_LOCK = text("select version from loyalty_policy where brand_id = :brand for update")
_SET = text(
    "update loyalty_policy set since_on = :since_on, expiry_months = :expiry_months,"
    " spend = cast(:spend as jsonb), store_types = cast(:store_types as jsonb),"
    " engagement = cast(:engagement as jsonb), version = version + 1 where brand_id = :brand"
)
_REWARDING = text("select brand_id from loyalty_policy where engagement <> '[]' order by brand_id")
_REPORTED = text(
    """
    select distinct contact.client_id, contact.kind, cast(contact.occurred_at at time zone :zone as date) as contact_on
    from reported_contact contact
    where contact.brand_id = :brand and contact.kind = any(:kinds) and contact.occurred_at >= :since
    and not exists (
        select from points_entry entry where entry.brand_id = :brand and entry.client_id = contact.client_id
        and entry.contact = contact.kind
        and entry.contact_on = cast(contact.occurred_at at time zone :zone as date)
    )
    and cast(contact.occurred_at at time zone :zone as date) >= :since_on
    and contact.client_id > :after
    order by contact.client_id limit :limit
    """
)


@dataclass(frozen=True, slots=True)
class Counted:
    """A contact that may count: whose, of which kind, on which day of the brand."""

    client_id: UUID
    kind: str
    contact_on: date


async def set_policy(tx: AsyncSession, policy: Policy, *, if_match: str) -> LoyaltyPolicy:
    """Put rules in force for what comes in from now on; raises Stale when someone else was faster."""
    brand = {"brand": tx.info["brand_id"]}
    await tx.execute(_FIRST, brand | {"since_on": policy.since_on})
    check_match(if_match, (await tx.execute(_LOCK, brand)).scalar_one())
    spend = [{"currency": currency, "minor_per_point": minor} for currency, minor in sorted(policy.spend.items())]
    store_types = [{"boutique_type": one, "percent": percent} for one, percent in sorted(policy.store_types.items())]
    engagement = [{"kind": kind, "points": worth} for kind, worth in sorted(policy.engagement.items())]
    row = {"since_on": policy.since_on, "expiry_months": policy.expiry_months, "spend": json.dumps(spend)}
    row |= {"store_types": json.dumps(store_types), "engagement": json.dumps(engagement)}
    await tx.execute(_SET, brand | row)
    return await queries.policy(tx)


async def reckon(
    tx: AsyncSession, purchase_ids: Collection[UUID], *, taken_back: Collection[UUID] = (), now: datetime
) -> None:
    """Let the ledger have what the lines of these receipts are worth, and of the sales that came back with them.

    It looks at what is kept of the receipts, not at what a fact says of them: however often and in whatever order it
    is told, each line is worth what it is worth. Where a receipt is only looked at because something of it came back,
    or was `taken_back`, no line earns that earned nothing when it came in, by the rules of then.
    """
    setting = await queries.policy(tx)
    if setting.version == 0:
        return
    told = set(purchase_ids)
    asked = {*told, *taken_back, *await queries.sales(tx, {*told, *taken_back})}
    holders = {one.client_id for one in await queries.lines(tx, asked)}
    holders |= {one.client_id for every in (await queries.of_lines(tx, asked)).values() for one in every}
    there = set(await clients.by_id(tx, sorted(holders)))
    await points.lock(tx, there)
    # Read under the locks: what a rival has entered meanwhile is seen.
    lines = {(one.purchase_id, one.line): one for one in await queries.lines(tx, asked)}
    entered = await queries.of_lines(tx, asked)
    zone = (await segments.policy(tx)).policy.zone
    new = [
        one
        for place in sorted({*lines, *entered})
        if place[0] in told or place in entered
        for one in _owed(place, lines.get(place), entered.get(place, []), setting.policy, zone=zone, now=now)
        if one.client_id in there
    ]
    await points.enter(tx, new, now=now)


def _owed(
    place: tuple[UUID, int],
    line: SoldLine | None,
    entered: Sequence[LineEntry],
    policy: Policy,
    *,
    zone: str,
    now: datetime,
) -> list[New]:
    """What is to be entered for one line: what it earned, and of that what it is no longer worth, or worth again.

    What it earned is entered whole, also where something came back before: all later reckoning starts from it.
    """
    purchase_id, number = place
    new: list[New] = []
    if entered:
        first: LineEntry | New = entered[0]
    else:
        if line is None or (line.is_linked and line.net_minor <= 0):
            return []  # it takes something back of its sale, where it is counted
        bought_on = day_of(line.purchased_at, zone)
        base = policy.for_spend(line.net_minor, line.currency, line.boutique_type, bought_on=bought_on)
        if base == 0:
            return []
        expires_on = policy.expires_on(day_of(now, zone)) if base > 0 else None
        kind = Entering.EARNED if base > 0 else Entering.RETURNED
        first = New(line.client_id, kind, base, expires_on=expires_on, purchase_id=purchase_id, line=number, nth=0)
        new.append(first)
    worth = rules.due(first.points, sold_minor=line.net_minor, back_minor=line.back_minor) if line is not None else 0
    standing = sum(one.points for one in entered) + sum(one.points for one in new)
    delta = rules.change(worth=worth, standing=standing, expired=sum(one.expired for one in entered))
    if delta:
        is_back = delta < 0
        new.append(
            New(
                first.client_id,
                Entering.RETURNED if is_back else Entering.RESTORED,
                delta,
                expires_on=None if is_back else first.expires_on,
                lot_id=first.entry_id if is_back else None,
                purchase_id=purchase_id,
                line=number,
                nth=len(entered) + len(new),
            )
        )
    return new


async def count_contacts(tx: AsyncSession, contacts: Collection[Counted], *, now: datetime) -> None:
    """Enter what contacts are worth, each kind once a day; nothing for whoever is not to be reckoned up."""
    setting = await queries.policy(tx)
    policy = setting.policy
    worth = {
        one: amount for one in set(contacts) if (amount := policy.for_contact(one.kind, contact_on=one.contact_on)) > 0
    }
    spared = await _reckoned(tx, {one.client_id for one in worth})
    due = sorted((one for one in worth if one.client_id in spared), key=lambda one: (one.client_id, one.contact_on))
    if not due:
        return
    await points.lock(tx, {one.client_id for one in due})
    expires_on = policy.expires_on(day_of(now, (await segments.policy(tx)).policy.zone))
    new = [
        New(
            one.client_id,
            Entering.ENGAGED,
            worth[one],
            expires_on=expires_on,
            contact=one.kind,
            contact_on=one.contact_on,
        )
        for one in due
    ]
    await points.enter(tx, new, now=now)


async def _reckoned(tx: AsyncSession, client_ids: Collection[UUID]) -> set[UUID]:
    """Which of these records are there and may be reckoned up: neither restricted nor with profiling off."""
    # An erasing waits for what a look at reported contacts enters, and takes it along.
    there = await clients.spared(tx, sorted(client_ids))
    canonical: Mapping[UUID, UUID] = await identities.canonicals(tx, sorted(there))
    hers = sorted(set(canonical.values()))
    left_out = await consents.restricted(tx, hers) | await consents.profiling_off(tx, hers)
    return {one for one in there if canonical[one] not in left_out}


async def count_reported(database: Database, *, now: datetime) -> int:
    """Enter what reported contacts of the last days are worth that has not been entered; answers how many counted."""
    async with database.transaction(EVERY_BRAND) as tx:
        brands = (await tx.execute(_REWARDING)).scalars().all()
    done = 0
    for brand_id in brands:
        after = UUID(int=0)
        while True:
            async with database.transaction(brand_id) as tx:
                found = await _reported(tx, after=after, now=now)
                await count_contacts(tx, found, now=now)
            done += len(found)
            if len(found) < FEW:
                break
            # The last one's further contacts come with the next look.
            after = found[-1].client_id
    return done


async def _reported(tx: AsyncSession, *, after: UUID, now: datetime) -> list[Counted]:
    policy = (await queries.policy(tx)).policy
    rows = await tx.execute(
        _REPORTED,
        {
            "brand": tx.info["brand_id"],
            "zone": (await segments.policy(tx)).policy.zone,
            "kinds": sorted(kind for kind in REPORTED if policy.engagement.get(kind, 0) > 0),
            "since": now - LATE,
            "since_on": policy.since_on,
            "after": after,
            "limit": FEW,
        },
    )
    return [Counted(row.client_id, row.kind, row.contact_on) for row in rows]


async def counting(kit: Kit, stop: asyncio.Event) -> None:
    """The loop in which points expire and reported contacts count."""
    while not stop.is_set():
        await count_reported(kit.database, now=kit.clock())
        if await points.sweep(kit.database, now=kit.clock()) == 0:
            await pause(stop, PAUSE)
