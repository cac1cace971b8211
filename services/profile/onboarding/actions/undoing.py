"""Taking back what an import wrote, unless it was touched since: the last first, some hundreds at a time."""

from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.erasure import carry_out
from infra.eventlog.outbox import record
from infra.tombstones import bury
from services.profile.clients import actions as client_actions
from services.profile.clients import queries as client_queries
from services.profile.clients.actions import Newcomer
from services.profile.consents.events import ConsentWithdrawn
from services.profile.onboarding import queries
from services.profile.onboarding.rules.reasons import Stays
from services.profile.onboarding.rules.steps import Status
from services.profile.purchases.events import MOST_LINES, PurchaseTakenBack, SoldPiece
from services.profile.rights.events import ClientErased
from services.profile.rights.tables import DECISIONS

FEW = 200  # things taken back in one transaction

_HERE = "where brand_id = :brand and import_id = :id"
# Names last: with a name her record gets another version, by which a birthday is known to be untouched.
_KINDS = text(
    f"select kind from import_effect {_HERE} and stays is null"  # noqa: S608
    " order by kind = 'name', effect_id desc limit 1"
)
_LAST = text(
    f"select effect_id, line, kind, row_id, part, before_id, was from import_effect {_HERE}"  # noqa: S608
    " and stays is null and kind = :kind order by effect_id desc limit :few"
)
_ALL_LINES = text(
    f"select effect_id, line, kind, row_id, part, before_id, was from import_effect {_HERE}"  # noqa: S608
    " and stays is null and row_id = any(:rows)"
)
_TAKEN = text(f"delete from import_effect {_HERE} and effect_id = any(:effects)")  # noqa: S608
_STAYS = text(f"update import_effect set stays = :why {_HERE} and effect_id = any(:effects)")  # noqa: S608
_DONE = text(
    f"update bulk_import set status = 'undone', ended_at = :now, version = version + 1 {_HERE}"  # noqa: S608
)

