"""Exports abroad and their register."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses
from infra.wire import After, Limit, Page, cursor, read_id_cursor
from services.profile.clients.schemas import BirthdayView
from services.profile.registers.actions import abroad as actions
from services.profile.registers.actions.abroad import Wanted
from services.profile.registers.queries import abroad as queries
from services.profile.registers.queries import activities, assessments
from services.profile.registers.queries.abroad import Exported
from services.profile.registers.rules import abroad as rules
from services.profile.registers.rules.entries import Category
from services.profile.registers.schemas.abroad import (
    ExportedView,
    ExportForm,
    ExportPageView,
    ExportView,
    LikingView,
    PageForm,
    SensitiveView,
    SpendView,
    TallyView,
)
from services.profile.segments import queries as segments

routes = router()

Year = Annotated[int, Path(ge=2000, le=2199)]


@routes.get("/registers/exports")
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def exports(*, tx: Transaction, after: After = None, limit: Limit = 50) -> Page[ExportView]:
    """What went abroad: to whom, what for, and how many persons, plain and pseudonymised; the latest first."""
    found = await queries.exports(tx, after=read_id_cursor(after, of="exports"), limit=limit + 1)
    return Page(
        items=[ExportView.model_validate(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].export_id, of="exports") if len(found) > limit else None,
    )


@routes.post("/registers/exports", status_code=201, responses=refuses(404, 409))
@permit(Role.PRIVACY, Role.HEADQUARTERS)
@idempotent()
async def begin(form: ExportForm, tx: Transaction, by: By, now: Now) -> ExportView:
    """Begin an export: it stands in the register before anybody is in it. Its activity has to be assessed."""
    activity = await activities.activity(tx, form.activity_id)
    today = await segments.today(tx, now)
    covered = await assessments.covered(tx, today=today)
    categories = [Category(one) for one in form.categories]
    rules.check_assessed(categories, covered.get(activity.entry_id, set()))
    wanted = Wanted(form.activity_id, form.recipient, form.country, form.purpose, categories, form.mechanism)
    return ExportView.model_validate(await actions.begin(tx, wanted, by=by, now=now))


@routes.get("/registers/exports/{export_id}")
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def export(export_id: UUID, tx: Transaction) -> ExportView:
    """One export, and how far it has come."""
    return ExportView.model_validate(await queries.export(tx, export_id))


@routes.post("/registers/exports/{export_id}/pages", responses=refuses(404, 409))
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def hand(export_id: UUID, form: PageForm, tx: Transaction, by: By, now: Now) -> ExportPageView:
    """The next page, by what everybody allows at this moment. Broken off, go on with the last cursor that arrived."""
    found = await queries.export(tx, export_id, lock=True)
    of, today = f"export:{export_id}", await segments.today(tx, now)
    after = read_id_cursor(form.cursor, of=of)
    handed = await actions.hand(tx, found, after=after, limit=form.limit, by=by, today=today, now=now)
    return ExportPageView(
        items=[_view(name, one, now=now) for name, one in handed.persons],
        next_cursor=cursor(handed.after, of=of) if handed.after else None,
    )


@routes.get("/registers/export-years/{year}")
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def tally(year: Year, tx: Transaction) -> TallyView:
    """How many persons went abroad in a calendar year, and what the law asks for from which number on."""
    found = await queries.tally(tx, year)
    zh, en = rules.WORDS[found.stage]
    return TallyView(
        year=found.year,
        persons=found.persons,
        sensitive_persons=found.sensitive_persons,
        stage=found.stage,
        zh=zh,
        en=en,
        contract_from=rules.CONTRACT_FROM,
        assessment_from=rules.ASSESSMENT_FROM,
        sensitive_assessment_from=rules.SENSITIVE_ASSESSMENT_FROM,
    )


def _view(name: str, one: Exported, *, now: Now) -> ExportedView:
    return ExportedView(
        person=name,
        is_pseudonym=not one.is_plain,
        display_name=one.client.display_name if Category.NAME in one.categories else None,
        phones=one.phones,
        birthday=BirthdayView.of(one.birthday, today=now.date()) if one.birthday else None,
        segment=one.segment,
        purchases=[SpendView.model_validate(each) for each in one.purchases] if one.purchases is not None else None,
        preferences=[LikingView.model_validate(each) for each in one.preferences]
        if one.preferences is not None
        else None,
        sensitive_items=[SensitiveView.model_validate(each) for each in one.sensitive]
        if one.sensitive is not None
        else None,
    )
