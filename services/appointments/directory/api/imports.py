"""Routes of imports: a file is looked at, then done exactly as it was shown."""

import base64
import binascii
from asyncio import to_thread
from collections import Counter
from collections.abc import Sequence

from infra.app import By, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses
from infra.workbooks import TableUnfit
from services.appointments.directory.actions import importing
from services.appointments.directory.models.drafts import Draft, ImportKind, columns, draft
from services.appointments.directory.models.sheets import rows
from services.appointments.directory.schemas.imports import (
    BODY,
    ApplyForm,
    ChangeView,
    ImportForm,
    ImportView,
    LineView,
    checked,
)

routes = router()

LEADS = (Role.HEADQUARTERS, Role.REGIONAL, Role.MANAGER)


@routes.post("/directory/imports/preview", max_body_size=BODY)
@permit(*LEADS)
async def preview_import(form: ImportForm, tx: Transaction, by: By) -> ImportView:
    """What would become of each line of a file. Nothing of it is kept. Boutiques and experiences: headquarters only."""
    drafts, ignored = await to_thread(_read, form.kind, form.content)
    return _view(form.kind, await importing.preview(tx, form.kind, drafts, by=by), ignored)


@routes.post("/directory/imports", max_body_size=BODY, responses=refuses(412))
@permit(*LEADS)
@idempotent()
async def carry_import_out(form: ApplyForm, tx: Transaction, by: By) -> ImportView:
    """Do what the preview of this file showed, or nothing if that has changed. Refused lines are left out."""
    drafts, ignored = await to_thread(_read, form.kind, form.content)
    done = await importing.carry_out(tx, form.kind, drafts, plan=form.plan, by=by)
    return _view(form.kind, done, ignored)


def _read(kind: ImportKind, content: str) -> tuple[list[Draft], list[str]]:
    try:
        header, lines = rows(base64.b64decode(content, validate=True))
    except binascii.Error:
        raise importing.FileUnfit(why="not-base64") from None
    except TableUnfit as unfit:
        raise importing.FileUnfit(why=unfit.code) from None
    known, ignored = columns(kind, header)
    return [checked(kind, draft(kind, known, line)) for line in lines], ignored


def _view(kind: ImportKind, imported: importing.Imported, ignored: Sequence[str]) -> ImportView:
    sums = Counter(one.outcome for one in imported.outcomes)
    return ImportView(
        kind=kind,
        plan=imported.plan,
        created=sums["created"],
        changed=sums["changed"],
        unchanged=sums["unchanged"],
        refused=sums["refused"],
        ignored=list(ignored),
        items=[
            LineView.model_validate(
                {
                    "line": one.line,
                    "outcome": one.outcome,
                    "changes": [ChangeView(field=name, before=was, after=now) for name, was, now in one.changes],
                    "reason": one.refusal.slug if one.refusal else None,
                    "fields": list(one.fields),
                    "zh": one.refusal.zh if one.refusal else None,
                    "en": one.refusal.en if one.refusal else None,
                }
            )
            for one in imported.outcomes
        ],
    )