# Everything that somebody else, or another import, may have come to know of her. Her numbers are those of the moment
# in which she was registered, and her record is as it was then.
HERS = (
    "purchase",
    "remote_sale",
    "reported_contact",
    "wish",
    "client_owner",
    "message",
    "presence",
    "access_grant",
    "consent",
    "sensitive_item",
    "restriction",
    "client_date",
    "preference",
    "note",
    "data_request",
    "owned_piece",
    "touchpoint",
    "client_alias",
)
PAIRS = (
    ("client_alias", "canonical_id"),
    ("client_merge", "client_id"),
    ("client_merge", "merged_client_id"),
    ("never_merge", "one_id"),
    ("never_merge", "other_id"),
    ("relation", "client_id"),
    ("relation", "other_client_id"),
    ("purchase_line", "recipient_id"),
)
_KNOWN_SINCE = text(
    "select distinct client_id from ("  # noqa: S608 - our own words
    + " union all ".join(
        f"select {column} as client_id from {table} where brand_id = :brand and {column} = any(:ids)"  # noqa: S608
        for table, column in (*((one, "client_id") for one in HERS), *PAIRS)
    )
    + " union all select i.client_id from identity i join client c using (brand_id, client_id)"
    " where i.brand_id = :brand and i.client_id = any(:ids) and (i.added_at <> c.registered_at"
    " or i.confirmed_at is not null or i.source <> 'import')"
    " union all select client_id from client where brand_id = :brand and client_id = any(:ids) and version > 1"
    ") as since"
)
_IDENTITIES = text(
    "delete from identity where brand_id = :brand and identity_id = any(:rows) and confirmed_at is null"
    " and source = 'import' returning identity_id as row_id"
)
_BIRTHDAYS = text(
    "update client set birthday = null from unnest(cast(:rows as uuid[]), cast(:versions as int[]))"
    " as asked (client_id, version) where brand_id = :brand and client.client_id = asked.client_id"
    " and client.version = asked.version and birthday is not null returning client.client_id as row_id"
)
_NOTES = text(
    "delete from note where brand_id = :brand and note_id = any(:rows) and version = 1 returning note_id as row_id"
)
_CONSENTS = text(
    "delete from consent where brand_id = :brand and consent_id = any(:rows) and withdrawn_at is null"
    " and replaced_at is null and channel = 'import' returning consent_id as row_id, client_id, purpose"
)
_CONSENTERS = text("select client_id from consent where brand_id = :brand and consent_id = any(:rows)")
_STANDING = text(
    "select distinct client_id, purpose from consent where brand_id = :brand and client_id = any(:ids)"
    " and withdrawn_at is null and replaced_at is null"
)
_BEFORE = text(
    "update consent set replaced_at = null where brand_id = :brand and consent_id = any(:rows) and withdrawn_at is null"
)
_RECEIPTS = text(
    "select purchase_id, client_id, boutique_id, purchased_at, currency, pos, receipt, line_count from purchase"
    " where brand_id = :brand and purchase_id = any(:rows) order by pos, receipt for update"
)
_CAME_BACK = text(
    "select asked.purchase_id from unnest(cast(:rows as uuid[]), cast(:tills as text[]), cast(:names as text[]))"
    " as asked (purchase_id, pos, receipt) where exists (select from purchase_line line where line.brand_id = :brand"
    " and line.sale_pos = asked.pos and line.sale_receipt = asked.receipt)"
)
_WITH_SERIAL = text(
    "select distinct purchase_id from purchase_line"
    " where brand_id = :brand and purchase_id = any(:rows) and serial is not null"
)
_LINES = text(
    "delete from purchase_line line using unnest(cast(:rows as uuid[]), cast(:numbers as int[]))"
    " as asked (purchase_id, line) where line.brand_id = :brand and line.purchase_id = asked.purchase_id"
    " and line.line = asked.line returning line.purchase_id, line.piece_code, line.quantity, line.net_minor"
)
_SMALLER = text(
    "update purchase set line_count = line_count - gone.lines, net_minor = net_minor - gone.net from"
    " unnest(cast(:rows as uuid[]), cast(:counts as int[]), cast(:nets as bigint[])) as gone (purchase_id, lines, net)"
    " where brand_id = :brand and purchase.purchase_id = gone.purchase_id"
)
_EMPTY = text(
    "delete from purchase where brand_id = :brand and purchase_id = any(:rows) and line_count = 0 returning purchase_id"
)
_SHARES = text("delete from purchase_share where brand_id = :brand and purchase_id = any(:rows)")


@dataclass(frozen=True, slots=True)
class Written:
    """One thing that the import wrote."""

    effect_id: UUID
    line: int
    kind: str
    row_id: UUID
    part: int | None
    before_id: UUID | None
    was: str | None


async def work(kit: Kit, brand_id: str, import_id: UUID) -> bool:
    """Take some of it back; answers whether there was any."""
    async with kit.database.transaction(brand_id) as tx:
        one = await queries.free(tx, import_id)
        if one is None or one.status is not Status.UNDOING:
            return False
        now, of = kit.clock(), {"brand": brand_id, "id": import_id}
        kind = (await tx.execute(_KINDS, of)).scalar_one_or_none()
        if kind is None:
            await tx.execute(_DONE, of | {"now": now})
            return True
        last = [Written(**row) for row in (await tx.execute(_LAST, of | {"kind": kind, "few": FEW})).mappings()]
        if kind == "purchase-line":
            # A receipt goes as a whole.
            rows = list({each.row_id for each in last})
            last = [Written(**row) for row in (await tx.execute(_ALL_LINES, of | {"rows": rows})).mappings()]
        stays = await _TAKES_BACK[kind](tx, import_id, last, now)
        taken = [each.effect_id for each in last if each.effect_id not in stays]
        await tx.execute(_TAKEN, of | {"effects": taken})
        for why in sorted(set(stays.values())):
            left = [effect_id for effect_id, reason in stays.items() if reason == why]
            await tx.execute(_STAYS, of | {"effects": left, "why": why.value})
    return True


