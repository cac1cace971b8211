"""An import step by step, as people take it: announced, sent in parts, read, mapped, started, stopped, undone."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.ids import new_id
from infra.wire import check_match
from services.profile.onboarding import queries
from services.profile.onboarding.actions import effects
from services.profile.onboarding.actions.lines import understand
from services.profile.onboarding.actions.said import Raw, Refused
from services.profile.onboarding.models.files import Asked
from services.profile.onboarding.queries import Import
from services.profile.onboarding.rules import fields, steps
from services.profile.onboarding.rules.fields import Plan
from services.profile.onboarding.rules.steps import FileIncomplete, Kind, MappingMissing, MappingUnfit, Status, Step

_OPEN = text(
    "insert into bulk_import (brand_id, import_id, kind, status, size_bytes, digest, created_by, created_at,"
    " expires_at) values (:brand, :id, :kind, 'uploading', :size, :digest, :by, :now, :expires)"
)
_PART = text(
    "insert into import_part (brand_id, import_id, number, content) values (:brand, :id, :number, :content)"
    " on conflict (brand_id, import_id, number) do update set content = excluded.content"
)
_SET = "update bulk_import set version = version + 1, {} where brand_id = :brand and import_id = :id"
_READ = text(
    _SET.format("status = :status, asked = cast(:asked as jsonb), mapping = null, fault = null, worker = null")
)
_MAP = text(_SET.format("mapping = :mapping"))
_STATUS = text(_SET.format("status = :status, fault = null, worker = null, worker_until = null"))
_START = text(_SET.format("status = :status, fault = null, started_at = coalesce(started_at, :now)"))
_CANCEL = text(_SET.format("status = :status, ended_at = :now, worker = null"))
_DROP_PARTS = text("delete from import_part where brand_id = :brand and import_id = :id")
_DROP_LINES = text("delete from import_chunk where brand_id = :brand and import_id = :id and number >= :number")
_DROP_RECEIPTS = text("delete from import_receipt where brand_id = :brand and import_id = :id")
_AGAIN = text("update import_effect set stays = null where brand_id = :brand and import_id = :id and stays is not null")


def _of(tx: AsyncSession, import_id: UUID) -> dict[str, object]:
    return {"brand": tx.info["brand_id"], "id": import_id}


async def announce(tx: AsyncSession, kind: Kind, size: int, digest: str, *, by: Caller, now: datetime) -> UUID:
    """Say that a file is coming; answers the import's id. `digest` is the SHA-256 of the whole file, in hex."""
    import_id = new_id()
    told = {"kind": kind.value, "size": size, "digest": digest, "by": by.subject, "now": now}
    await tx.execute(_OPEN, _of(tx, import_id) | told | {"expires": now + steps.KEPT_FOR})
    return import_id


async def keep_part(tx: AsyncSession, import_id: UUID, number: int, content: str) -> None:
    """Keep one part of the file, sealed. Safe to repeat; raises NotFound, ImportNotReady, PartUnfit."""
    one = await queries.bulk_import(tx, import_id, lock=True)
    steps.after(one.status, Step.UPLOAD)
    try:
        length = len(base64.b64decode(content, validate=True))
    except (binascii.Error, ValueError):
        raise steps.PartUnfit from None
    steps.check_part(number, length, of_size=one.size_bytes)
    sealed = keyring(tx).seal("import_part", "content", f"{import_id}:{number}", content)
    await tx.execute(_PART, _of(tx, import_id) | {"number": number, "content": sealed})


async def read(tx: AsyncSession, import_id: UUID, asked: Asked) -> Import:
    """Have the file read, the first time or in another way; raises NotFound, ImportNotReady, FileIncomplete."""
    one = await queries.bulk_import(tx, import_id, lock=True)
    status = steps.after(one.status, Step.READ)
    await _check_whole(tx, one)
    told = {"sheet": asked.sheet, "encoding": asked.encoding, "header_line": asked.header_line}
    await tx.execute(_READ, _of(tx, import_id) | {"status": status.value, "asked": json.dumps(told)})
    return await queries.bulk_import(tx, import_id)


async def _check_whole(tx: AsyncSession, one: Import) -> None:
    there, count = set(await queries.parts(tx, one.import_id)), steps.parts_of(one.size_bytes)
    if missing := [number for number in range(count) if number not in there]:
        raise FileIncomplete(missing=missing)


def plan_of(one: Import) -> Plan:
    """The mapping as lines are read by it; raises MappingMissing."""
    if one.mapping is None or one.found is None:
        raise MappingMissing
    told = one.mapping
    return fields.check(one.kind, one.found["columns"], told["columns"], told["constants"], told["zone"])


