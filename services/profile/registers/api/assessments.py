"""The register of impact assessments."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.ids import new_id
from infra.openapi import refuses, tagged
from infra.refusal import NotFound
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.profile.registers.actions import entries as actions
from services.profile.registers.queries import activities as known
from services.profile.registers.queries import entries as queries
from services.profile.registers.queries.entries import Entry
from services.profile.registers.rules import assessments as rules
from services.profile.registers.rules.entries import Register, kept_until
from services.profile.registers.schemas.assessments import AssessmentForm, AssessmentView
from services.profile.segments import queries as segments

routes = router()

HERE = Register.ASSESSMENTS


@routes.get("/registers/assessments")
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def assessments(*, tx: Transaction, now: Now, after: After = None, limit: Limit = 50) -> Page[AssessmentView]:
    """Impact assessments, the latest entered first."""
    found = await queries.latest(tx, HERE, after=read_id_cursor(after, of=HERE), limit=limit + 1)
    return Page(
        items=await _views(tx, found[:limit], now),
        next_cursor=cursor(found[limit - 1].entry_id, of=HERE) if len(found) > limit else None,
    )


@routes.post("/registers/assessments", status_code=201, responses={**tagged(201), **refuses(409)})
@permit(Role.PRIVACY)
@idempotent()
async def enter(form: AssessmentForm, *, tx: Transaction, by: By, now: Now, response: Response) -> AssessmentView:
    """Enter an assessment; it has to be there before what it is about begins."""
    return await _write(tx, new_id(), 1, form, by=by, now=now, response=response)


@routes.get("/registers/assessments/{entry_id}", responses=tagged())
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def assessment(entry_id: UUID, tx: Transaction, now: Now, response: Response) -> AssessmentView:
    """One assessment as it stands now."""
    found = await queries.entry(tx, HERE, entry_id)
    response.headers["ETag"] = etag(found.version)
    return (await _views(tx, [found], now))[0]


@routes.put("/registers/assessments/{entry_id}", responses={**tagged(), **refuses(409)})
@permit(Role.PRIVACY)
async def amend(
    entry_id: UUID, form: AssessmentForm, if_match: IfMatch, *, tx: Transaction, by: By, now: Now, response: Response
) -> AssessmentView:
    """Amend an assessment, or close it: what it said before stays among its versions."""
    await actions.take_turn(tx, entry_id)
    before = await queries.entry(tx, HERE, entry_id)
    actions.check_change(before, if_match=if_match)
    return await _write(tx, entry_id, before.version + 1, form, by=by, now=now, response=response)


@routes.get("/registers/assessments/{entry_id}/versions")
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def versions(entry_id: UUID, tx: Transaction, now: Now) -> Page[AssessmentView]:
    """Everything the entry ever said, and who said it when; the latest first."""
    if not (found := await queries.versions(tx, HERE, entry_id)):
        raise NotFound
    return Page(items=await _views(tx, found, now))


async def _write(
    tx: Transaction, entry_id: UUID, version: int, form: AssessmentForm, *, by: By, now: Now, response: Response
) -> AssessmentView:
    rules.check_days(form.assessed_on, form.next_review_on)
    for activity_id in form.activity_ids:
        try:
            await known.activity(tx, activity_id)
        except NotFound:
            raise rules.ActivityUnknown from None
    content = form.model_dump_json()
    written = await actions.write(tx, HERE, entry_id, version, content, ended_on=form.ended_on, by=by, now=now)
    response.headers["ETag"] = etag(version)
    return (await _views(tx, [written], now))[0]


async def _views(tx: Transaction, found: list[Entry], now: Now) -> list[AssessmentView]:
    today = await segments.today(tx, now)
    views = []
    for one in found:
        form = AssessmentForm.model_validate_json(one.content)
        views.append(
            AssessmentView(
                entry_id=one.entry_id,
                version=one.version,
                changed_by=one.changed_by,
                changed_at=one.changed_at,
                kept_until=kept_until(one.ended_on) if one.ended_on else None,
                assessment=form,
                holds=form.ended_on is None and rules.holds(form.outcome, form.next_review_on, today=today),
            )
        )
    return views
