"""Keeping what the tills report: batches of receipts, each line once, in a constant number of statements."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.eventlog.outbox import record
from infra.ids import new_id
from services.profile.clients import actions as clients
from services.profile.clients.actions import Newcomer
from services.profile.identities import actions as identity_actions
from services.profile.identities import queries as identities
from services.profile.identities.queries import Holder, Known
from services.profile.purchases import queries
from services.profile.purchases.actions.drafts import About, Draft, Outcome, Receipt
from services.profile.purchases.events import MOST_LINES, PurchaseClaimed, PurchaseRecorded, SoldPiece
from services.profile.purchases.rules import lines as rules
from services.profile.purchases.rules.lines import Details, Place
from services.profile.purchases.rules.returns import Ledger

UNNAMED = "POS client"  # a till tells us an id of its own, no name

# Sorted by what is unique: two batches with the same receipts take turns instead of dead-locking. A receipt begins
# empty: what it holds and whose it is shows only when its row is ours.
_INSERT = """
insert into purchase (brand_id, purchase_id, pos, receipt, store_code, boutique_id, purchased_at, currency, net_minor,
    line_count, recorded_at)
select $1, purchase_id, pos, receipt, store_code, boutique_id, purchased_at, currency, 0, 0, $9
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::timestamptz[], $8::text[])
    as item (purchase_id, pos, receipt, store_code, boutique_id, purchased_at, currency)
order by pos, receipt
on conflict (brand_id, pos, receipt) do nothing
returning purchase_id
"""
_LINES = """
insert into purchase_line (brand_id, purchase_id, line, piece_code, quantity, unit_minor, net_minor, description)
select $1, item.purchase_id, item.line, item.piece_code, item.quantity, item.unit_minor, item.net_minor,
    item.description
from unnest($2::uuid[], $3::int[], $4::text[], $5::int[], $6::bigint[], $7::bigint[], $8::text[])
    as item (purchase_id, line, piece_code, quantity, unit_minor, net_minor, description)
"""
# Most lines have none: the many are not made wider for the few.
_DETAILS = """
update purchase_line set serial = item.serial, sale_pos = item.sale_pos, sale_receipt = item.sale_receipt,
    sale_line = item.sale_line, exchange = item.exchange, recipient_id = item.recipient_id, category = item.category,
    is_limited = item.is_limited
from unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::int[], $8::text[], $9::uuid[], $10::text[],
    $11::boolean[]) as item (purchase_id, line, serial, sale_pos, sale_receipt, sale_line, exchange, recipient_id,
    category, is_limited)
where purchase_line.brand_id = $1 and purchase_line.purchase_id = item.purchase_id and purchase_line.line = item.line
"""
_EXTEND = """
update purchase set net_minor = purchase.net_minor + item.net_minor, line_count = purchase.line_count + item.lines,
    client_id = coalesce(purchase.client_id, item.client_id)
from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::int[]) as item (purchase_id, client_id, net_minor, lines)
where purchase.brand_id = $1 and purchase.purchase_id = item.purchase_id
"""
_ABOUT = """
update purchase set channel = item.channel, purchased_in = item.purchased_in, scan_ref = item.scan_ref,
    payments = item.payments::jsonb, phone_blind = item.phone_blind, masked_phone = item.masked_phone
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[])
    as item (purchase_id, channel, purchased_in, scan_ref, payments, phone_blind, masked_phone)
