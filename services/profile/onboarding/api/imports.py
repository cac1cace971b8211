"""A house brings its old files: announced, sent in parts, read, mapped, looked at, started, and taken back."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses, tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.profile.identities.queries import Known
from services.profile.onboarding import queries
from services.profile.onboarding.actions import imports, running
from services.profile.onboarding.actions.outcomes import Outcome
from services.profile.onboarding.models.files import Asked
from services.profile.onboarding.queries import Import
from services.profile.onboarding.rules.steps import LARGEST_FILE, parts_of
from services.profile.onboarding.rules.tally import Fate, Sum, Tally
from services.profile.onboarding.schemas import (
    PART_BODY,
    CountsView,
    FoundView,
    ImportForm,
    ImportView,
    LineView,
    MappingForm,
    MappingView,
    PartForm,
    PreviewForm,
    PreviewView,
    ReadForm,
    ReportView,
    StayingView,
    SumView,
    WrittenView,
)

routes = router()

BRINGERS = (Role.HEADQUARTERS, Role.PRIVACY)
Number = Annotated[int, Path(ge=0, lt=parts_of(LARGEST_FILE))]


@routes.post("/imports", status_code=201, responses=tagged(201))
@permit(*BRINGERS)
@idempotent()
async def announce(form: ImportForm, tx: Transaction, by: By, now: Now, response: Response) -> ImportView:
    """Say that a file is coming. It is kept sealed, and deleted with all that is left of it after two weeks."""
    import_id = await imports.announce(tx, form.kind, form.size_bytes, form.sha256, by=by, now=now)
    return _shown(await queries.bulk_import(tx, import_id), response)


@routes.get("/imports")
@permit(*BRINGERS)
async def every(tx: Transaction, after: After = None, limit: Limit = 50) -> Page[ImportView]:
    """The brand's imports, the latest first."""
    of = "imports"
    found = await queries.page(tx, after=read_id_cursor(after, of=of), limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=[_view(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].import_id, of=of) if more else None,
    )


@routes.get("/imports/{import_id}", responses=tagged())
@permit(*BRINGERS)
async def one(import_id: UUID, tx: Transaction, response: Response) -> ImportView:
    """Where an import stands."""
    return _shown(await queries.bulk_import(tx, import_id), response)


@routes.put("/imports/{import_id}/parts/{number}", status_code=204, max_body_size=PART_BODY)
@permit(*BRINGERS)
async def keep_part(import_id: UUID, number: Number, form: PartForm, tx: Transaction) -> None:
    """Send one part of the file, in any order. Safe to repeat."""
    await imports.keep_part(tx, import_id, number, form.content)


@routes.post("/imports/{import_id}/read", status_code=202)
@permit(*BRINGERS)
async def read(import_id: UUID, form: ReadForm, tx: Transaction) -> ImportView:
    """Have the whole file read: its encoding or sheet, its columns, its lines. Ask again until it is `read`."""
    return _view(await imports.read(tx, import_id, Asked(form.sheet, form.encoding, form.header_line)))


@routes.put("/imports/{import_id}/mapping")
@permit(*BRINGERS)
async def map_columns(
    import_id: UUID, form: MappingForm, if_match: IfMatch, *, tx: Transaction, now: Now, response: Response
) -> ImportView:
    """Say which column means what. What does not fit the first 2,000 lines is refused, and nothing is written."""
    mapped = await imports.map_columns(
        tx, import_id, form.columns, form.constants, form.zone, if_match=if_match, now=now
    )
    return _shown(mapped, response)


@routes.post("/imports/{import_id}/preview")
@permit(*BRINGERS)
async def preview(import_id: UUID, form: PreviewForm, *, kit: OfKit, by: By, now: Now) -> PreviewView:
    """The first lines as they are read, and what would become of each. Nothing of it is kept."""
    async with kit.database.transaction(by.brand_id) as tx:
        queries.check_reader(await queries.bulk_import(tx, import_id), by)
    found = await running.preview(kit.database, by.brand_id, import_id, count=form.lines, now=now)
    rows = zip(found.rows, found.understood, found.outcomes, strict=True)
    return PreviewView(
        counts=_counts(found.tally),
        refusals=found.tally.reasons,
        items=[_line(row.number, row.cells, understood, outcome) for row, understood, outcome in rows],
    )


@routes.post("/imports/{import_id}/start", status_code=202)
@permit(*BRINGERS)
async def start(import_id: UUID, tx: Transaction, now: Now) -> ImportView:
    """Begin, or go on after a pause."""
    return _view(await imports.start(tx, import_id, now=now))