Left = dict[UUID, Stays]


async def _clients(tx: AsyncSession, import_id: UUID, last: Sequence[Written], now: datetime) -> Left:
    """Whoever is known by this import alone goes, everywhere: nothing was ever to be known of her."""
    every = {one.row_id: one.effect_id for one in last}
    there = set(await client_queries.by_id(tx, list(every)))
    left: Left = {effect: Stays.GONE for client_id, effect in every.items() if client_id not in there}
    while there:
        since = await _known_since(tx, there)
        left |= {every[one]: Stays.KNOWN_SINCE for one in since}
        there -= since
        async with tx.begin_nested() as attempt:
            # Whoever is just writing something about one of them down is waited for, and looked at again.
            for one in sorted(there):
                await bury(tx, f"client:{one}", now=now)
            if not await _known_since(tx, there):
                break
            await attempt.rollback()
    if there:
        gone = sorted(there)
        await carry_out(tx, DECISIONS, gone, now=now, blinds=[], phones=[])
        record(tx, ClientErased(erasure_id=import_id, client_ids=gone))
    return left


async def _known_since(tx: AsyncSession, client_ids: set[UUID]) -> set[UUID]:
    if not client_ids:
        return set()
    rows = await tx.execute(_KNOWN_SINCE, {"brand": tx.info["brand_id"], "ids": sorted(client_ids)})
    return set(rows.scalars())


async def _identities(tx: AsyncSession, _: UUID, last: Sequence[Written], __: datetime) -> Left:
    return await _rows(tx, _IDENTITIES, last)


async def _names(tx: AsyncSession, _: UUID, last: Sequence[Written], __: datetime) -> Left:
    """Whom the house knew without a name has none again."""
    nameless = [(Newcomer(one.row_id, one.was), one.part) for one in last if one.was and one.part is not None]
    gone = await client_actions.name(tx, nameless)
    return {one.effect_id: Stays.CHANGED_SINCE for one in last if one.row_id not in gone}


async def _birthdays(tx: AsyncSession, _: UUID, last: Sequence[Written], __: datetime) -> Left:
    return await _rows(tx, _BIRTHDAYS, last)


async def _notes(tx: AsyncSession, _: UUID, last: Sequence[Written], __: datetime) -> Left:
    return await _rows(tx, _NOTES, last)


async def _withdrawals(_: AsyncSession, __: UUID, last: Sequence[Written], ___: datetime) -> Left:
    # What she refused stays refused: nobody gives a consent in her place.
    return {one.effect_id: Stays.CHANGED_SINCE for one in last}


async def _claims(_: AsyncSession, __: UUID, last: Sequence[Written], ___: datetime) -> Left:
    return {one.effect_id: Stays.CLAIM_STANDS for one in last}


async def _rows(tx: AsyncSession, statement: TextClause, last: Sequence[Written]) -> Left:
    asked = {"rows": [one.row_id for one in last], "versions": [one.part for one in last]}
    found = await tx.execute(statement, {"brand": tx.info["brand_id"]} | asked)
    gone = {row.row_id for row in found}
    return {one.effect_id: Stays.CHANGED_SINCE for one in last if one.row_id not in gone}


async def _consents(tx: AsyncSession, _: UUID, last: Sequence[Written], __: datetime) -> Left:
    brand = {"brand": tx.info["brand_id"]}
    rows = [one.row_id for one in last]
    await client_queries.locked(tx, list((await tx.execute(_CONSENTERS, brand | {"rows": rows})).scalars()))
    found = (await tx.execute(_CONSENTS, brand | {"rows": rows})).all()
    gone = {row.row_id for row in found}
    before = [one.before_id for one in last if one.before_id is not None and one.row_id in gone]
    await tx.execute(_BEFORE, brand | {"rows": before})
    ids = [row.client_id for row in found]
    standing = {(row.client_id, row.purpose) for row in await tx.execute(_STANDING, brand | {"ids": ids})}
    for row in found:
        if (row.client_id, row.purpose) not in standing:
            record(tx, ConsentWithdrawn(client_id=row.client_id, purpose=row.purpose))
    return {one.effect_id: Stays.CHANGED_SINCE for one in last if one.row_id not in gone}


