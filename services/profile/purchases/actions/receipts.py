"""Keeping what the tills report: batches of receipts, each line once, in a constant number of statements."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.ids import new_id
from services.profile.clients import actions as clients
from services.profile.clients import queries as client_queries
from services.profile.clients.actions import Newcomer
from services.profile.identities import actions as identity_actions
from services.profile.identities import queries as identities
from services.profile.identities.queries import Holder, Known
from services.profile.purchases.actions import rows
from services.profile.purchases.actions.drafts import Draft, Outcome, Receipt
from services.profile.purchases.events import MOST_LINES, PurchaseClaimed, PurchaseRecorded, SoldPiece
from services.profile.purchases.queries import receipts as queries
from services.profile.purchases.rules import lines as rules
from services.profile.purchases.rules.lines import Place
from services.profile.purchases.rules.returns import Ledger

UNNAMED = "POS client"  # a till tells us an id of its own, no name


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
    created = await rows.insert(tx, list(useful.values()), now=now)
    held = await _compare(tx, useful, created, sales=sales, serials=serials)
    useful = await _drop_empty(tx, useful)
    held = await _customers(tx, list(useful.values()), held, now=now)
    added = [draft for draft in useful.values() if draft.added]
    await rows.insert_lines(tx, added)
    await rows.insert_details(tx, added, held)
    await rows.extend(tx, [draft for draft in useful.values() if draft.added or draft.claims])
    await rows.describe(tx, [draft for draft in added if draft.created])
    for draft in useful.values():
        _announce(tx, draft)
    return _outcomes(drafts.values(), len(receipts))


def _leads(drafts: Iterable[Draft]) -> tuple[set[Place], set[str]]:
    """The sales that these receipts take something back of, and the serials on them."""
    lines = [line for draft in drafts for line in draft.added if line.details is not None]
    return {line.sale for line in lines if line.sale}, {line.serial for line in lines if line.serial}


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
        await rows.drop(tx, [drafts[key].purchase_id for key in empty])
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
        shown = {
            draft.customer: draft.teller.about.masked_name for draft in drafts if draft.customer and draft.teller.about
        }
        await clients.register(
            tx, [Newcomer(client_id, shown.get(known) or UNNAMED) for client_id, known in free], now=now
        )
        # Also those whom a rival registered meanwhile.
        held = {**held, **await identities.holders(tx, list(newcomers))}
    named = {known for known in wanted if known in held and not held[known].is_erased}
    spared = await client_queries.spared(tx, [held[known].client_id for known in named])
    # Who has just been erased has bought nothing, and gets nothing.
    held = {known: one for known, one in held.items() if known not in named or one.client_id in spared}
    for draft in drafts:
        buyer = held.get(draft.customer) if draft.customer and draft.claims else None
        draft.client_id = buyer.client_id if buyer is not None else None
    await _keep_masks(tx, drafts, now=now)
    return held


async def _keep_masks(tx: AsyncSession, drafts: Sequence[Draft], *, now: datetime) -> None:
    """What a shop shows of its buyer's phone says a little of who she is: it is compared, and identifies nobody."""
    masks = {
        (draft.client_id, Known("masked-phone", draft.teller.about.masked_phone))
        for draft in drafts
        if draft.client_id and draft.teller.about and draft.teller.about.masked_phone
    }
    # In one order: two batches about the same clients take turns.
    ordered = sorted(masks, key=lambda mask: (mask[0], mask[1].value))
    await identity_actions.add(tx, ordered, source="pos", now=now, confirmed=False)


def _recipients(drafts: Sequence[Draft]) -> list[Known]:
    details = [line.details for draft in drafts for line in draft.added if line.details is not None]
    return [one.recipient for one in details if isinstance(one.recipient, Known)]


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