@routes.post("/imports/{import_id}/pause")
@permit(*BRINGERS)
async def pause(import_id: UUID, tx: Transaction) -> ImportView:
    """Stop for a while. What was written stays, and the next start goes on behind it."""
    return _view(await imports.pause(tx, import_id))


@routes.post("/imports/{import_id}/cancel")
@permit(*BRINGERS)
async def cancel(import_id: UUID, tx: Transaction, now: Now) -> ImportView:
    """Stop for good and delete the file. What was written stays until it is undone."""
    return _view(await imports.cancel(tx, import_id, now=now))


@routes.post("/imports/{import_id}/undo", status_code=202, responses=refuses(410))
@permit(*BRINGERS)
async def undo(import_id: UUID, tx: Transaction, now: Now) -> ImportView:
    """Take back what this import wrote and nobody has touched since; the report says what stays, and why."""
    return _view(await imports.undo(tx, import_id, now=now))


@routes.get("/imports/{import_id}/report")
@permit(*BRINGERS)
async def report(import_id: UUID, tx: Transaction) -> ReportView:
    """The reconciliation: lines and amounts of the file against what is recorded."""
    found = await queries.bulk_import(tx, import_id)
    written = await queries.written(tx, import_id)
    return ReportView(
        **_view(found).model_dump(),
        refusals=found.tally.reasons,
        left_out=found.tally.left_out,
        sums=_sums(found.tally),
        written=[WrittenView.model_validate(one) for one in written],
    )


@routes.get("/imports/{import_id}/staying")
@permit(*BRINGERS)
async def staying(import_id: UUID, tx: Transaction, after: After = None, limit: Limit = 50) -> Page[StayingView]:
    """What an undo could not take back, and why."""
    of = f"staying:{import_id}"
    await queries.bulk_import(tx, import_id)
    found = await queries.staying(tx, import_id, after=read_id_cursor(after, of=of), limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=[StayingView.model_validate(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].effect_id, of=of) if more else None,
    )


# --- views -----------------------------------------------------------------------------------------------------------


def _shown(one: Import, response: Response) -> ImportView:
    response.headers["ETag"] = etag(one.version)
    return _view(one)


def _view(one: Import) -> ImportView:
    return ImportView(
        import_id=one.import_id,
        kind=one.kind,
        status=one.status,
        size_bytes=one.size_bytes,
        part_count=parts_of(one.size_bytes),
        fault=one.fault,
        found=FoundView(**one.found) if one.found else None,
        mapping=MappingView(**one.mapping) if one.mapping else None,
        line_count=one.line_count,
        counts=_counts(one.tally),
        created_by=one.created_by,
        created_at=one.created_at,
        started_at=one.started_at,
        ended_at=one.ended_at,
        expires_at=one.expires_at,
    )


def _counts(tally: Tally) -> CountsView:
    return CountsView(lines_read=tally.lines, **{fate.value: tally.fates[fate.value] for fate in Fate})


def _sums(tally: Tally) -> list[SumView]:
    return [
        SumView(
            currency=currency,
            year=int(year),
            file_minor=where[Sum.FILE],
            recorded_minor=where[Sum.RECORDED],
            known_minor=where[Sum.KNOWN],
            refused_minor=where[Sum.REFUSED],
        )
        for currency, years in sorted(tally.sums.items())
        for year, where in sorted(years.items())
    ]


def _line(number: int, cells: list[str] | None, understood: object, outcome: Outcome) -> LineView:
    return LineView(
        line=number,
        cells=cells or [],
        understood=_told(understood) if outcome.fate is not Fate.REFUSED else {},
        fate=outcome.fate,
        reason=outcome.reason,
        left_out=[str(one) for one in outcome.left_out],
    )


def _told(value: object, name: str = "") -> Mapping[str, str]:
    """What was understood, by name, for people to compare with the cells."""
    if isinstance(value, Known):
        return {f"{name}.{value.kind}": value.value}
    if isinstance(value, tuple):
        told: dict[str, Any] = {}
        for one in value:
            for key, text in _told(one, name).items():
                told[key] = f"{told[key]}, {text}" if key in told else text  # two phones of one line
        return told
    if is_dataclass(value):
        told = {}
        for each in fields(value):
            if each.name not in {"number", "worth", "left_out", "numbered"}:
                told |= _told(getattr(value, each.name), each.name)
        return told
    if value is None or value is False or not name:
        return {}
    return {name: value.value if isinstance(value, StrEnum) else str(value)}
