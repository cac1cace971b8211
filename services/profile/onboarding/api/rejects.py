"""The reject file: what was refused, in the file's own columns, to be mended."""

import csv
import io
from collections.abc import AsyncIterator
from uuid import UUID

from fastapi.responses import StreamingResponse

from infra.app import By, Kit, OfKit, router
from infra.identity import Caller, permit
from services.profile.onboarding import queries
from services.profile.onboarding.actions import imports
from services.profile.onboarding.api.imports import BRINGERS
from services.profile.onboarding.queries import Import
from services.profile.onboarding.rules import reasons
from services.profile.onboarding.rules.fields import LINE, REASON, RECEIPT_LINE

routes = router()

_BOM = "\ufeff"  # without it Excel reads Chinese as Latin


@routes.get(
    "/imports/{import_id}/rejects",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The reject file."}},
)
@permit(*BRINGERS)
async def rejects(import_id: UUID, kit: OfKit, by: By) -> StreamingResponse:
    """The refused lines in the file's own columns, each with its reason, to be mended and imported again.

    For whoever brought the file, and for officers.
    """
    async with kit.database.transaction(by.brand_id) as tx:
        found = await queries.bulk_import(tx, import_id)
        queries.check_reader(found, by)
    headers = {"Content-Disposition": 'attachment; filename="rejects.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_rejects(kit, by, found), media_type="text/csv; charset=utf-8", headers=headers)


async def _rejects(kit: Kit, by: Caller, found: Import) -> AsyncIterator[str]:
    columns = list(found.found["columns"]) if found.found else []
    numbers = "line" in (found.mapping or {"columns": {}})["columns"]
    ours = [LINE, REASON, *([] if numbers or found.kind.value != "purchases" else [RECEIPT_LINE])]
    columns = [one for one in columns if one not in ours]
    kept = [place for place, one in enumerate(found.found["columns"] if found.found else []) if one not in ours]
    yield _BOM + _csv([[*imports.shown(columns), *ours]])
    async with kit.database.transaction(by.brand_id) as tx:
        chunks = await queries.with_refused(tx, found)
    for chunk in chunks:
        # Each in a transaction of its own: whoever reads slowly holds no connection.
        async with kit.database.transaction(by.brand_id) as tx:
            lines = await queries.chunk(tx, found.import_id, chunk) or []
        rows = []
        for number, cells, reason, ordinal in lines:
            told = [(cells or [])[place] if place < len(cells or []) else "" for place in kept]
            row = [*imports.shown(told), str(number), reasons.said(reason)]
            rows.append([*row, str(ordinal or "")] if RECEIPT_LINE in ours else row)
        yield _csv(rows)


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
