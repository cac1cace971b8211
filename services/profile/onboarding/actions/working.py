"""The loop that reads, runs and takes back imports, and deletes what is no longer needed."""

import asyncio
from uuid import UUID

import structlog
from sqlalchemy import text

from infra import telemetry
from infra.app import Kit
from infra.database import EVERY_BRAND, is_passing
from infra.eventlog.hint import pause
from infra.refusal import Unavailable
from services.profile.onboarding.actions import reading, running, undoing
from services.profile.onboarding.rules.steps import Status

EVERY = 0.2  # seconds between two looks
SWEEP = 60.0  # seconds between two looks for what has expired

_WAITING = text(
    "select brand_id, import_id, status from bulk_import where status in ('reading', 'running', 'undoing')"
    " order by created_at limit 20"
)
_STOP = text(
    "update bulk_import set status = case status when 'running' then 'paused' when 'reading' then 'unreadable'"
    " else 'undone' end, fault = 'fault', worker = null, version = version + 1"
    " where brand_id = :brand and import_id = :id and status = :status"
)
_EXPIRED = text(
    "select brand_id, import_id from bulk_import where not is_swept and expires_at <= :now order by expires_at limit 20"
)
_LOCK = text("select from bulk_import where brand_id = :brand and import_id = :id for update")
_SWEPT = text(
    "update bulk_import set is_swept = true, found = null, version = version + 1, status = case when status in"
    " ('finished', 'undone', 'cancelled') then status else 'cancelled' end, ended_at = coalesce(ended_at, :now)"
    " where brand_id = :brand and import_id = :id"
)
_TABLES = ("import_part", "import_chunk", "import_effect", "import_receipt")
_SWEEP = [text(f"delete from {table} where brand_id = :brand and import_id = :id") for table in _TABLES]  # noqa: S608


async def importing(kit: Kit, stop: asyncio.Event) -> None:
    """The loop. Instances share the imports: whoever holds an import's row, or its lease while it is read, works."""
    swept = -SWEEP
    while not stop.is_set():
        if (time := asyncio.get_running_loop().time()) - swept >= SWEEP:
            swept = time
            await sweep(kit)
        async with kit.database.transaction(EVERY_BRAND) as tx:
            waiting = (await tx.execute(_WAITING)).all()
        worked = False
        for row in waiting:
            worked |= await _work(kit, row.brand_id, row.import_id, Status(row.status), stop)
        if not worked:
            await pause(stop, EVERY)


async def _work(kit: Kit, brand_id: str, import_id: UUID, status: Status, stop: asyncio.Event) -> bool:
    try:
        match status:
            case Status.READING:
                return await reading.work(kit, brand_id, import_id, stop)
            case Status.RUNNING:
                return await running.work(kit, brand_id, import_id)
            case _:
                return await undoing.work(kit, brand_id, import_id)
    except Unavailable:
        return False  # a rival has just brought one of the same people: this is done again
    except Exception as fault:
        if is_passing(fault):
            raise
        # It would be the same fault for ever, and hold up every import behind it: a person has to look.
        structlog.get_logger().error("import-fault", **telemetry.reduced(fault))
        async with kit.database.transaction(brand_id) as tx:
            await tx.execute(_STOP, {"brand": brand_id, "id": import_id, "status": status.value})
        return True


async def sweep(kit: Kit) -> None:
    """Delete the lines, the refused ones and the way back of imports whose time is over; their figures stay."""
    now = kit.clock()
    async with kit.database.transaction(EVERY_BRAND) as tx:
        expired = (await tx.execute(_EXPIRED, {"now": now})).all()
    for row in expired:
        of = {"brand": row.brand_id, "id": row.import_id, "now": now}
        async with kit.database.transaction(row.brand_id) as tx:
            await tx.execute(_LOCK, of)
            for statement in _SWEEP:
                await tx.execute(statement, of)
            await tx.execute(_SWEPT, of)
