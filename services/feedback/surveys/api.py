"""Routes of surveys."""

from uuid import UUID

from infra import wire
from infra.app import Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.wire import After, Code, Limit, Page, read_id_cursor
from services.feedback.surveys import actions, queries
from services.feedback.surveys.rules import Status
from services.feedback.surveys.schemas import SurveyForm, SurveyView

routes = router()


@routes.get("/surveys")
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def surveys(
    tx: Transaction,
    code: Code | None = None,
    status: Status | None = None,
    cursor: After = None,
    limit: Limit = 50,
) -> Page[SurveyView]:
    """List versions of surveys, newest first."""
    of = f"surveys:{code}:{status}"
    before = read_id_cursor(cursor, of=of)
    found = await queries.page(tx, code=code, status=status, before=before, limit=limit + 1)
    items = [SurveyView.model_validate(survey) for survey in found[:limit]]
    more = wire.cursor(items[-1].survey_id, of=of) if len(found) > limit else None
    return Page(items=items, next_cursor=more)


@routes.post("/surveys", status_code=201)
@permit(Role.HEADQUARTERS)
@idempotent()
async def draft(form: SurveyForm, tx: Transaction, now: Now) -> SurveyView:
    """Write a new version of the survey `code`, as a draft. A version is never edited."""
    said = form.model_dump(mode="json")
    survey = await actions.draft(tx, form.code, title=said["title"], questions=said["questions"], now=now)
    return SurveyView.model_validate(survey)


@routes.get("/surveys/{survey_id}")
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def survey(survey_id: UUID, tx: Transaction) -> SurveyView:
    """Show one version."""
    return SurveyView.model_validate(await queries.survey(tx, survey_id))


@routes.post("/surveys/{survey_id}/publish")
@permit(Role.HEADQUARTERS)
async def publish(survey_id: UUID, tx: Transaction, now: Now) -> SurveyView:
    """Publish a version; from now on journeys may use it. Publishing it again changes nothing."""
    return SurveyView.model_validate(await actions.publish(tx, survey_id, now=now))
