"""Routes of leave and closures."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, Role, permit
from infra.openapi import refuses, tagged
from infra.refusal import NotFound
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_instant_cursor
from services.appointments.availability.actions import absences as actions
from services.appointments.availability.schemas import (
    ClosureForm,
    ClosurePatch,
    ClosureView,
    HerClosureView,
    LeaveForm,
    LeavePatch,
    LeaveView,
    StandingClosureView,
    StandingLeaveView,
)
from services.appointments.directory import queries as directory
from services.appointments.directory.tables import Closure, Leave

routes = router()

LEADS = (Role.HEADQUARTERS, Role.REGIONAL, Role.MANAGER)
ANYONE = tuple(role for role in Role if role is not Role.OPERATOR)

Shown = ClosureView | HerClosureView


def _told(row: Leave | Closure) -> dict[str, object]:
    span = directory.bounds(row)
    return {**vars(row), "starts_at": span.starts_at, "ends_at": span.ends_at}


def _standing_leave(standing: actions.Standing[Leave], response: Response) -> StandingLeaveView:
    response.headers["ETag"] = etag(standing.row.version)
    return StandingLeaveView.model_validate({**_told(standing.row), "in_the_way": standing.in_the_way})


def _standing_closure(standing: actions.Standing[Closure], response: Response) -> StandingClosureView:
    response.headers["ETag"] = etag(standing.row.version)
    return StandingClosureView.model_validate({**_told(standing.row), "in_the_way": standing.in_the_way})


async def _check_reader(tx: Transaction, advisor_id: UUID, by: Caller) -> None:
    """Raise NotFound: when somebody is away and why is for herself and those who lead her boutique."""
    await directory.own_advisor(tx, advisor_id, by)
    if by.role is Role.ADVISOR and by.advisor_id != advisor_id:
        raise NotFound


@routes.post("/advisors/{advisor_id}/leaves", status_code=201, responses={**tagged(201), **refuses(404, 409)})
@permit(*LEADS)
@idempotent()
async def add_leave(
    *, advisor_id: UUID, form: LeaveForm, tx: Transaction, by: By, now: Now, response: Response
) -> StandingLeaveView:
    """Have an advisor away for a time. Visits that stand in it stay, and are named."""
    made = await actions.add_leave(tx, advisor_id, form.said(), reason=form.reason, by=by, now=now)
    return _standing_leave(made, response)


@routes.get("/advisors/{advisor_id}/leaves")
@permit(*LEADS, Role.ADVISOR)
async def list_leaves(
    advisor_id: UUID, tx: Transaction, by: By, after: After = None, limit: Limit = 50
) -> Page[LeaveView]:
    """An advisor's leave, by its start: for herself and those who lead her boutique."""
    await _check_reader(tx, advisor_id, by)
    of = f"leaves {advisor_id}"
    rows = await directory.leaves(tx, advisor_id, after=read_instant_cursor(after, of=of), limit=limit + 1)
    items = [LeaveView.model_validate(_told(row)) for row in rows[:limit]]
    more = cursor(items[-1].starts_at.isoformat(), items[-1].leave_id, of=of) if len(rows) > limit else None
    return Page(items=items, next_cursor=more)


@routes.get("/advisors/{advisor_id}/leaves/{leave_id}", responses=tagged())
@permit(*LEADS, Role.ADVISOR)
async def read_leave(advisor_id: UUID, leave_id: UUID, tx: Transaction, by: By, response: Response) -> LeaveView:
    """One leave of an advisor."""
    await _check_reader(tx, advisor_id, by)
    leave = await directory.leave(tx, advisor_id, leave_id)
    response.headers["ETag"] = etag(leave.version)
    return LeaveView.model_validate(_told(leave))


@routes.patch("/advisors/{advisor_id}/leaves/{leave_id}")
@permit(*LEADS)
async def change_leave(
    *,
    advisor_id: UUID,
    leave_id: UUID,
    form: LeavePatch,
    if_match: IfMatch,
    tx: Transaction,
    by: By,
    now: Now,
    response: Response,
) -> StandingLeaveView:
    """Change when she is away, or why."""
    changed = await actions.change_leave(
        tx, advisor_id, leave_id, said=form.said(), reason=form.reason, if_match=if_match, by=by, now=now
    )
    return _standing_leave(changed, response)


@routes.delete("/advisors/{advisor_id}/leaves/{leave_id}", status_code=204)
@permit(*LEADS)
async def end_leave(advisor_id: UUID, leave_id: UUID, if_match: IfMatch, tx: Transaction, by: By) -> None:
    """She is not away after all."""
    await actions.end_leave(tx, advisor_id, leave_id, if_match=if_match, by=by)


@routes.post("/boutiques/{boutique_id}/closures", status_code=201, responses={**tagged(201), **refuses(404, 409)})
@permit(*LEADS)
@idempotent()
async def add_closure(
    *, boutique_id: UUID, form: ClosureForm, tx: Transaction, by: By, now: Now, response: Response
) -> StandingClosureView:
    """Close a boutique for a time. Visits that stand in it stay, and are named."""
    made = await actions.add_closure(tx, boutique_id, form.said(), reason=form.reason, by=by, now=now)
    return _standing_closure(made, response)


@routes.get("/boutiques/{boutique_id}/closures")
@permit(*ANYONE)
async def list_closures(
    boutique_id: UUID, tx: Transaction, by: By, after: After = None, limit: Limit = 50
) -> Page[Shown]:
    """When a boutique is closed besides its usual rest, by the start; clients are not told why."""
    await directory.boutique(tx, boutique_id)
    of = f"closures {boutique_id}"
    rows = await directory.closures(tx, boutique_id, after=read_instant_cursor(after, of=of), limit=limit + 1)
    view = HerClosureView if by.role is Role.CLIENT else ClosureView
    items: list[Shown] = [view.model_validate(_told(row)) for row in rows[:limit]]
    more = cursor(items[-1].starts_at.isoformat(), items[-1].closure_id, of=of) if len(rows) > limit else None
    return Page(items=items, next_cursor=more)


@routes.get("/boutiques/{boutique_id}/closures/{closure_id}", responses=tagged())
@permit(*ANYONE)
async def read_closure(boutique_id: UUID, closure_id: UUID, tx: Transaction, by: By, response: Response) -> Shown:
    """One closure of a boutique."""
    closure = await directory.closure(tx, boutique_id, closure_id)
    response.headers["ETag"] = etag(closure.version)
    return (HerClosureView if by.role is Role.CLIENT else ClosureView).model_validate(_told(closure))


@routes.patch("/boutiques/{boutique_id}/closures/{closure_id}")
@permit(*LEADS)
async def change_closure(
    *,
    boutique_id: UUID,
    closure_id: UUID,
    form: ClosurePatch,
    if_match: IfMatch,
    tx: Transaction,
    by: By,
    now: Now,
    response: Response,
) -> StandingClosureView:
    """Change when it is closed, or why."""
    changed = await actions.change_closure(
        tx, boutique_id, closure_id, said=form.said(), reason=form.reason, if_match=if_match, by=by, now=now
    )
    return _standing_closure(changed, response)


@routes.delete("/boutiques/{boutique_id}/closures/{closure_id}", status_code=204)
@permit(*LEADS)
async def end_closure(boutique_id: UUID, closure_id: UUID, if_match: IfMatch, tx: Transaction, by: By) -> None:
    """It is open after all."""
    await actions.end_closure(tx, boutique_id, closure_id, if_match=if_match, by=by)
