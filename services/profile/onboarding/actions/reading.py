"""Reading a file that has arrived: into sealed lines, some hundreds in a row, as fast as they are written."""

import asyncio
import base64
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import islice
from typing import IO
from uuid import UUID, uuid4

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.crypto import keyring
from infra.workbooks import TableUnfit
from services.profile.onboarding import queries
from services.profile.onboarding.models import files
from services.profile.onboarding.models.files import Asked, Found, Row
from services.profile.onboarding.queries import Import
from services.profile.onboarding.rules import steps

LEASE = timedelta(seconds=20)  # a reader that is silent for so long has died

# Whoever has the lease reads; the row lock alone would not do, for reading takes many transactions.
_CLAIM = text(
    "update bulk_import set worker = :worker, worker_until = :until where brand_id = :brand and import_id = :id"
    " and status = 'reading' and (worker is null or worker_until < :now) returning import_id"
)
_HOLD = text(
    "update bulk_import set worker_until = :until, line_count = :lines where brand_id = :brand and import_id = :id"
    " and status = 'reading' and worker = :worker returning import_id"
)
_BEAT = text(
    "update bulk_import set worker_until = :until where brand_id = :brand and import_id = :id"
    " and status = 'reading' and worker = :worker returning import_id"
)
_LET_GO = text("update bulk_import set worker = null where brand_id = :brand and import_id = :id and worker = :worker")
_CLEAR = text("delete from import_chunk where brand_id = :brand and import_id = :id")
_CHUNK = text(
    "insert into import_chunk (brand_id, import_id, number, line_count, content)"
    " values (:brand, :id, :number, :lines, :content)"
)
_DONE = text(
    "update bulk_import set status = :status, found = :found, fault = :fault, line_count = :lines,"
    " worker = null, worker_until = null, version = version + 1"
    " where brand_id = :brand and import_id = :id and status = 'reading' and worker = :worker"
)


class _Lost(Exception):
    """Somebody has cancelled it or reads it anew, or this process stops."""


async def work(kit: Kit, brand_id: str, import_id: UUID, stop: asyncio.Event) -> bool:
    """Read one file, unless somebody else does; answers whether it did."""
    worker = uuid4()
    async with kit.database.transaction(brand_id) as tx:
        if not await _mine(tx, _CLAIM, kit, import_id, worker):
            return False
        await tx.execute(_CLEAR, {"brand": brand_id, "id": import_id})
        one = await queries.bulk_import(tx, import_id)
    beating = asyncio.create_task(_beat(kit, brand_id, import_id, worker))
    try:
        found, lines = await _keep(kit, brand_id, one, worker, stop)
        told, status, fault = json.dumps(asdict(found)), "read", None
        if not lines:
            status, fault = "unreadable", "no-lines"
    except TableUnfit as unfit:
        told, status, fault, lines = None, "unreadable", unfit.code, 0
    except _Lost:
        async with kit.database.transaction(brand_id) as tx:
            await tx.execute(_LET_GO, {"brand": brand_id, "id": import_id, "worker": worker})
        return True
    finally:
        beating.cancel()
    async with kit.database.transaction(brand_id) as tx:
        sealed = keyring(tx).seal("bulk_import", "found", import_id, told) if told is not None else None
        done = {"status": status, "found": sealed, "fault": fault, "lines": lines, "worker": worker}
        await tx.execute(_DONE, {"brand": brand_id, "id": import_id, **done})
    return True


async def _beat(kit: Kit, brand_id: str, import_id: UUID, worker: UUID) -> None:
    """Keep the lease: the strings of a large workbook take longer to read than it lasts."""
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 4)
        async with kit.database.transaction(brand_id) as tx:
            await _mine(tx, _BEAT, kit, import_id, worker)


async def _mine(
    tx: AsyncSession, statement: TextClause, kit: Kit, import_id: UUID, worker: UUID, **more: object
) -> bool:
    now = kit.clock()
    held = {"brand": tx.info["brand_id"], "id": import_id, "worker": worker, "now": now, "until": now + LEASE}
    return (await tx.execute(statement, held | more)).one_or_none() is not None


@dataclass(frozen=True, slots=True)
class _Parts:
    """The file that lies in parts, for a thread that reads it while the loop fetches them."""

    kit: Kit
    brand_id: str
    one: Import
    loop: asyncio.AbstractEventLoop

    async def part(self, number: int) -> bytes:
        async with self.kit.database.transaction(self.brand_id) as tx:
            return base64.b64decode(await queries.part(tx, self.one.import_id, number))

    def blocks(self) -> Iterator[bytes]:
        """The file from its beginning."""
        for number in range(steps.parts_of(self.one.size_bytes)):
            yield asyncio.run_coroutine_threadsafe(self.part(number), self.loop).result()

    def whole(self) -> IO[bytes]:
        """A workbook's index stands at its end, so it is held whole; never on a disk, where it would lie open."""
        if self.one.size_bytes > files.LARGEST_WORKBOOK:
            raise TableUnfit("workbook-too-large")
        return io.BytesIO(b"".join(self.blocks()))

    def read(self) -> tuple[Found, Iterator[Row]]:
        """What the file is, and its rows; raises TableUnfit."""
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        if digest.hexdigest() != self.one.digest:
            raise TableUnfit("not-the-file")
        return files.read(self.blocks, self.whole, self.one.kind, Asked(**self.one.asked))


async def _keep(kit: Kit, brand_id: str, one: Import, worker: UUID, stop: asyncio.Event) -> tuple[Found, int]:
    """Seal the lines chunk by chunk; the file itself is read in a thread, for parsing would hold up every request."""
    parts = _Parts(kit, brand_id, one, asyncio.get_running_loop())
    found, rows = await asyncio.to_thread(parts.read)
    lines, number = 0, 0
    while chunk := await asyncio.to_thread(_some, rows):
        if stop.is_set():
            raise _Lost
        lines += len(chunk)
        async with kit.database.transaction(brand_id) as tx:
            if not await _mine(tx, _HOLD, kit, one.import_id, worker, lines=lines):
                raise _Lost
            sealed = keyring(tx).seal("import_chunk", "content", f"{one.import_id}:{number}", queries.sheet_of(chunk))
            row = {"number": number, "lines": len(chunk), "content": sealed}
            await tx.execute(_CHUNK, {"brand": brand_id, "id": one.import_id, **row})
        number += 1
    return found, lines


def _some(rows: Iterator[Row]) -> list[Row]:
    return list(islice(rows, steps.CHUNK))
