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
from services.profile.clients import queries as client_queries
from services.profile.clients.actions import Newcomer
from services.profile.identities import actions as identity_actions
from services.profile.identities import queries as identities
from services.profile.identities.queries import Holder, Known
from services.profile.purchases import queries, rules
from services.profile.purchases.events import MOST_LINES, PurchaseClaimed, PurchaseRecorded, SoldPiece
from services.profile.purchases.queries import Purchase
from services.profile.purchases.rules import Fault, Line, Sorted

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
_EXTEND = """
update purchase set net_minor = purchase.net_minor + item.net_minor, line_count = purchase.line_count + item.lines,
    client_id = coalesce(purchase.client_id, item.client_id)
from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::int[]) as item (purchase_id, client_id, net_minor, lines)
where purchase.brand_id = $1 and purchase.purchase_id = item.purchase_id
"""
_BOUTIQUE = text(
    "insert into boutique (brand_id, code, boutique_id) values (:brand, :code, :boutique_id)"
    " on conflict (brand_id, code) do update set boutique_id = excluded.boutique_id"
)
_PLACE = text(
    "update purchase set boutique_id = :boutique_id"
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
    stored: Purchase | None = None
    created: bool = False
    sorted: list[Sorted] = field(default_factory=list)
    customer: Known | None = None
    client_id: UUID | None = None

    @property
    def head(self) -> Receipt:
        """The part that says when, where and in which currency."""
        return next((receipt for _, receipt, fault in self.parts if fault is None), self.parts[0][1])

    @property
    def added(self) -> list[Line]:
        """The lines that are new."""
        return [line for part in self.sorted for line in part.accepted]

    @property
    def claims(self) -> bool:
        """Whether this batch tells who bought on a receipt that was anonymous."""
        return self.customer is not None and self.stored is not None and self.stored.client_id is None

    def sort(self, stored: Iterable[Line], buyer: UUID | Known | None, held: Mapping[Known, Holder]) -> None:
        """Sort the lines of every part against what is kept; `buyer` is the canonical record of who bought.

        While nobody knows who bought, the first part that names her and keeps a line says it. A part that keeps
        nothing says nothing: whoever guesses at a receipt does not get it.
        """
        kept = {line.line: line for line in stored}
        left = rules.room(kept.values())
        currency = self.stored.currency if self.stored else self.head.currency
        self.sorted, self.customer = [], None
        for _, receipt, wrong in self.parts:
            fault, named = wrong, receipt.customer
            if named is not None and named in held and held[named].is_erased:
                named = None  # the receipt is nobody's
            person = held[named].canonical_id if named is not None and named in held else named
            if fault is None and receipt.currency != currency:
                fault = Fault.CURRENCY_DIFFERS
            elif fault is None and person is not None and buyer not in {None, person}:
                fault = Fault.CUSTOMER_DIFFERS
            part = rules.sort(receipt.lines, kept, left=left, refused=fault)
            kept.update({line.line: line for line in part.accepted})
            left -= sum(abs(line.net_minor) for line in part.accepted)
            self.sorted.append(part)
            if fault is None and buyer is None and (part.accepted or part.repeated):
                buyer, self.customer = person, named


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
    created = await _insert(tx, list(useful.values()), now=now)
    held = await _compare(tx, useful, created)
    await _customers(tx, [draft for draft in useful.values() if draft.claims], held, now=now)
    await _insert_lines(tx, [draft for draft in useful.values() if draft.added])
    await _extend(tx, [draft for draft in useful.values() if draft.added or draft.claims])
    for draft in useful.values():
        _announce(tx, draft)
    return _outcomes(drafts.values(), len(receipts))


async def open_boutique(tx: AsyncSession, code: str, boutique_id: UUID) -> None:
    """Know the boutique behind a store code."""
    await tx.execute(_BOUTIQUE, {"brand": tx.info["brand_id"], "code": code, "boutique_id": boutique_id})


async def place_receipts(tx: AsyncSession, code: str, boutique_id: UUID) -> None:
    """Say where the receipts were made that came before their store code was known."""
    await tx.execute(_PLACE, {"brand": tx.info["brand_id"], "code": code, "boutique_id": boutique_id})


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
    tx: AsyncSession, drafts: Mapping[tuple[str, str], Draft], created: set[UUID]
) -> Mapping[Known, Holder]:
    """Sort the lines once more, now that the receipts are ours: against what is kept, and against who bought it.

    Answers the customers we know. They are read under the receipts' locks, so those of a rival's batch are there.
    """
    stored = await queries.locked(tx, list(drafts))
    lines = await queries.lines(tx, [purchase.purchase_id for purchase in stored.values()])
    named = {receipt.customer for draft in drafts.values() for _, receipt, fault in draft.parts if fault is None}
    held = await identities.holders(tx, [customer for customer in named if customer is not None])
    buyers = [purchase.client_id for purchase in stored.values() if purchase.client_id is not None]
    canonical = await identities.canonicals(tx, buyers) if buyers else {}
    for key, draft in drafts.items():
        draft.stored = purchase = stored[key]
        draft.purchase_id = purchase.purchase_id
        draft.created = purchase.purchase_id in created
        draft.sort(
            lines[purchase.purchase_id],
            canonical[purchase.client_id] if purchase.client_id is not None else None,
            held,
        )
    return held


async def _customers(tx: AsyncSession, drafts: Sequence[Draft], held: Mapping[Known, Holder], *, now: datetime) -> None:
    """Give receipts to who bought; whom nobody knows is registered."""
    newcomers = {draft.customer: new_id() for draft in drafts if draft.customer and draft.customer not in held}
    if newcomers:
        given = [(client_id, known) for known, client_id in newcomers.items()]
        free = await identity_actions.add(tx, given, source="pos", now=now)
        await clients.register(tx, [Newcomer(client_id, UNNAMED) for client_id, _ in free], now=now)
        # Also those whom a rival registered meanwhile.
        held = {**held, **await identities.holders(tx, list(newcomers))}
    buyers = {draft.customer: held[draft.customer].client_id for draft in drafts if draft.customer}
    spared = await client_queries.spared(tx, list(buyers.values()))
    for draft in drafts:
        # Who has just been erased has bought nothing.
        buyer = buyers.get(draft.customer) if draft.customer else None
        draft.client_id = buyer if buyer in spared else None


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