async def map_columns(
    tx: AsyncSession,
    import_id: UUID,
    columns: Mapping[str, Sequence[str]],
    constants: Mapping[str, str],
    zone: str,
    *,
    if_match: str,
    now: datetime,
) -> Import:
    """Say which column means what; raises NotFound, Stale, ImportNotReady, MappingUnfit. Nothing is imported yet."""
    one = await queries.bulk_import(tx, import_id, lock=True)
    check_match(if_match, one.version)
    steps.after(one.status, Step.MAP)
    found = one.found or {"columns": []}
    plan = fields.check(one.kind, found["columns"], columns, constants, zone)
    await _check_sample(tx, one, plan, now=now)
    told = {"columns": {name: list(wanted) for name, wanted in columns.items()}, "constants": dict(constants)}
    sealed = keyring(tx).seal("bulk_import", "mapping", import_id, json.dumps(told | {"zone": zone}))
    await tx.execute(_MAP, _of(tx, import_id) | {"mapping": sealed})
    return await queries.bulk_import(tx, import_id)


async def _check_sample(tx: AsyncSession, one: Import, plan: Plan, *, now: datetime) -> None:
    """Raise MappingUnfit where a column plainly says something else than it is mapped to."""
    rows = await first_lines(tx, one.import_id, steps.SAMPLE)
    read = understand(rows, plan, today=now.date())
    wrong: dict[str, int] = {}
    for line in read:
        if isinstance(line, Refused) and line.field:
            wrong[line.field] = wrong.get(line.field, 0) + 1
    faults = [
        {"field": name, "why": "most-cells-unreadable"}
        for name, count in sorted(wrong.items())
        if count * steps.DOUBTED_FROM > len(rows) and name in plan.columns
    ]
    if faults:
        raise MappingUnfit(faults=faults)


async def first_lines(tx: AsyncSession, import_id: UUID, count: int) -> list[Raw]:
    """The first lines of a file that was read."""
    rows: list[Raw] = []
    number = 0
    while len(rows) < count and (lines := await queries.chunk(tx, import_id, number)) is not None:
        rows += [Raw(line, cells) for line, cells in lines]
        number += 1
    return rows[:count]


async def start(tx: AsyncSession, import_id: UUID, *, now: datetime) -> Import:
    """Begin, or go on after a pause; raises NotFound, ImportNotReady, MappingMissing."""
    one = await queries.bulk_import(tx, import_id, lock=True)
    status = steps.after(one.status, Step.START)
    plan_of(one)
    await tx.execute(_START, _of(tx, import_id) | {"status": status.value, "now": now})
    # From here on its lines say everything.
    await tx.execute(_DROP_PARTS, _of(tx, import_id))
    return await queries.bulk_import(tx, import_id)


async def pause(tx: AsyncSession, import_id: UUID) -> Import:
    """Stop after the lines that are being worked on; raises NotFound, ImportNotReady."""
    return await _take(tx, import_id, Step.PAUSE)


async def cancel(tx: AsyncSession, import_id: UUID, *, now: datetime) -> Import:
    """Stop for good. What was written stays until it is undone; what was not read is deleted."""
    one = await queries.bulk_import(tx, import_id, lock=True)
    status = steps.after(one.status, Step.CANCEL)
    await tx.execute(_CANCEL, _of(tx, import_id) | {"status": status.value, "now": now})
    await tx.execute(_DROP_PARTS, _of(tx, import_id))
    await tx.execute(_DROP_LINES, _of(tx, import_id) | {"number": one.next_chunk})
    await tx.execute(_DROP_RECEIPTS, _of(tx, import_id))
    await effects.seek(tx, import_id)
    return await queries.bulk_import(tx, import_id)


async def undo(tx: AsyncSession, import_id: UUID, *, now: datetime) -> Import:
    """Begin to take back what it wrote; raises NotFound, ImportNotReady, ImportExpired."""
    one = await _take(tx, import_id, Step.UNDO)
    if one.expires_at <= now:
        raise steps.ImportExpired
    await tx.execute(_AGAIN, _of(tx, import_id))
    return one


async def _take(tx: AsyncSession, import_id: UUID, step: Step) -> Import:
    one = await queries.bulk_import(tx, import_id, lock=True)
    status: Status = steps.after(one.status, step)
    await tx.execute(_STATUS, _of(tx, import_id) | {"status": status.value})
    return await queries.bulk_import(tx, import_id)


def shown(cells: Sequence[str] | None) -> list[str]:
    """A refused line's cells as they go into a file that a spreadsheet opens: none of them is a formula."""
    return [escaped(cell) for cell in cells or ()]


def escaped(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe stands before one that it would run.

    Read again, the apostrophe is taken off.
    """
    return f"'{cell}" if cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")) and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    # -1,200.50 and +8613800138000 are no formulas.
    return cell.strip().lstrip("+-").replace(",", "").replace(".", "", 1).isdigit()
