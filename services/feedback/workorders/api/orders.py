"""Routes of work orders."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from infra import wire
from infra.app import By, Now, router
from infra.crypto import keyring
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, Role, permit
from infra.openapi import refuses, tagged
from infra.wire import After, IfMatch, Limit, Page, etag, read_instant_cursor
from services.feedback.answers.queries import comments
from services.feedback.invitations.queries import canonical, follow_up
from services.feedback.workorders import actions, queries, rules, schemas
from services.feedback.workorders.rules import Severity, Status
from services.feedback.workorders.schemas import WorkOrderDetail, WorkOrderView
from services.feedback.workorders.tables import WorkOrder

routes = router()


@routes.get("/work-orders")
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def work_orders(
    tx: Transaction,
    by: By,
    now: Now,
    *,
    boutique_id: UUID | None = None,
    status: Status | None = None,
    assignee_id: UUID | None = None,
    overdue: bool | None = None,
    cursor: After = None,
    limit: Limit = 50,
) -> Page[WorkOrderView]:
    """List the queue, the next deadline first. Overdue is what is not resolved and past `due_at`."""
    of = f"work-orders:{boutique_id}:{status}:{assignee_id}:{overdue}"
    found = await queries.page(
        tx,
        by=by,
        now=now,
        boutique_id=boutique_id,
        status=status,
        assignee_id=assignee_id,
        overdue=overdue,
        after=read_instant_cursor(cursor, of=of),
        limit=limit + 1,
    )
    items = await _views(tx, found[:limit], by=by, now=now)
    more = wire.cursor(items[-1].due_at.isoformat(), items[-1].work_order_id, of=of) if len(found) > limit else None
    return Page(items=items, next_cursor=more)


@routes.post("/work-orders", status_code=201, responses={**tagged(201), **refuses(404)})
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
@idempotent()
async def raise_order(
    form: schemas.WorkOrderForm, tx: Transaction, by: By, now: Now, response: Response
) -> WorkOrderView:
    """Open a work order for what a client said to somebody."""
    opening = actions.Opening(form.client_id, form.boutique_id, form.advisor_id, form.appointment_id)
    raised = await actions.raise_order(tx, opening, form.severity, form.text, by=by, now=now)
    return await _tagged(tx, raised, response, by=by, now=now)


@routes.get("/work-orders/{work_order_id}", responses=tagged())
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def work_order(work_order_id: UUID, tx: Transaction, by: By, now: Now, response: Response) -> WorkOrderDetail:
    """Show a work order with its notes, its history and the loop back to the client."""
    found = await queries.work_order(tx, work_order_id, by=by)
    view, asked = await _tagged(tx, found, response, by=by, now=now), await follow_up(tx, work_order_id)
    reads, keys = queries.reads_words(by, assignee_id=found.assignee_id), keyring(tx)
    resolution = found.resolution if reads else None
    return WorkOrderDetail(
        **view.model_dump(),
        resolution=keys.open("work_order", "resolution", work_order_id, resolution) if resolution else None,
        notes=[
            schemas.NoteView(
                note_id=note.note_id,
                text=keys.open("work_order_note", "text", note.note_id, note.text),
                subject=note.subject,
                written_at=note.written_at,
            )
            for note in (await queries.notes(tx, work_order_id) if reads else ())
        ],
        history=[schemas.StepView.model_validate(step) for step in await queries.history(tx, work_order_id)],
        asked_again=schemas.AskedView.model_validate(asked) if asked else None,
    )


@routes.post("/work-orders/{work_order_id}/assign")
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def assign(
    work_order_id: UUID,
    form: schemas.AssignForm,
    tx: Transaction,
    by: By,
    *,
    now: Now,
    if_match: IfMatch,
    response: Response,
) -> WorkOrderView:
    """Make it an advisor's of its boutique."""
    assigned = await actions.assign(tx, work_order_id, form.advisor_id, if_match=if_match, by=by, now=now)
    return await _tagged(tx, assigned, response, by=by, now=now)


@routes.post("/work-orders/{work_order_id}/start")
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def start(
    work_order_id: UUID, tx: Transaction, by: By, *, now: Now, if_match: IfMatch, response: Response
) -> WorkOrderView:
    """Take it up; this meets the time to respond."""
    started = await actions.start(tx, work_order_id, if_match=if_match, by=by, now=now)
    return await _tagged(tx, started, response, by=by, now=now)


