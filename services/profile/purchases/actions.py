"""Keeping what the tills report: batches of receipts, each line once, in a constant number of statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.ids import new_id
from services.profile.clients import actions as clients
from services.profile.clients.actions import Newcomer
from services.profile.identities import actions as identity_actions
from services.profile.identities import queries as identities
from services.profile.identities.queries import Holder, Known
from services.profile.purchases import queries, rules
from services.profile.purchases.events import MOST_LINES, PurchaseClaimed, PurchaseRecorded, SoldPiece
from services.profile.purchases.queries import Purchase
from services.profile.purchases.rules import Fault, Line, Sorted

UNNAMED = "POS client"  # a till tells us an id of its own, no name

# Sorted by what is unique: two batches with the same receipts take turns instead of dead-locking.
_INSERT = """
insert into purchase (brand_id, purchase_id, client_id, pos, receipt, store_code, boutique_id, purchased_at, currency,
    net_minor, line_count, recorded_at)
select $1, purchase_id, client_id, pos, receipt, store_code, boutique_id, purchased_at, currency, net_minor, line_count,
    $12
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::timestamptz[], $9::text[],
    $10::bigint[], $11::int[])
    as item (purchase_id, client_id, pos, receipt, store_code, boutique_id, purchased_at, currency, net_minor,
        line_count)
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
_EXTEND = """
update purchase set net_minor = purchase.net_minor + item.net_minor, line_count = purchase.line_count + item.lines,
    client_id = coalesce(purchase.client_id, item.client_id)
from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::int[]) as item (purchase_id, client_id, net_minor, lines)
where purchase.brand_id = $1 and purchase.purchase_id = item.purchase_id
"""
_BOUTIQUE = text(
    "with kept as ("
    " insert into boutique (brand_id, code, boutique_id) values (:brand, :code, :boutique_id)"
    " on conflict (brand_id, code) do update set boutique_id = excluded.boutique_id"
    ") update purchase set boutique_id = :boutique_id"
    " where brand_id = :brand and store_code = :code and boutique_id is null"
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as a till reports it; `customer` is who bought, by the number a system of the house gave her."""

    pos: str
    receipt: str
    store_code: str
    purchased_at: datetime
    currency: str
    customer: Known | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one receipt."""

    purchase_id: UUID | None
    created: bool
    lines: Sorted


@dataclass(slots=True)
class Draft:
    """One receipt while the batch is worked on; a batch may bring it in several parts."""

    parts: list[tuple[int, Receipt, Fault | None]]
    purchase_id: UUID = field(default_factory=new_id)
    client_id: UUID | None = None
    boutique_id: UUID | None = None
    stored: Purchase | None = None
    sorted: list[Sorted] = field(default_factory=list)

    @property
    def head(self) -> Receipt:
        """The part that says when, where and in which currency."""
        return next((receipt for _, receipt, fault in self.parts if fault is None), self.parts[0][1])

    @property
    def customer(self) -> Known | None:
        """Who bought, as the first part that knows it names her."""
        return next((receipt.customer for _, receipt, fault in self.parts if receipt.customer and fault is None), None)

    @property
    def added(self) -> list[Line]:
        """The lines that are new."""
        return [line for part in self.sorted for line in part.accepted]

    def sort(self, stored: Iterable[Line], buyer: UUID | None, held: Mapping[Known, Holder]) -> None:
        """Sort the lines of every part against what is kept; `buyer` is the canonical record of who bought."""
        kept = {line.line: line for line in stored}
        currency = self.stored.currency if self.stored else self.head.currency
        self.sorted = []
        for _, receipt, fault in self.parts:
            named = held.get(receipt.customer) if receipt.customer else None
            if fault is None and receipt.currency != currency:
                fault = Fault.CURRENCY_DIFFERS  # noqa: PLW2901 - the part's last word
            elif fault is None and buyer is not None and named is not None and named.canonical_id != buyer:
                fault = Fault.CUSTOMER_DIFFERS  # noqa: PLW2901 - the part's last word
            self.sorted.append(rules.sort(receipt.lines, kept, refused=fault))
            kept.update({line.line: line for line in self.sorted[-1].accepted})


async def keep(tx: AsyncSession, receipts: Sequence[Receipt], *, now: datetime) -> list[Outcome]:
    """Keep what is new of these receipts and announce it; the outcomes are in the order given."""
    drafts: dict[tuple[str, str], Draft] = {}
    for index, receipt in enumerate(receipts):
        fault = rules.receipt_fault(receipt.currency, receipt.purchased_at, now=now)
        drafts.setdefault((receipt.pos, receipt.receipt), Draft([])).parts.append((index, receipt, fault))
    for draft in drafts.values():
        draft.sort((), None, {})
    # A receipt without one good line says nothing, not even that it exists.
    useful = {key: draft for key, draft in drafts.items() if draft.added}
    held = await _customers(tx, list(useful.values()), now=now)
    created = await _insert(tx, list(useful.values()), now=now)
    await _compare(tx, {key: draft for key, draft in useful.items() if draft.purchase_id not in created}, held)
    changed = [draft for draft in useful.values() if draft.added]
    await _insert_lines(tx, changed)
    await _extend(tx, [draft for draft in useful.values() if draft.stored and (draft.added or _claims(draft))])
    for draft in useful.values():
        _announce(tx, draft)
    return _outcomes(drafts.values(), created, len(receipts))


async def open_boutique(tx: AsyncSession, code: str, boutique_id: UUID) -> None:
    """Know the boutique behind a store code, also for the receipts that came before it."""
    await tx.execute(_BOUTIQUE, {"brand": tx.info["brand_id"], "code": code, "boutique_id": boutique_id})


async def _customers(tx: AsyncSession, drafts: Sequence[Draft], *, now: datetime) -> Mapping[Known, Holder]:
    """Find or register who bought, and give the receipts to them."""
    asked = {
        receipt.customer
        for draft in drafts
        for _, receipt, fault in draft.parts
        if receipt.customer is not None and fault is None
    }
    held = await identities.holders(tx, list(asked))
    newcomers = {known: new_id() for known in asked if known not in held}
    if newcomers:
        given = [(client_id, known) for known, client_id in newcomers.items()]
        free = await identity_actions.add(tx, given, source="pos", now=now)
        await clients.register(tx, [Newcomer(client_id, UNNAMED) for client_id, _ in free], now=now)
        held |= await identities.holders(tx, list(newcomers))
    for draft in drafts:
        if draft.customer is not None:
            draft.client_id = held[draft.customer].client_id
            draft.sort((), held[draft.customer].canonical_id, held)
    return held


async def _insert(tx: AsyncSession, rows: Sequence[Draft], *, now: datetime) -> set[UUID]:
    if not rows:
        return set()
    boutiques = await queries.boutiques(tx, sorted({draft.head.store_code for draft in rows}))
    for draft in rows:
        draft.boutique_id = boutiques.get(draft.head.store_code)
    connection = await tx.connection()
    inserted = await connection.exec_driver_sql(
        _INSERT,
        (
            tx.info["brand_id"],
            [draft.purchase_id for draft in rows],
            [draft.client_id for draft in rows],
            [draft.head.pos for draft in rows],
            [draft.head.receipt for draft in rows],
            [draft.head.store_code for draft in rows],
            [draft.boutique_id for draft in rows],
            [draft.head.purchased_at for draft in rows],
            [draft.head.currency for draft in rows],
            [sum(line.net_minor for line in draft.added) for draft in rows],
            [len(draft.added) for draft in rows],
            now,
        ),
    )
    return {row.purchase_id for row in inserted}


async def _compare(tx: AsyncSession, known: Mapping[tuple[str, str], Draft], held: Mapping[Known, Holder]) -> None:
    """Sort the lines of receipts that are already kept once more, now against what is kept."""
    stored = await queries.locked(tx, list(known))
    lines = await queries.lines(tx, [purchase.purchase_id for purchase in stored.values()])
    buyers = [purchase.client_id for purchase in stored.values() if purchase.client_id is not None]
    canonical = await identities.canonicals(tx, buyers) if buyers else {}
    for key, draft in known.items():
        draft.stored = purchase = stored[key]
        draft.purchase_id = purchase.purchase_id
        if purchase.client_id is not None:
            buyer: UUID | None = canonical[purchase.client_id]
        else:
            buyer = held[draft.customer].canonical_id if draft.customer else None
        draft.sort(lines[purchase.purchase_id], buyer, held)


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


def _claims(draft: Draft) -> bool:
    """Whether this batch tells who bought on a receipt that was anonymous."""
    return draft.stored is not None and draft.stored.client_id is None and draft.client_id is not None


def _announce(tx: AsyncSession, draft: Draft) -> None:
    stored, added = draft.stored, draft.added
    client_id = (stored.client_id if stored else None) or draft.client_id
    if draft.client_id is not None and _claims(draft):
        record(tx, PurchaseClaimed(purchase_id=draft.purchase_id, client_id=draft.client_id))
    if added:
        largest = sorted(added, key=lambda line: -abs(line.net_minor))[:MOST_LINES]
        record(
            tx,
            PurchaseRecorded(
                purchase_id=draft.purchase_id,
                client_id=client_id,
                boutique_id=stored.boutique_id if stored else draft.boutique_id,
                purchased_at=stored.purchased_at if stored else draft.head.purchased_at,
                currency=draft.head.currency,
                net_minor=sum(line.net_minor for line in added),
                line_count=len(added),
                lines=[
                    SoldPiece(piece_code=line.piece_code, quantity=line.quantity, net_minor=line.net_minor)
                    for line in largest
                ],
            ),
        )


def _outcomes(drafts: Iterable[Draft], created: set[UUID], count: int) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    for draft in drafts:
        known = draft.stored is not None or draft.purchase_id in created
        for (index, _, _), lines in zip(draft.parts, draft.sorted, strict=True):
            outcomes[index] = Outcome(
                purchase_id=draft.purchase_id if known else None,
                created=draft.purchase_id in created,
                lines=lines,
            )
    return [outcomes[index] for index in range(count)]
