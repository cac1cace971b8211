"""Writing receipts: one statement for all rows of a kind, however many."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from services.profile.identities.queries import Holder, Known
from services.profile.purchases.actions.drafts import About, Draft
from services.profile.purchases.queries import claims
from services.profile.purchases.queries import receipts as queries
from services.profile.purchases.rules.lines import Details

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


async def insert(tx: AsyncSession, rows: Sequence[Draft], *, now: datetime) -> set[UUID]:
    """Make the receipts that are not there yet, empty; answers which these are."""
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


async def insert_lines(tx: AsyncSession, drafts: Sequence[Draft]) -> None:
    """Write the lines that are new."""
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


async def insert_details(tx: AsyncSession, drafts: Sequence[Draft], held: Mapping[Known, Holder]) -> None:
    """Write what some of the new lines say besides."""
    rows = [
        (draft.purchase_id, line, line.details) for draft in drafts for line in draft.added if line.details is not None
    ]
    if not rows:
        return

    def recipient(details: Details) -> object:
        named = details.recipient
        if not isinstance(named, Known):
            return named
        return held[named].canonical_id if named in held and not held[named].is_erased else None

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


async def extend(tx: AsyncSession, drafts: Sequence[Draft]) -> None:
    """Let the receipts come to what their new lines add, and be hers who bought."""
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


async def describe(tx: AsyncSession, drafts: Sequence[Draft]) -> None:
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
                [claims.phone_blind(tx, about.phone) if about.phone else None for _, about in told],
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


async def drop(tx: AsyncSession, purchase_ids: Sequence[UUID]) -> None:
    """Take receipts away that nothing was written for yet."""
    connection = await tx.connection()
    await connection.exec_driver_sql(_DROP, (tx.info["brand_id"], list(purchase_ids)))
