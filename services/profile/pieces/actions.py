"""Pieces come to their owners, change hands, and are looked after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.ids import new_id
from infra.wire import check_match
from services.profile.identities import queries as identities
from services.profile.pieces import queries, rules
from services.profile.pieces.queries import Piece
from services.profile.pieces.rules import Change, NobodysPiece, OwnerUnchanged, SerialTaken, SerialUnreadable, Way
from services.profile.purchases.queries import receipts as purchases
from services.profile.purchases.queries.receipts import SerialLine
from services.profile.purchases.rules.lines import is_serial, tidy_serial

TILL = "till"  # who tells of what stands on a receipt

# Sorted by what is unique: two transactions that bring the same serials take turns instead of dead-locking.
_INSERT = text(
    "insert into owned_piece (brand_id, piece_id, serial, piece_code, entered_at)"
    " select :brand, item.* , :now from unnest(cast(:ids as uuid[]), cast(:serials as text[]), cast(:codes as text[]))"
    " as item (piece_id, serial, piece_code) order by serial on conflict (brand_id, serial) do nothing"
)
_CHANGE = text(
    "insert into piece_change (brand_id, change_id, piece_id, kind, client_id, changed_at, actor, purchase_id, line)"
    " values (:brand, :change_id, :piece_id, :kind, :client_id, :changed_at, :actor, :purchase_id, :line)"
    # A receipt that was nobody's has found its client since.
    " on conflict (brand_id, purchase_id, line) do update set client_id = excluded.client_id"
)
_OWNER = text(
    "update owned_piece set client_id = :client_id, version = version + 1"
    " where brand_id = :brand and piece_id = :piece_id"
)
_PAPERS = text(
    "update owned_piece set piece_code = coalesce(:piece_code, piece_code),"
    " certificate = coalesce(:certificate, certificate),"
    " warranty_until = coalesce(cast(:warranty_until as date), warranty_until),"
    " care_guide = coalesce(:care_guide, care_guide), version = version + 1"
    " where brand_id = :brand and piece_id = :piece_id"
)
_SERVE = text(
    "insert into piece_service (brand_id, service_id, piece_id, kind, served_on, note, actor, entered_at)"
    " values (:brand, :service_id, :piece_id, :kind, :served_on, :note, :actor, :now)"
)


@dataclass(frozen=True, slots=True)
class Papers:
    """What comes with a piece; what is None was not told."""

    piece_code: str | None = None
    certificate: str | None = None
    warranty_until: date | None = None
    care_guide: str | None = None


async def follow(tx: AsyncSession, purchase_ids: Sequence[UUID], *, now: datetime) -> None:
    """Let the pieces on these receipts go to who bought them, or got them, and back to the house. Safe to repeat."""
    await _follow(tx, await purchases.lines_with_serial(tx, purchase_ids), now=now)


async def enter(tx: AsyncSession, client_id: UUID, typed: str, papers: Papers, *, actor: str, now: datetime) -> Piece:
    """Write down that a canonical record owns a piece; if it is hers already, its papers are completed.

    Raises SerialUnreadable, and SerialTaken when it is another client's: of two who enter it at once, one does.
    """
    serial = tidy_serial(typed)
    if not is_serial(serial):
        raise SerialUnreadable
    # A till that sells it at this moment is seen, or waits.
    await purchases.take_turns(tx, (), serials=[serial])
    await _follow(tx, await purchases.lines_of_serial(tx, serial), now=now)
    await _know(tx, {serial: papers.piece_code}, now=now)
    [piece] = await queries.locked(tx, [serial])
    if piece.client_id is None:
        await _change(tx, piece, Change(Way.ENTERED, client_id, now), actor=actor)
        await _settle(tx, [piece])
    elif await identities.canonical(tx, piece.client_id) != client_id:
        raise SerialTaken
    told = {
        "piece_code": papers.piece_code,
        "certificate": papers.certificate,
        "warranty_until": papers.warranty_until,
        "care_guide": papers.care_guide,
    }
    await tx.execute(_PAPERS, {"brand": tx.info["brand_id"], "piece_id": piece.piece_id, **told})
    return await queries.piece(tx, piece.piece_id)


async def hand_over(
    tx: AsyncSession, piece_id: UUID, client_id: UUID, way: Way, *, if_match: str, actor: str, now: datetime
) -> Piece:
    """A piece goes to another canonical record: given, sold or inherited.

    Raises NotFound, Stale when someone else was faster, NobodysPiece, OwnerUnchanged.
    """
    piece = await queries.locked_one(tx, piece_id)
    check_match(if_match, piece.version)
    if piece.client_id is None:
        raise NobodysPiece
    if await identities.canonical(tx, piece.client_id) == client_id:
        raise OwnerUnchanged
    await _change(tx, piece, Change(way, client_id, now), actor=actor)
    await _settle(tx, [piece])
    return await queries.piece(tx, piece_id)


async def serve(
    tx: AsyncSession, piece_id: UUID, kind: str, served_on: date, note: str | None, *, actor: str, now: datetime
) -> UUID:
    """Write down what was done to a piece; answers the entry's id. Raises DayImpossible."""
    rules.check_day(served_on, today=now.date())
    service_id = new_id()
    sealed = keyring(tx).seal("piece_service", "note", service_id, note) if note is not None else None
    row = {"brand": tx.info["brand_id"], "service_id": service_id, "piece_id": piece_id, "kind": kind}
    await tx.execute(_SERVE, {**row, "served_on": served_on, "note": sealed, "actor": actor, "now": now})
    return service_id


async def _follow(tx: AsyncSession, lines: Sequence[SerialLine], *, now: datetime) -> None:
    if not lines:
        return
    await _know(tx, {line.serial: line.piece_code for line in lines}, now=now)
    pieces = {piece.serial: piece for piece in await queries.locked(tx, sorted({line.serial for line in lines}))}
    for line in lines:
        sold = line.quantity > 0
        change = Change(Way.BOUGHT if sold else Way.RETURNED, line.client_id if sold else None, line.purchased_at)
        await _change(tx, pieces[line.serial], change, actor=TILL, line=line)
    await _settle(tx, list(pieces.values()))


async def _know(tx: AsyncSession, serials: Mapping[str, str | None], *, now: datetime) -> None:
    row = {
        "brand": tx.info["brand_id"],
        "ids": [new_id() for _ in serials],
        "serials": list(serials),
        "codes": list(serials.values()),
        "now": now,
    }
    await tx.execute(_INSERT, row)


async def _change(
    tx: AsyncSession, piece: Piece, change: Change, *, actor: str, line: SerialLine | None = None
) -> None:
    row = {
        "brand": tx.info["brand_id"],
        "change_id": new_id(),
        "piece_id": piece.piece_id,
        "kind": change.way.value,
        "client_id": change.client_id,
        "changed_at": change.changed_at,
        "actor": actor,
        "purchase_id": line.purchase_id if line else None,
        "line": line.line if line else None,
    }
    await tx.execute(_CHANGE, row)


async def _settle(tx: AsyncSession, pieces: Sequence[Piece]) -> None:
    """Let these locked pieces be whose they are after all that happened to them."""
    events = await queries.history(tx, [piece.piece_id for piece in pieces])
    for piece in pieces:
        changes = [Change(event.kind, event.client_id, event.changed_at) for event in events[piece.piece_id]]
        owner = rules.owner_after(changes)
        if owner != piece.client_id:
            row = {"brand": tx.info["brand_id"], "piece_id": piece.piece_id, "client_id": owner}
            await tx.execute(_OWNER, row)