where purchase.brand_id = $1 and purchase.purchase_id = item.purchase_id
"""
_SHARES = """
insert into purchase_share (brand_id, purchase_id, advisor_id, share_bp)
select $1, item.* from unnest($2::uuid[], $3::uuid[], $4::int[]) as item
"""
_DROP = "delete from purchase where brand_id = $1 and purchase_id = any($2::uuid[])"


async def keep(tx: AsyncSession, receipts: Sequence[Receipt], *, now: datetime) -> list[Outcome]:
    """Keep what is new of these receipts and announce it; the outcomes are in the order given."""
    drafts: dict[tuple[str, str], Draft] = {}
    for index, receipt in enumerate(receipts):
        fault = receipt.fault or rules.receipt_fault(
            receipt.currency, receipt.purchased_at, now=now, shares=receipt.whole.shares
        )
        drafts.setdefault((receipt.pos, receipt.receipt), Draft([])).parts.append((index, receipt, fault))
    for draft in drafts.values():
        draft.glance()
    # A receipt without one good line says nothing, not even that it exists.
    useful = {key: draft for key, draft in drafts.items() if draft.added}
    sales, serials = _leads(useful.values())
    await queries.take_turns(tx, list(useful), sales={(sale.pos, sale.receipt) for sale in sales}, serials=serials)
    created = await _insert(tx, list(useful.values()), now=now)
    held = await _compare(tx, useful, created, sales=sales, serials=serials)
    useful = await _drop_empty(tx, useful)
    held = await _customers(tx, list(useful.values()), held, now=now)
    added = [draft for draft in useful.values() if draft.added]
    await _insert_lines(tx, added)
    await _insert_details(tx, added, held)
    await _extend(tx, [draft for draft in useful.values() if draft.added or draft.claims])
    await _describe(tx, [draft for draft in added if draft.created])
    for draft in useful.values():
        _announce(tx, draft)
    return _outcomes(drafts.values(), len(receipts))


def _leads(drafts: Iterable[Draft]) -> tuple[set[Place], set[str]]:
    """The sales that these receipts take something back of, and the serials on them."""
    lines = [line for draft in drafts for line in draft.added if line.details is not None]
    return {line.sale for line in lines if line.sale}, {line.serial for line in lines if line.serial}


async def _insert(tx: AsyncSession, rows: Sequence[Draft], *, now: datetime) -> set[UUID]:
    if not rows:
        return set()
    boutiques = await queries.boutiques(tx, sorted({draft.head.store_code for draft in rows}))
    connection = await tx.connection()
    inserted = await connection.exec_driver_sql(
        _INSERT,
        (
            tx.info["brand_id"],
            [draft.purchase_id for draft in rows],
            [draft.head.pos for draft in rows],
            [draft.head.receipt for draft in rows],
            [draft.head.store_code for draft in rows],
            [boutiques.get(draft.head.store_code) for draft in rows],
            [draft.head.purchased_at for draft in rows],
            [draft.head.currency for draft in rows],
            now,
        ),
    )
    return {row.purchase_id for row in inserted}


async def _compare(
    tx: AsyncSession,
    drafts: Mapping[tuple[str, str], Draft],
    created: set[UUID],
    *,
    sales: set[Place],
    serials: set[str],
) -> Mapping[Known, Holder]:
    """Sort the lines once more, now that the receipts are ours: against what is kept, and against who bought it.

    Answers the customers we know. They are read under the receipts' locks, so those of a rival's batch are there.
    """
    stored = await queries.locked(tx, list(drafts))
    lines = await queries.lines(tx, [purchase.purchase_id for purchase in stored.values()])
    held = await identities.holders(tx, list({known for draft in drafts.values() for known in draft.named}))
    buyers = [purchase.client_id for purchase in stored.values() if purchase.client_id is not None]
    canonical = await identities.canonicals(tx, buyers) if buyers else {}
    related = await queries.related(tx, list(drafts), sales=sales, serials=serials)
    ledger = Ledger(related) if related or sales or serials else None
    for key, draft in drafts.items():
        draft.stored = purchase = stored[key]
        draft.purchase_id = purchase.purchase_id
        draft.created = purchase.purchase_id in created
        draft.sort(
            lines[purchase.purchase_id],
            canonical[purchase.client_id] if purchase.client_id is not None else None,
            held,
            ledger,
        )
    return held


async def _drop_empty(tx: AsyncSession, drafts: Mapping[tuple[str, str], Draft]) -> dict[tuple[str, str], Draft]:
    """Take away the receipts that turned out to have nothing to keep; answers the others."""
    empty = {key for key, draft in drafts.items() if draft.created and not draft.added}
    if empty:
        connection = await tx.connection()
        await connection.exec_driver_sql(_DROP, (tx.info["brand_id"], [drafts[key].purchase_id for key in empty]))
    for key in empty:
        drafts[key].stored, drafts[key].created = None, False
    return {key: draft for key, draft in drafts.items() if key not in empty}


async def _customers(
    tx: AsyncSession, drafts: Sequence[Draft], held: Mapping[Known, Holder], *, now: datetime
) -> Mapping[Known, Holder]:
    """Give receipts to who bought; whom nobody knows is registered, and so is who gets a gift."""
    wanted = dict.fromkeys(draft.customer for draft in drafts if draft.claims and draft.customer)
    wanted |= dict.fromkeys(_recipients(drafts))
    newcomers = {known: new_id() for known in wanted if known not in held}
    if newcomers:
        given = [(client_id, known) for known, client_id in newcomers.items()]
        free = await identity_actions.add(tx, given, source="pos", now=now)
        await clients.register(tx, [Newcomer(client_id, UNNAMED) for client_id, _ in free], now=now)
        # Also those whom a rival registered meanwhile.
        held = {**held, **await identities.holders(tx, list(newcomers))}
    for draft in drafts:
        draft.client_id = held[draft.customer].client_id if draft.customer and draft.claims else None
    return held


def _recipients(drafts: Sequence[Draft]) -> list[Known]:
    details = [line.details for draft in drafts for line in draft.added if line.details is not None]
    return [one.recipient for one in details if isinstance(one.recipient, Known)]


async def _insert_lines(tx: AsyncSession, drafts: Sequence[Draft]) -> None:
    rows = [(draft.purchase_id, line) for draft in drafts for line in draft.added]
    if not rows:
        return
    connection = await tx.connection()
    await connection.exec_driver_sql(
        _LINES,
        (
            tx.info["brand_id"],
            [purchase_id for purchase_id, _ in rows],
            [line.line for _, line in rows],
            [line.piece_code for _, line in rows],
            [line.quantity for _, line in rows],
            [line.unit_minor for _, line in rows],
            [line.net_minor for _, line in rows],
            [line.description for _, line in rows],
        ),
    )


async def _insert_details(tx: AsyncSession, drafts: Sequence[Draft], held: Mapping[Known, Holder]) -> None:
    rows = [
        (draft.purchase_id, line, line.details) for draft in drafts for line in draft.added if line.details is not None
    ]
    if not rows:
        return

    def recipient(details: Details) -> object:
        named = details.recipient
        return held[named].canonical_id if isinstance(named, Known) else named

    connection = await tx.connection()
    await connection.exec_driver_sql(
        _DETAILS,
        (
            tx.info["brand_id"],
            [purchase_id for purchase_id, _, _ in rows],
            [line.line for _, line, _ in rows],
            [details.serial for _, _, details in rows],
            [details.sale.pos if details.sale else None for _, _, details in rows],
            [details.sale.receipt if details.sale else None for _, _, details in rows],
            [details.sale.line if details.sale else None for _, _, details in rows],
            [details.exchange for _, _, details in rows],
            [recipient(details) for _, _, details in rows],
            [details.category for _, _, details in rows],
            [details.is_limited for _, _, details in rows],
        ),
    )


async def _extend(tx: AsyncSession, drafts: Sequence[Draft]) -> None:
    if not drafts:
        return
    connection = await tx.connection()
    await connection.exec_driver_sql(
        _EXTEND,
        (
            tx.info["brand_id"],
            [draft.purchase_id for draft in drafts],
            [draft.client_id for draft in drafts],
            [sum(line.net_minor for line in draft.added) for draft in drafts],
            [len(draft.added) for draft in drafts],
        ),
    )


async def _describe(tx: AsyncSession, drafts: Sequence[Draft]) -> None:
    """Keep what is told of new receipts besides their lines."""
    rows = [(draft.purchase_id, draft.teller.about) for draft in drafts]
    told = [(purchase_id, about) for purchase_id, about in rows if about is not None]
    connection = await tx.connection()
    if told:
        await connection.exec_driver_sql(
            _ABOUT,
            (
                tx.info["brand_id"],
                [purchase_id for purchase_id, _ in told],
                [about.channel for _, about in told],
                [about.purchased_in for _, about in told],
                [about.scan_ref for _, about in told],
                [json.dumps([asdict(one) for one in about.payments]) if about.payments else None for _, about in told],
                [queries.phone_blind(tx, about.phone) if about.phone else None for _, about in told],
                [_masked(tx, purchase_id, about) for purchase_id, about in told],
            ),
        )
    shares = [(draft.purchase_id, share) for draft in drafts for share in draft.teller.whole.shares]
    if shares:
        await connection.exec_driver_sql(
            _SHARES,
            (
                tx.info["brand_id"],
                [purchase_id for purchase_id, _ in shares],
                [share.advisor_id for _, share in shares],
                [share.share_bp for _, share in shares],
            ),
        )


def _masked(tx: AsyncSession, purchase_id: UUID, about: About) -> bytes | None:
    if about.masked_phone is None:
        return None
    return keyring(tx).seal("purchase", "masked_phone", purchase_id, about.masked_phone)


def _announce(tx: AsyncSession, draft: Draft) -> None:
    stored, added = draft.stored, draft.added
    if stored is None:
        return
    if draft.client_id is not None and not draft.created:
        record(
            tx,
            PurchaseClaimed(
                purchase_id=draft.purchase_id,
                client_id=draft.client_id,
                boutique_id=stored.boutique_id,
                purchased_at=stored.purchased_at,
                currency=stored.currency,
            ),
        )
    if added:
        largest = sorted(added, key=lambda line: -abs(line.net_minor))[:MOST_LINES]
        record(
            tx,
            PurchaseRecorded(
                purchase_id=draft.purchase_id,
                client_id=stored.client_id or draft.client_id,
                boutique_id=stored.boutique_id,
                purchased_at=stored.purchased_at,
                currency=stored.currency,
                net_minor=sum(line.net_minor for line in added),
                line_count=len(added),
                lines=[
                    SoldPiece(piece_code=line.piece_code, quantity=line.quantity, net_minor=line.net_minor)
                    for line in largest
                ],
            ),
        )


def _outcomes(drafts: Iterable[Draft], count: int) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    for draft in drafts:
        for (index, _, _), lines in zip(draft.parts, draft.sorted, strict=True):
            outcomes[index] = Outcome(
                purchase_id=draft.purchase_id if draft.stored else None, created=draft.created, lines=lines
            )
    return [outcomes[index] for index in range(count)]
