"""Routes of journeys."""

from infra import wire
from infra.app import Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses
from infra.wire import After, Limit, Page, read_id_cursor
from services.feedback.journeys import actions, queries
from services.feedback.journeys.rules import Step
from services.feedback.journeys.schemas import JourneyForm, JourneyView

routes = router()


@routes.get("/journeys")
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def journeys(tx: Transaction, cursor: After = None, limit: Limit = 50) -> Page[JourneyView]:
    """List journeys, newest first. For a touchpoint that several name, the newest one holds."""
    found = await queries.page(tx, before=read_id_cursor(cursor, of="journeys"), limit=limit + 1)
    items = [JourneyView.model_validate(journey) for journey in found[:limit]]
    more = wire.cursor(items[-1].journey_id, of="journeys") if len(found) > limit else None
    return Page(items=items, next_cursor=more)


@routes.post("/journeys", status_code=201, responses=refuses(404))
@permit(Role.HEADQUARTERS)
@idempotent()
async def draw(form: JourneyForm, tx: Transaction, now: Now) -> JourneyView:
    """Let published surveys follow touchpoints."""
    steps = [Step(step.trigger, step.survey_id, step.delay_minutes) for step in form.steps]
    return JourneyView.model_validate(await actions.draw(tx, form.name, steps, now=now))
