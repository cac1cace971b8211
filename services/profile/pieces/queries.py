"""Reading owned pieces."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.refusal import NotFound
from services.profile.identities import queries as identities
from services.profile.pieces.rules import Way

_COLUMNS = (
    "piece_id, serial, client_id, piece_code, certificate, warranty_until, care_guide, entered_at, version"
    " from owned_piece where brand_id = :brand"
)
_ONE = text(f"select {_COLUMNS} and piece_id = :id")
_OF_SERIAL = text(f"select {_COLUMNS} and serial = :serial")
_PAGE = text(
    f"select {_COLUMNS} and client_id = any(:ids) and (cast(:after as uuid) is null or piece_id > :after)"
    " order by piece_id limit :limit"
)
# In one order everywhere: two transactions that want the same pieces take turns.
_LOCKED = text(f"select {_COLUMNS} and serial = any(:serials) order by serial for update")
_LOCKED_ONE = text(f"select {_COLUMNS} and piece_id = :id for update")
_CHANGES = text(
    "select piece_id, kind, client_id, changed_at, purchase_id, line from piece_change"
    " where brand_id = :brand and piece_id = any(:ids) order by changed_at, change_id"
)
_SERVICES = text(
    "select service_id, kind, served_on, note, entered_at from piece_service"
    " where brand_id = :brand and piece_id = :id order by served_on desc, service_id desc"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece by its serial; `client_id` is who owns it as it was told, perhaps a record merged since."""

    piece_id: UUID
    serial: str
    client_id: UUID | None
    piece_code: str | None
    certificate: str | None
    warranty_until: date | None
    care_guide: str | None
    entered_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Event:
    """One change of its owner; by which line of a receipt, if it was one."""

    kind: Way
    client_id: UUID | None
    changed_at: datetime
    purchase_id: UUID | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Service:
    """Something that was done to it."""

    service_id: UUID
    kind: str
    served_on: date
    note: str | None
    entered_at: datetime


async def piece(tx: AsyncSession, piece_id: UUID) -> Piece:
    """One piece; raises NotFound."""
    row = (await tx.execute(_ONE, {"brand": tx.info["brand_id"], "id": piece_id})).one_or_none()
    if row is None:
        raise NotFound
    return Piece(*row)


async def with_serial(tx: AsyncSession, serial: str) -> Piece | None:
    """The piece with this tidied serial."""
    row = (await tx.execute(_OF_SERIAL, {"brand": tx.info["brand_id"], "serial": serial})).one_or_none()
    return Piece(*row) if row else None


async def owned(tx: AsyncSession, client_id: UUID, *, after: UUID | None, limit: int) -> list[Piece]:
    """What a client owns, over all records that are she."""
    ids = await identities.family(tx, client_id)
    rows = await tx.execute(_PAGE, {"brand": tx.info["brand_id"], "ids": ids, "after": after, "limit": limit})
    return [Piece(*row) for row in rows]


async def locked(tx: AsyncSession, serials: Sequence[str]) -> list[Piece]:
    """The pieces with these serials, nobody else's to change until this transaction ends."""
    rows = await tx.execute(_LOCKED, {"brand": tx.info["brand_id"], "serials": list(serials)})
    return [Piece(*row) for row in rows]


async def locked_one(tx: AsyncSession, piece_id: UUID) -> Piece:
    """One piece, nobody else's to change until this transaction ends; raises NotFound."""
    row = (await tx.execute(_LOCKED_ONE, {"brand": tx.info["brand_id"], "id": piece_id})).one_or_none()
    if row is None:
        raise NotFound
    return Piece(*row)


async def history(tx: AsyncSession, piece_ids: Sequence[UUID]) -> dict[UUID, list[Event]]:
    """Everything that happened to these pieces' owners, the earliest first; by the records these are now."""
    rows = (await tx.execute(_CHANGES, {"brand": tx.info["brand_id"], "ids": list(piece_ids)})).all()
    named = {row.client_id for row in rows if row.client_id is not None}
    canonical = await identities.canonicals(tx, list(named)) if named else {}
    found: dict[UUID, list[Event]] = defaultdict(list)
    for row in rows:
        found[row.piece_id].append(
            Event(Way(row.kind), canonical.get(row.client_id), row.changed_at, row.purchase_id, row.line)
        )
    return found


async def services(tx: AsyncSession, piece_id: UUID) -> list[Service]:
    """Everything that was done to a piece, the latest first."""
    ring = keyring(tx)
    rows = await tx.execute(_SERVICES, {"brand": tx.info["brand_id"], "id": piece_id})
    return [
        Service(
            row.service_id,
            row.kind,
            row.served_on,
            ring.open("piece_service", "note", row.service_id, row.note) if row.note is not None else None,
            row.entered_at,
        )
        for row in rows
    ]
