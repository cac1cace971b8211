"""Reading imports, their lines, and what they wrote."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.profile.onboarding.rules.steps import Kind, Status
from services.profile.onboarding.rules.tally import Tally

_COLUMNS = (
    "import_id, kind, status, size_bytes, digest, asked, found, mapping, fault, line_count, lines_read, next_chunk,"
    " report, created_by, created_at, started_at, ended_at, expires_at, version, worker"
)
_ONE = f"select {_COLUMNS} from bulk_import where brand_id = :brand and import_id = :id"  # noqa: S608
_PAGE = text(
    f"select {_COLUMNS} from bulk_import where brand_id = :brand"  # noqa: S608
    " and (cast(:after as uuid) is null or import_id < :after) order by import_id desc limit :limit"
)
_PARTS = text("select number from import_part where brand_id = :brand and import_id = :id order by number")
_PART = text("select content from import_part where brand_id = :brand and import_id = :id and number = :number")
_CHUNK = text(
    "select number, content from import_chunk where brand_id = :brand and import_id = :id and number = :number"
)
_REFUSED = text(
    "select number from import_chunk where brand_id = :brand and import_id = :id and number < :before"
    " and content is not null order by number"
)
_WRITTEN = text(
    "select kind, stays, count(*) as rows from import_effect where brand_id = :brand and import_id = :id"
    " group by kind, stays order by kind, stays"
)
_STAYS = text(
    "select effect_id, line, kind, row_id, stays from import_effect"
    " where brand_id = :brand and import_id = :id and stays is not null"
    " and (cast(:after as uuid) is null or effect_id > :after) order by effect_id limit :limit"
)


@dataclass(frozen=True, slots=True)
class Import:
    """One import, without its lines."""

    import_id: UUID
    kind: Kind
    status: Status
    size_bytes: int
    digest: str
    asked: dict[str, Any]
    found: dict[str, Any] | None
    mapping: dict[str, Any] | None
    fault: str | None
    line_count: int
    lines_read: int
    next_chunk: int
    tally: Tally
    created_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime
    version: int
    worker: UUID | None


@dataclass(frozen=True, slots=True)
class Written:
    """How many things of a kind an import wrote that are still there, and why they stay, if an undo said so."""

    kind: str
    stays: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class Staying:
    """One thing that could not be taken back."""

    effect_id: UUID
    line: int
    kind: str
    row_id: UUID
    stays: str


def _import(tx: AsyncSession, row: Any) -> Import:
    told = dict(row)
    # Sealed: what was taken for the names of columns may be a line of the file.
    for name in ("found", "mapping"):
        if told[name] is not None:
            told[name] = json.loads(keyring(tx).open("bulk_import", name, told["import_id"], told[name]))
    told["tally"] = Tally.of(told.pop("report"))
    told["kind"], told["status"] = Kind(told["kind"]), Status(told["status"])
    return Import(**told)


async def bulk_import(tx: AsyncSession, import_id: UUID, *, lock: bool = False) -> Import:
    """One import, with `lock` nobody else's to work on; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "id": import_id}
    row = (await tx.execute(text(_ONE + " for update" if lock else _ONE), asked)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _import(tx, row)


async def free(tx: AsyncSession, import_id: UUID) -> Import | None:
    """One import that nobody works on, and nobody else until this transaction ends."""
    asked = {"brand": tx.info["brand_id"], "id": import_id}
    row = (await tx.execute(text(_ONE + " for update skip locked"), asked)).mappings().one_or_none()
    return _import(tx, row) if row is not None else None


async def page(tx: AsyncSession, *, after: UUID | None, limit: int) -> list[Import]:
    """The brand's imports, the latest first."""
    asked = {"brand": tx.info["brand_id"], "after": after, "limit": limit}
    return [_import(tx, row) for row in (await tx.execute(_PAGE, asked)).mappings()]


def check_reader(one: Import, by: Caller) -> None:
    """Raise NotFound for whoever may not read the lines: they are for who brought the file, and for officers."""
    if by.role is not Role.PRIVACY and by.subject != one.created_by:
        raise NotFound


async def parts(tx: AsyncSession, import_id: UUID) -> list[int]:
    """The numbers of the parts that have arrived."""
    return list((await tx.execute(_PARTS, {"brand": tx.info["brand_id"], "id": import_id})).scalars())


async def part(tx: AsyncSession, import_id: UUID, number: int) -> str:
    """One part, as base64; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "id": import_id, "number": number}
    row = (await tx.execute(_PART, asked)).one_or_none()
    if row is None:
        raise NotFound
    return keyring(tx).open("import_part", "content", f"{import_id}:{number}", row.content)


async def chunk(tx: AsyncSession, import_id: UUID, number: int) -> list[Any] | None:
    """The lines of one chunk as they were sealed; None where there is none, or nothing of it is left."""
    asked = {"brand": tx.info["brand_id"], "id": import_id, "number": number}
    row = (await tx.execute(_CHUNK, asked)).one_or_none()
    if row is None or row.content is None:
        return None
    lines: list[Any] = json.loads(keyring(tx).open("import_chunk", "content", f"{import_id}:{row.number}", row.content))
    return lines


async def with_refused(tx: AsyncSession, one: Import) -> list[int]:
    """The numbers of the chunks that hold refused lines: number, cells, reason, and the line of the receipt."""
    asked = {"brand": tx.info["brand_id"], "id": one.import_id, "before": one.next_chunk}
    return list((await tx.execute(_REFUSED, asked)).scalars())


async def written(tx: AsyncSession, import_id: UUID) -> list[Written]:
    """What the import wrote that is still there."""
    rows = await tx.execute(_WRITTEN, {"brand": tx.info["brand_id"], "id": import_id})
    return [Written(**row) for row in rows.mappings()]


async def staying(tx: AsyncSession, import_id: UUID, *, after: UUID | None, limit: int) -> list[Staying]:
    """What could not be taken back, in the order in which it was written."""
    asked = {"brand": tx.info["brand_id"], "id": import_id, "after": after, "limit": limit}
    return [Staying(**row) for row in (await tx.execute(_STAYS, asked)).mappings()]


def sheet_of(values: Sequence[Any]) -> str:
    """Lines as they are sealed."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
