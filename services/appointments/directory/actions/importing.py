"""Lines of a file brought together with the directory: tried out, shown, and done as they were shown."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import recorded
from infra.identity import Caller, Role
from infra.refusal import Kind, NotPermitted, Refusal
from services.appointments.directory.actions.lines import BRINGS
from services.appointments.directory.models.drafts import Draft, ImportKind


class FileUnfit(Refusal):
    """The file cannot be read as a table. `why`: not-a-table, no-header, too-many-lines and the like."""

    kind = Kind.INVALID
    slug = "import-file-unfit"
    en = "This file cannot be read as a table (see `why`). Save it as CSV or XLSX with one header, 1,000 lines at most."
    zh = "无法将此文件读取为表格(见 why)，请保存为带一行表头的 CSV 或 XLSX，最多 1,000 行。"


class PlanChanged(Refusal):
    """The directory or the file is not what it was when the preview was made."""

    kind = Kind.STALE
    slug = "import-plan-changed"
    en = "Something has changed since the preview, and nothing was imported. Look at a new preview first."
    zh = "预览之后内容已有变化，未导入任何数据，请重新预览。"


class LineUnfit(Refusal):
    """Cells of the line do not say what their columns are for."""

    kind = Kind.INVALID
    slug = "import-line-unfit"
    en = "This line cannot be read: correct the columns in `fields`, or the whole line if none is named."
    zh = "无法读取该行，请更正 fields 中的列；若未列出任何列，请更正整行。"


class LineRepeated(Refusal):
    """The same thing stands in an earlier line."""

    kind = Kind.INVALID
    slug = "import-line-repeated"
    en = "An earlier line of the file is about the same. Leave one of them out."
    zh = "文件中已有针对同一条目的行，请删除其一。"


@dataclass(frozen=True)
class Outcome:
    """What becomes of one line. `changes` are (field, before, after)."""

    line: int
    outcome: str
    changes: Sequence[tuple[str, Any, Any]] = ()
    refusal: Refusal | None = None
    fields: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Imported:
    """What becomes of a file, and the digest that stands for it."""

    outcomes: Sequence[Outcome]
    plan: str


_KEYS: Mapping[ImportKind, tuple[str, ...]] = {
    ImportKind.BOUTIQUES: ("code",),
    ImportKind.ROOMS: ("boutique_code", "code"),
    ImportKind.ADVISORS: ("employee_number",),
    ImportKind.EXPERIENCES: ("code",),
    ImportKind.HOURS: ("boutique_code", "employee_number", "day"),
}

BRAND_WIDE = frozenset({ImportKind.BOUTIQUES, ImportKind.EXPERIENCES})


async def preview(tx: AsyncSession, kind: ImportKind, drafts: Sequence[Draft], *, by: Caller) -> Imported:
    """What would become of the lines: all of it is done and taken back. Raises NotPermitted."""
    told = len(recorded(tx))
    async with tx.begin_nested() as trial:
        found = await _bring_all(tx, kind, drafts, by=by)
        await trial.rollback()
    del recorded(tx)[told:]
    return found


async def carry_out(tx: AsyncSession, kind: ImportKind, drafts: Sequence[Draft], *, plan: str, by: Caller) -> Imported:
    """Do what the preview showed; raises NotPermitted, PlanChanged where it would be something else."""
    found = await _bring_all(tx, kind, drafts, by=by)
    if found.plan != plan:
        raise PlanChanged
    return found


async def _bring_all(tx: AsyncSession, kind: ImportKind, drafts: Sequence[Draft], *, by: Caller) -> Imported:
    if kind in BRAND_WIDE and by.role is not Role.HEADQUARTERS:
        raise NotPermitted
    seen: set[str] = set()
    outcomes = [await _bring(tx, kind, draft, seen, by=by) for draft in drafts]
    told = [
        [one.line, one.outcome, list(one.changes), one.refusal.slug if one.refusal else None, list(one.fields)]
        for one in outcomes
    ]
    return Imported(outcomes, hashlib.sha256(json.dumps([kind, told], default=str).encode()).hexdigest())


async def _bring(tx: AsyncSession, kind: ImportKind, draft: Draft, seen: set[str], *, by: Caller) -> Outcome:
    told = len(recorded(tx))
    try:
        if draft.unfit:
            raise LineUnfit(fields=[one for one in draft.unfit if one])
        key = json.dumps([draft.values.get(name) for name in _KEYS[kind]], default=str)
        if key in seen:
            raise LineRepeated
        seen.add(key)
        # A line of its own: whatever is wrong with it takes nothing else back.
        async with tx.begin_nested():
            is_new, changes = await BRINGS[kind](tx, draft.values, by)
    except Refusal as refusal:
        del recorded(tx)[told:]
        fields = refusal.extra.get("fields", ())
        return Outcome(
            draft.line, "refused", refusal=refusal, fields=fields if isinstance(fields, list | tuple) else ()
        )
    outcome = "created" if is_new else "changed" if changes else "unchanged"
    return Outcome(draft.line, outcome, changes)
