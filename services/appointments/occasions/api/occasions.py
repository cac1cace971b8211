"""Routes of the house's occasions: made, changed, published, called off, and what they came to."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses, tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.appointments.occasions.actions import occasions as actions
from services.appointments.occasions.queries import occasions as queries
from services.appointments.occasions.queries import report
from services.appointments.occasions.rules.life import OccasionKind
from services.appointments.occasions.schemas.occasions import (
    OccasionForm,
    OccasionPatch,
    OccasionReportView,
    OccasionView,
    SessionForm,
    SessionPatch,
    SessionView,
)
from services.appointments.occasions.schemas.policy import OccasionPolicyForm, OccasionPolicyView
from services.appointments.occasions.tables import Occasion

routes = router()

RUNS = (Role.EVENTS, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
KNOWS = (Role.ADVISOR, Role.CLIENT_SERVICE, *RUNS)


async def _view(tx: Transaction, one: Occasion, response: Response) -> OccasionView:
    response.headers["ETag"] = etag(one.version)
    found = await queries.sessions(tx, [one.occasion_id])
    return OccasionView.of(one, [SessionView.of(session) for session in found[one.occasion_id]])


@routes.post("/occasions", status_code=201, responses={**tagged(201), **refuses(404)})
@permit(*RUNS)
@idempotent()
async def create_occasion(form: OccasionForm, *, tx: Transaction, by: By, now: Now, response: Response) -> OccasionView:
    """Make an occasion; nobody hears of it before it is published. The brand's own are headquarters' to make."""
    return await _view(tx, await actions.create(tx, form.wanted(), by=by, now=now), response)


@routes.get("/occasions")
@permit(*KNOWS)
async def list_occasions(
    *, kind: OccasionKind | None = None, after: After = None, limit: Limit = 50, tx: Transaction, by: By
) -> Page[OccasionView]:
    """Occasions of the caller's boutiques and of the brand, the latest made first."""
    of = f"occasions {kind}"
    rows = await queries.page(tx, by, kind=kind, after=read_id_cursor(after, of=of), limit=limit + 1)
    found = await queries.sessions(tx, [one.occasion_id for one in rows])
    items = [OccasionView.of(one, [SessionView.of(session) for session in found[one.occasion_id]]) for one in rows]
    more = cursor(rows[limit - 1].occasion_id, of=of) if len(rows) > limit else None
    return Page(items=items[:limit], next_cursor=more)


@routes.get("/occasions/{occasion_id}", responses=tagged())
@permit(*KNOWS)
async def read_occasion(occasion_id: UUID, *, tx: Transaction, by: By, response: Response) -> OccasionView:
    """One occasion with its sessions and seats."""
    return await _view(tx, await queries.visible(tx, occasion_id, by), response)


@routes.patch("/occasions/{occasion_id}")
@permit(*RUNS)
async def change_occasion(
    occasion_id: UUID, form: OccasionPatch, *, if_match: IfMatch, tx: Transaction, by: By, now: Now, response: Response
) -> OccasionView:
    """Change an occasion. Guests who have answered keep what they agreed to."""
    changed = await actions.change(tx, occasion_id, form.changes(), if_match=if_match, by=by, now=now)
    return await _view(tx, changed, response)


@routes.post("/occasions/{occasion_id}/sessions", status_code=201, responses=tagged(201))
@permit(*RUNS)
@idempotent()
async def add_session(
    occasion_id: UUID, form: SessionForm, *, if_match: IfMatch, tx: Transaction, by: By, now: Now, response: Response
) -> OccasionView:
    """Add a session to an occasion."""
    occasion = await actions.add_session(tx, occasion_id, form.wanted(), if_match=if_match, by=by, now=now)
    return await _view(tx, occasion, response)


@routes.patch("/occasions/{occasion_id}/sessions/{session_id}")
@permit(*RUNS)
async def change_session(
    occasion_id: UUID,
    session_id: UUID,
    form: SessionPatch,
    *,
    if_match: IfMatch,
    tx: Transaction,
    by: By,
    now: Now,
    response: Response,
) -> OccasionView:
    """Change a session's seats and what is reserved; its time only while nobody has accepted it."""
    changed = await actions.change_session(
        tx, occasion_id, session_id, form.wanted(), if_match=if_match, by=by, now=now
    )
    return await _view(tx, changed, response)


@routes.post("/occasions/{occasion_id}/publish")
@permit(*RUNS)
async def publish_occasion(
    occasion_id: UUID, *, if_match: IfMatch, tx: Transaction, by: By, now: Now, response: Response
) -> OccasionView:
    """Open it for its guests: whoever is invited is told from now on, each when her window opens."""
    return await _view(tx, await actions.publish(tx, occasion_id, if_match=if_match, by=by, now=now), response)


@routes.post("/occasions/{occasion_id}/cancel")
@permit(*RUNS)
async def cancel_occasion(
    occasion_id: UUID, *, if_match: IfMatch, tx: Transaction, by: By, now: Now, response: Response
) -> OccasionView:
    """Call it off; whoever had a seat, waited for one, or could still have said yes is told."""
    return await _view(tx, await actions.cancel(tx, occasion_id, if_match=if_match, by=by, now=now), response)


@routes.get("/occasions/{occasion_id}/report")
@permit(*RUNS)
async def read_report(occasion_id: UUID, *, tx: Transaction, by: By, now: Now) -> OccasionReportView:
    """Invited, delivered, accepted, came, no-show, by segment. No guest ever sees this."""
    await queries.visible(tx, occasion_id, by)
    return OccasionReportView.of(occasion_id, list(await report.tally(tx, occasion_id, now=now)))


@routes.get("/occasion-policy", responses=tagged())
@permit(*RUNS)
async def read_policy(tx: Transaction, response: Response) -> OccasionPolicyView:
    """The brand's patience with its clients."""
    setting = await queries.setting(tx)
    response.headers["ETag"] = etag(setting.version)
    return OccasionPolicyView.of(setting)


@routes.put("/occasion-policy")
@permit(Role.HEADQUARTERS)
async def set_policy(
    form: OccasionPolicyForm, *, if_match: IfMatch, tx: Transaction, response: Response
) -> OccasionPolicyView:
    """Replace it, for whoever is invited from now on."""
    setting = await actions.set_policy(tx, form.policy(), if_match=if_match)
    response.headers["ETag"] = etag(setting.version)
    return OccasionPolicyView.of(setting)