async def _purchases(tx: AsyncSession, _: UUID, last: Sequence[Written], __: datetime) -> Left:
    brand = {"brand": tx.info["brand_id"]}
    by_receipt: dict[UUID, list[Written]] = defaultdict(list)
    for one in last:
        by_receipt[one.row_id].append(one)
    kept = {row.purchase_id: row for row in await tx.execute(_RECEIPTS, brand | {"rows": list(by_receipt)})}
    asked = {"rows": list(kept), "tills": [row.pos for row in kept.values()]}
    named = {"names": [row.receipt for row in kept.values()]}
    came_back = set((await tx.execute(_CAME_BACK, brand | asked | named)).scalars())
    owned = set((await tx.execute(_WITH_SERIAL, brand | {"rows": list(kept)})).scalars())
    left: Left = {}
    for purchase_id, lines in by_receipt.items():
        row = kept.get(purchase_id)
        why = _why_it_stays(row, lines, came_back, owned)
        if why is not None:
            left |= {one.effect_id: why for one in lines}
    free = [one for one in last if one.effect_id not in left]
    if free:
        await _drop(tx, free, kept)
    return left


def _why_it_stays(row: Any, lines: Sequence[Written], came_back: set[UUID], owned: set[UUID]) -> Stays | None:
    if row is None:
        return Stays.GONE
    if row.client_id != lines[0].before_id:
        return Stays.CLAIMED_SINCE
    if row.purchase_id in came_back:
        return Stays.RETURNED_SINCE
    return Stays.PIECE_OWNED if row.purchase_id in owned else None


async def _drop(tx: AsyncSession, free: Sequence[Written], kept: Mapping[UUID, Any]) -> None:
    brand = {"brand": tx.info["brand_id"]}
    places = {"rows": [one.row_id for one in free], "numbers": [one.part for one in free]}
    gone: dict[UUID, list[SoldPiece]] = defaultdict(list)
    for line in await tx.execute(_LINES, brand | places):
        piece = SoldPiece(piece_code=line.piece_code, quantity=line.quantity, net_minor=line.net_minor)
        gone[line.purchase_id].append(piece)
    rows = list(gone)
    nets = [sum(piece.net_minor for piece in gone[one]) for one in rows]
    less = {"counts": [len(gone[one]) for one in rows], "nets": nets}
    await tx.execute(_SMALLER, brand | {"rows": rows} | less)
    empty = set((await tx.execute(_EMPTY, brand | {"rows": rows})).scalars())
    await tx.execute(_SHARES, brand | {"rows": list(empty)})
    for one, net in zip(rows, nets, strict=True):
        record(
            tx,
            PurchaseTakenBack(
                purchase_id=one,
                client_id=kept[one].client_id,
                currency=kept[one].currency,
                net_minor=net,
                line_count=len(gone[one]),
                lines=sorted(gone[one], key=lambda piece: -abs(piece.net_minor))[:MOST_LINES],
                is_whole=one in empty,
            ),
        )


_TAKES_BACK: Mapping[str, Callable[[AsyncSession, UUID, Sequence[Written], datetime], Coroutine[Any, Any, Left]]] = {
    "client": _clients,
    "identity": _identities,
    "name": _names,
    "birthday": _birthdays,
    "consent": _consents,
    "withdrawal": _withdrawals,
    "note": _notes,
    "purchase-line": _purchases,
    "claim": _claims,
}
