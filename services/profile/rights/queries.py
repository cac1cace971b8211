"""Reading what clients asked for, and how far erasings have come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.erasure import Erased
from infra.refusal import NotFound
from services.profile.identities import queries as identities
from services.profile.rights.rules import OPEN, Asked, Status, Wrong

_COLUMNS = (
    "request_id, client_id, kind, status, asked_by, asked_at, due_on, verified_at, started_at, done_at, refused_at,"
    " reason, corrections, version"
)
_ONE = f"select {_COLUMNS} from data_request where brand_id = :brand and request_id = :request_id"  # noqa: S608
_PAGE = text(
    f"select {_COLUMNS} from data_request where brand_id = :brand"  # noqa: S608
    " and (cast(:status as text) is null or status = :status) and (cast(:kind as text) is null or kind = :kind)"
    " and (cast(:after as uuid) is null or request_id < :after) order by request_id desc limit :limit"
)
_OF = text(
    f"select {_COLUMNS} from data_request where brand_id = :brand and client_id = any(:ids)"  # noqa: S608
    " and (cast(:after as uuid) is null or request_id < :after) order by request_id desc limit :limit"
)
_OPEN = text(
    "select request_id from data_request where brand_id = :brand and client_id = any(:ids) and kind = :kind"
    " and status = any(:open) order by request_id limit 1"
)
_RECEIPTS = text(
    "select service, asked_at, erased_at, cast(erased as text) as erased from erasure_receipt"
    " where brand_id = :brand and request_id = :request_id order by service"
)
_COPIES = text(
    "select copy_id, delivered_to, made_at, delivered_at, size_bytes, cast(counts as text) as counts from data_copy"
    " where brand_id = :brand and request_id = :request_id and (cast(:after as uuid) is null or copy_id < :after)"
    " order by copy_id desc limit :limit"
)
_TABLES = TypeAdapter(list[Erased])
_COUNTS = TypeAdapter(dict[str, dict[str, int]])


@dataclass(frozen=True, slots=True)
class Amendment:
    """One thing that she says is wrong; `stands` is what is there now, if she says it."""

    about: Wrong
    stands: str | None
    right: str


_AMENDMENTS = TypeAdapter(list[Amendment])


@dataclass(frozen=True, slots=True)
class DataRequest:
    """One thing a client asked for; `asked_by` is client, or who of the house wrote it down for her."""

    request_id: UUID
    client_id: UUID
    kind: Asked
    status: Status
    asked_by: str
    asked_at: datetime
    due_on: date
    verified_at: datetime | None
    started_at: datetime | None
    done_at: datetime | None
    refused_at: datetime | None
    reason: str | None
    corrections: list[Amendment]
    version: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """One service's answer to an erasing; `erased_at` is null while it has not answered."""

    service: str
    asked_at: datetime
    erased_at: datetime | None
    erased: list[Erased]


@dataclass(frozen=True, slots=True)
class Delivered:
    """One copy of her data that was fetched: by whom, and how many rows of which table of which service it holds."""

    copy_id: UUID
    delivered_to: str
    made_at: datetime
    delivered_at: datetime
    size_bytes: int
    counts: dict[str, dict[str, int]]


async def request(tx: AsyncSession, request_id: UUID, *, lock: bool = False) -> DataRequest:
    """One request, if wanted nobody else's to change until this transaction ends; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "request_id": request_id}
    row = (await tx.execute(text(f"{_ONE} for update" if lock else _ONE), asked)).one_or_none()
    if row is None:
        raise NotFound
    return _request(tx, row)


async def requests(
    tx: AsyncSession, *, status: Status | None, kind: Asked | None, after: UUID | None, limit: int
) -> list[DataRequest]:
    """The brand's requests, the latest first."""
    asked = {"status": status, "kind": kind, "after": after, "limit": limit}
    return [_request(tx, row) for row in await tx.execute(_PAGE, {"brand": tx.info["brand_id"], **asked})]


async def requests_of(tx: AsyncSession, client_id: UUID, *, after: UUID | None, limit: int) -> list[DataRequest]:
    """What a client asked for, over all records that are she; the latest first."""
    ids = await identities.family(tx, client_id)
    asked = {"brand": tx.info["brand_id"], "ids": ids, "after": after, "limit": limit}
    return [_request(tx, row) for row in await tx.execute(_OF, asked)]


async def open_request(tx: AsyncSession, client_ids: Sequence[UUID], kind: Asked) -> UUID | None:
    """The request of this kind that she is still waiting for."""
    asked = {"brand": tx.info["brand_id"], "ids": list(client_ids), "kind": kind, "open": sorted(OPEN)}
    found: UUID | None = (await tx.execute(_OPEN, asked)).scalar_one_or_none()
    return found


async def receipts(tx: AsyncSession, request_id: UUID) -> list[Receipt]:
    """What each service has answered to an erasing, or that it has not; none before it was started."""
    rows = await tx.execute(_RECEIPTS, {"brand": tx.info["brand_id"], "request_id": request_id})
    return [
        Receipt(row.service, row.asked_at, row.erased_at, _TABLES.validate_json(row.erased) if row.erased else [])
        for row in rows
    ]


async def delivered(tx: AsyncSession, request_id: UUID, *, after: UUID | None, limit: int) -> list[Delivered]:
    """The copies that were fetched for a request, the latest first."""
    asked = {"brand": tx.info["brand_id"], "request_id": request_id, "after": after, "limit": limit}
    rows = (await tx.execute(_COPIES, asked)).mappings()
    return [Delivered(**{**row, "counts": _COUNTS.validate_json(row["counts"])}) for row in rows]


def _request(tx: AsyncSession, row: object) -> DataRequest:
    values = dict(row._mapping)  # type: ignore[attr-defined]  # noqa: SLF001
    values |= {"kind": Asked(values["kind"]), "status": Status(values["status"])}
    for sealed in ("reason", "corrections"):
        if values[sealed] is not None:
            values[sealed] = keyring(tx).open("data_request", sealed, values["request_id"], values[sealed])
    values["corrections"] = _AMENDMENTS.validate_json(values["corrections"] or "[]")
    return DataRequest(**values)


def written(corrections: Sequence[Amendment]) -> str:
    """What she says is wrong, as it is sealed."""
    return _AMENDMENTS.dump_json(list(corrections)).decode()
