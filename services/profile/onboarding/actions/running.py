"""The lines of an import, some hundreds at a time.

What they write, how far it has come and what it came to are one transaction, so that whatever is killed, each line has
its effect once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from json import dumps
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.crypto import keyring
from infra.database import Database
from services.profile.onboarding import queries
from services.profile.onboarding.actions import clients, consents, effects, imports, notes, purchases
from services.profile.onboarding.actions.lines import understand
from services.profile.onboarding.actions.outcomes import Outcome, Outcomes
from services.profile.onboarding.actions.said import ClientLine, ConsentLine, NoteLine, PurchaseLine, Raw, Refused
from services.profile.onboarding.models import cells
from services.profile.onboarding.queries import Import
from services.profile.onboarding.rules import steps
from services.profile.onboarding.rules.fields import Plan
from services.profile.onboarding.rules.steps import Kind, Status
from services.profile.onboarding.rules.tally import Fate, Tally

_HERE = "where brand_id = :brand and import_id = :id"
_CHUNK = text(f"update import_chunk set content = :content {_HERE} and number = :number")  # noqa: S608
_GO_ON = text(
    f"update bulk_import set next_chunk = :next, lines_read = :lines, report = cast(:report as jsonb) {_HERE}"  # noqa: S608
)
_FINISH = text(
    f"update bulk_import set status = 'finished', ended_at = :now, version = version + 1 {_HERE}"  # noqa: S608
)
_DROP_RECEIPTS = text(f"delete from import_receipt {_HERE}")  # noqa: S608


class _NothingKept(Exception):
    """The end of a preview, which writes nothing."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """The first lines as they are read and what would become of each, and of how many lines the tally is."""

    rows: list[Raw]
    understood: list[object]
    outcomes: list[Outcome]
    tally: Tally


async def work(kit: Kit, brand_id: str, import_id: UUID) -> bool:
    """Work on the next lines of one import; answers whether there were any."""
    async with kit.database.transaction(brand_id) as tx:
        # Whoever works on it holds its row: a pause waits for these lines, and a rival goes on behind them.
        one = await queries.free(tx, import_id)
        if one is None or one.status is not Status.RUNNING:
            return False
        of = {"brand": brand_id, "id": import_id}
        lines = await queries.chunk(tx, import_id, one.next_chunk)
        now = kit.clock()
        if lines is None:
            await tx.execute(_FINISH, of | {"now": now})
            await tx.execute(_DROP_RECEIPTS, of)
            await effects.seek(tx, import_id)
            return True
        rows = [Raw(number, told) for number, told in lines]
        done, _ = await _bring(tx, one, imports.plan_of(one), rows, now=now)
        await effects.keep(tx, import_id, done.effects)
        done.count(one.tally)
        refused = [
            [row.number, row.cells, outcome.reason, outcome.ordinal]
            for row in rows
            if (outcome := done.by_number[row.number]).fate is Fate.REFUSED
        ]
        row_id = f"{import_id}:{one.next_chunk}"
        # Of what was taken nothing is kept twice.
        sealed = keyring(tx).seal("import_chunk", "content", row_id, queries.sheet_of(refused)) if refused else None
        await tx.execute(_CHUNK, of | {"content": sealed, "number": one.next_chunk})
        come = {"next": one.next_chunk + 1, "lines": one.lines_read + len(rows), "report": dumps(one.tally.kept())}
        await tx.execute(_GO_ON, of | come)
    return True


async def preview(database: Database, brand_id: str, import_id: UUID, *, count: int, now: datetime) -> Previewed:
    """What would become of the first lines: they are taken, and that is taken back. Raises MappingMissing.

    Raises ImportNotReady for an import whose lines are not read yet, or are read no more.
    """
    found: Previewed | None = None
    try:
        async with database.transaction(brand_id) as tx:
            one = await queries.bulk_import(tx, import_id)
            if one.status is not Status.READ:
                raise steps.ImportNotReady(stands=one.status.value)
            rows = await imports.first_lines(tx, import_id, count)
            done, read = await _bring(tx, one, imports.plan_of(one), rows, now=now)
            tally = Tally()
            done.count(tally)
            found = Previewed(rows, list(read), [done.by_number[row.number] for row in rows], tally)
            raise _NothingKept  # noqa: TRY301 - it rolls back what stands above it
    except _NothingKept:
        pass
    return found if found is not None else Previewed([], [], [], Tally())


async def _bring(
    tx: AsyncSession, one: Import, plan: Plan, rows: Sequence[Raw], *, now: datetime
) -> tuple[Outcomes, Sequence[object]]:
    read = understand(rows, plan, today=now.date())
    if one.kind is Kind.PURCHASES:
        lines = [line for line in read if isinstance(line, PurchaseLine | Refused)]
        named = [_receipt_of(row, plan) for row in rows]
        return await purchases.bring(tx, one.import_id, lines, named, plan, now=now), read
    if one.kind is Kind.CLIENTS:
        done = await clients.bring(tx, [line for line in read if isinstance(line, ClientLine)], now=now)
    elif one.kind is Kind.CONSENTS:
        told = [line for line in read if isinstance(line, ConsentLine)]
        done = await consents.bring(tx, told, actor=one.created_by, now=now)
    else:
        words = [line for line in read if isinstance(line, NoteLine)]
        done = await notes.bring(tx, words, actor=one.created_by, now=now)
    for line in read:
        if isinstance(line, Refused):
            done.refused(line)
    return done, read


def _receipt_of(row: Raw, plan: Plan) -> str:
    """The receipt a line belongs to, as far as it can be told; empty where it cannot."""
    [place] = plan.columns["receipt"]
    try:
        return cells.number_of(row.cells[place]) if row.cells is not None and place < len(row.cells) else ""
    except cells.Unreadable:
        return ""
