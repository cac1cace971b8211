"""Routes of appointments."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Response

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, Role, permit
from infra.openapi import refuses, tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor, read_instant_cursor
from services.appointments.availability.schemas import Instant
from services.appointments.bookings import queries
from services.appointments.bookings.actions.life import cancel, check_in, complete, confirm, record_no_show
from services.appointments.bookings.actions.looks import look
from services.appointments.bookings.actions.placing import hold, move
from services.appointments.bookings.schemas import (
    AppointmentView,
    HerAppointmentView,
    HoldForm,
    MoveForm,
    ReassignmentView,
)
from services.appointments.bookings.tables import Appointment, Reassignment

routes = router()

BOOKS = (Role.CLIENT, Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER)
RECEIVES = (Role.ADVISOR, Role.MANAGER)
READS = (
    Role.ADVISOR,
    Role.CLIENT_SERVICE,
    Role.AFTER_SALES,
    Role.EVENTS,
    Role.MANAGER,
    Role.REGIONAL,
    Role.HEADQUARTERS,
    Role.SERVICE,
)

# A step is guarded by the status it starts from; who wants to be sure of more sends the ETag.
Seen = Annotated[str, Header(alias="If-Match", max_length=100)]
# A client is not told why this advisor receives her.
Shown = AppointmentView | HerAppointmentView


def _view(appointment: Appointment, response: Response, by: Caller) -> Shown:
    response.headers["ETag"] = etag(appointment.version)
    view = HerAppointmentView if by.role is Role.CLIENT else AppointmentView
    return view.model_validate(appointment)


@routes.post("/appointments", status_code=201, responses={**tagged(201), **refuses(404)})
@permit(*BOOKS)
@idempotent(keep=timedelta(days=30))
async def hold_time(*, form: HoldForm, kit: OfKit, tx: Transaction, by: By, now: Now, response: Response) -> Shown:
    """Keep a time for five minutes; if it is taken, the answer names the nearest free ones.

    Staff book for clients whom profile shows them.
    """
    if by.role is not Role.CLIENT and form.client_id is not None:
        # The key has begun the transaction, but nothing is locked besides it: nobody waits for profile but this caller.
        await look(kit.peers, form.client_id, seen="booking", by=by)
    made = await hold(
        tx,
        boutique_id=form.boutique_id,
        experience_id=form.experience_id,
        starts_at=form.starts_at,
        client_id=form.client_id,
        advisor_id=form.advisor_id,
        party_size=form.party_size,
        piece_code=form.piece_code,
        by=by,
        now=now,
    )
    return _view(made, response, by)


@routes.get("/appointments")
@permit(*READS)
async def list_appointments(
    *,
    boutique_id: UUID | None = None,
    advisor_id: UUID | None = None,
    client_id: UUID | None = None,
    starts_from: Annotated[Instant | None, Query(alias="from")] = None,
    until: Annotated[Instant | None, Query(alias="to")] = None,
    after: After = None,
    limit: Limit = 50,
    tx: Transaction,
    by: By,
) -> Page[AppointmentView]:
    """Appointments that start between `from` and `to`, by their start."""
    of = f"appointments {boutique_id} {advisor_id} {client_id} {starts_from} {until}"
    rows = await queries.appointments(
        tx,
        by,
        boutique_id=boutique_id,
        advisor_id=advisor_id,
        client_id=client_id,
        starts_from=starts_from,
        until=until,
        after=read_instant_cursor(after, of=of),
        limit=limit + 1,
    )
    items = [AppointmentView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=_next(rows, limit, of))


@routes.get("/me/appointments")
@permit(Role.CLIENT)
async def list_mine(
    *,
    starts_from: Annotated[Instant | None, Query(alias="from")] = None,
    until: Annotated[Instant | None, Query(alias="to")] = None,
    after: After = None,
    limit: Limit = 50,
    tx: Transaction,
    by: By,
) -> Page[HerAppointmentView]:
    """Her own appointments, by their start."""
    of = f"my appointments {by.client_id} {starts_from} {until}"
    rows = await queries.appointments(
        tx, by, starts_from=starts_from, until=until, after=read_instant_cursor(after, of=of), limit=limit + 1
    )
    items = [HerAppointmentView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=_next(rows, limit, of))


@routes.get("/appointments/{appointment_id}", responses=tagged())
@permit(Role.CLIENT, *READS)
async def read_appointment(appointment_id: UUID, tx: Transaction, by: By, response: Response) -> Shown:
    """One appointment."""
    return _view(await queries.visible(tx, appointment_id, by), response, by)


@routes.post("/appointments/{appointment_id}/confirm")
@permit(*BOOKS)
async def confirm_appointment(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """Agree the visit while its time is still kept."""
    return _view(await confirm(tx, appointment_id, if_match=if_match, by=by, now=now), response, by)


@routes.post("/appointments/{appointment_id}/move")
@permit(*BOOKS)
async def move_appointment(
    *, appointment_id: UUID, form: MoveForm, if_match: IfMatch, tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """Give a visit another time; if that is taken, the visit stays and the answer names the nearest free times."""
    moved = await move(
        tx,
        appointment_id,
        starts_at=form.starts_at,
        advisor_id=form.advisor_id,
        if_match=if_match,
        by=by,
        now=now,
    )
    return _view(moved, response, by)


@routes.post("/appointments/{appointment_id}/cancel")
@permit(*BOOKS)
async def cancel_appointment(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """Give it up. Clients owe the experience's notice, the house's own people none."""
    return _view(await cancel(tx, appointment_id, if_match=if_match, by=by, now=now), response, by)


@routes.post("/appointments/{appointment_id}/check-in")
@permit(*RECEIVES)
async def check_client_in(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """She has arrived."""
    return _view(await check_in(tx, appointment_id, if_match=if_match, by=by, now=now), response, by)


@routes.post("/appointments/{appointment_id}/complete")
@permit(*RECEIVES)
async def complete_visit(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """The visit is over."""
    return _view(await complete(tx, appointment_id, if_match=if_match, by=by, now=now), response, by)


@routes.post("/appointments/{appointment_id}/no-show")
@permit(*RECEIVES)
async def note_no_show(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """She did not come; her time is free again."""
    return _view(await record_no_show(tx, appointment_id, if_match=if_match, by=by, now=now), response, by)


@routes.get("/handovers/{handover_id}/appointments")
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def list_reassignments(
    handover_id: UUID, tx: Transaction, by: By, after: After = None, limit: Limit = 50
) -> Page[ReassignmentView]:
    """What became of the visits to come of clients who were handed over; those that were kept need somebody."""
    of = f"reassignments {handover_id}"
    rows = await queries.reassignments(tx, by, handover_id, after=read_id_cursor(after, of=of), limit=limit + 1)
    items = [
        ReassignmentView.model_validate({**_columns(one), "starts_at": visit.starts_at}) for one, visit in rows[:limit]
    ]
    return Page(items=items, next_cursor=cursor(items[-1].appointment_id, of=of) if len(rows) > limit else None)


def _columns(one: Reassignment) -> dict[str, object]:
    return {name: getattr(one, name) for name in ReassignmentView.model_fields if name != "starts_at"}


def _next(rows: Sequence[Appointment], limit: int, of: str) -> str | None:
    last = rows[limit - 1] if len(rows) > limit else None
    return cursor(last.starts_at.isoformat(), last.appointment_id, of=of) if last else None