@routes.post("/work-orders/{work_order_id}/notes", status_code=201)
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
@idempotent()
async def write_note(
    work_order_id: UUID, form: schemas.NoteForm, tx: Transaction, by: By, now: Now
) -> schemas.NoteView:
    """Write something down."""
    note = await actions.write_note(tx, work_order_id, form.text, by=by, now=now)
    return schemas.NoteView(note_id=note.note_id, text=form.text, subject=note.subject, written_at=note.written_at)


@routes.post("/work-orders/{work_order_id}/resolve")
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def resolve(
    work_order_id: UUID,
    form: schemas.ResolveForm,
    tx: Transaction,
    by: By,
    *,
    now: Now,
    if_match: IfMatch,
    response: Response,
) -> WorkOrderView:
    """Say what was done and what the cause was."""
    resolved = await actions.resolve(
        tx, work_order_id, resolution=form.resolution, cause=form.cause, if_match=if_match, by=by, now=now
    )
    return await _tagged(tx, resolved, response, by=by, now=now)


@routes.post("/work-orders/{work_order_id}/close")
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def close(
    work_order_id: UUID, tx: Transaction, by: By, *, now: Now, if_match: IfMatch, response: Response
) -> WorkOrderView:
    """Agree that it is put right. The client is asked next, if a journey says so."""
    closed = await actions.close(tx, work_order_id, if_match=if_match, by=by, now=now)
    return await _tagged(tx, closed, response, by=by, now=now)


@routes.post("/work-orders/{work_order_id}/reopen")
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def reopen(
    work_order_id: UUID, tx: Transaction, by: By, *, now: Now, if_match: IfMatch, response: Response
) -> WorkOrderView:
    """Go on with what was resolved or closed too early; not once the client has answered about it."""
    reopened = await actions.reopen(tx, work_order_id, if_match=if_match, by=by, now=now)
    return await _tagged(tx, reopened, response, by=by, now=now)


@routes.get("/work-orders/{work_order_id}/clock")
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def clock(work_order_id: UUID, tx: Transaction, by: By, now: Now) -> schemas.ClockView:
    """Show both deadlines, computed as they are read."""
    found = await queries.work_order(tx, work_order_id, by=by)
    respond = rules.deadline(
        within=timedelta(minutes=found.respond_within_minutes),
        due_at=found.respond_due_at,
        met_at=found.responded_at,
        now=now,
    )
    put_right = rules.deadline(
        within=timedelta(minutes=found.resolve_within_minutes), due_at=found.due_at, met_at=found.resolved_at, now=now
    )
    return schemas.ClockView(
        work_order_id=work_order_id,
        severity=Severity(found.severity),
        policy_version=found.policy_version,
        started_at=found.started_at,
        now=now,
        respond=schemas.DeadlineView.of(respond),
        resolve=schemas.DeadlineView.of(put_right),
    )


async def _tagged(
    tx: AsyncSession, found: WorkOrder, response: Response, *, by: Caller, now: datetime
) -> WorkOrderView:
    response.headers["ETag"] = etag(found.version)
    return (await _views(tx, [found], by=by, now=now))[0]


async def _views(tx: AsyncSession, found: Sequence[WorkOrder], *, by: Caller, now: datetime) -> list[WorkOrderView]:
    merged = await canonical(tx, {order.client_id for order in found})
    readable = [order for order in found if queries.reads_words(by, assignee_id=order.assignee_id)]
    words = await comments(tx, {order.answer_id for order in readable if order.answer_id})
    told = {order.work_order_id: words.get(order.answer_id) for order in readable if order.answer_id}
    for order in readable:
        if order.words is not None:
            told[order.work_order_id] = keyring(tx).open("work_order", "words", order.work_order_id, order.words)
    return [
        WorkOrderView(
            work_order_id=order.work_order_id,
            client_id=merged[order.client_id],
            boutique_id=order.boutique_id,
            advisor_id=order.advisor_id,
            appointment_id=order.appointment_id,
            answer_id=order.answer_id,
            score=order.score,
            comment=told.get(order.work_order_id),
            severity=Severity(order.severity),
            status=Status(order.status),
            assignee_id=order.assignee_id,
            opened_at=order.opened_at,
            respond_due_at=order.respond_due_at,
            due_at=order.due_at,
            overdue=order.status in queries.UNDONE and order.due_at < now,
            responded_at=order.responded_at,
            resolved_at=order.resolved_at,
            closed_at=order.closed_at,
            cause=order.cause,
            follows_id=order.follows_id,
            version=order.version,
            loop=schemas.LoopView(
                state=rules.loop(Status(order.status), recovered=order.recovered),
                answer_id=order.loop_answer_id,
                score=order.loop_score,
                closed_at=order.loop_closed_at,
                followed_by_id=order.followed_by_id,
            ),
        )
        for order in found
    ]
