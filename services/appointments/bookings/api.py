"""Routes of appointments."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.refusal import BadRequest
from infra.wire import Limit, Page, cursor, etag, read_cursor
from services.appointments.availability.schemas import Instant, instant
from services.appointments.bookings import queries
from services.appointments.bookings.actions.life import cancel, check_in, complete, confirm, record_no_show
from services.appointments.bookings.actions.placing import hold, move
from services.appointments.bookings.schemas import AppointmentView, HoldForm, MoveForm
from services.appointments.bookings.tables import Appointment

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
After = Annotated[str | None, Query(alias="cursor", max_length=400)]


def _view(appointment: Appointment, response: Response) -> AppointmentView:
    response.headers["ETag"] = etag(appointment.version)
    return AppointmentView.model_validate(appointment)


@routes.post("/appointments", status_code=201)
@permit(*BOOKS)
@idempotent()
async def hold_time(form: HoldForm, tx: Transaction, by: By, now: Now, response: Response) -> AppointmentView:
    """Keep a time for five minutes; if it is taken, the answer names the nearest free ones."""
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
    return _view(made, response)


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
        after=_read(after, of),
        limit=limit + 1,
    )
    return _page(list(rows), limit, of)


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
) -> Page[AppointmentView]:
    """Her own appointments, by their start."""
    of = f"my appointments {by.client_id} {starts_from} {until}"
    rows = await queries.appointments(
        tx, by, starts_from=starts_from, until=until, after=_read(after, of), limit=limit + 1
    )
    return _page(list(rows), limit, of)


@routes.get("/appointments/{appointment_id}")
@permit(Role.CLIENT, *READS)
async def read_appointment(appointment_id: UUID, tx: Transaction, by: By, response: Response) -> AppointmentView:
    """One appointment."""
    return _view(await queries.visible(tx, appointment_id, by), response)


@routes.post("/appointments/{appointment_id}/confirm")
@permit(*BOOKS)
async def confirm_appointment(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> AppointmentView:
    """Agree the visit while its time is still kept."""
    return _view(await confirm(tx, appointment_id, if_match=if_match, by=by, now=now), response)


@routes.post("/appointments/{appointment_id}/move")
@permit(*BOOKS)
async def move_appointment(
    *, appointment_id: UUID, form: MoveForm, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> AppointmentView:
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
    return _view(moved, response)


@routes.post("/appointments/{appointment_id}/cancel")
@permit(*BOOKS)
async def cancel_appointment(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> AppointmentView:
    """Give it up. Clients owe the experience's notice, the house's own people none."""
    return _view(await cancel(tx, appointment_id, if_match=if_match, by=by, now=now), response)


@routes.post("/appointments/{appointment_id}/check-in")
@permit(*RECEIVES)
async def check_client_in(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> AppointmentView:
    """She has arrived."""
    return _view(await check_in(tx, appointment_id, if_match=if_match, by=by, now=now), response)


@routes.post("/appointments/{appointment_id}/complete")
@permit(*RECEIVES)
async def complete_visit(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> AppointmentView:
    """The visit is over."""
    return _view(await complete(tx, appointment_id, if_match=if_match, by=by, now=now), response)


@routes.post("/appointments/{appointment_id}/no-show")
@permit(*RECEIVES)
async def note_no_show(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> AppointmentView:
    """She did not come; her time is free again."""
    return _view(await record_no_show(tx, appointment_id, if_match=if_match, by=by, now=now), response)


def _page(rows: list[Appointment], limit: int, of: str) -> Page[AppointmentView]:
    items = [AppointmentView.model_validate(row) for row in rows[:limit]]
    more = cursor(items[-1].starts_at.isoformat(), items[-1].appointment_id, of=of) if len(rows) > limit else None
    return Page(items=items, next_cursor=more)


def _read(after: str | None, of: str) -> tuple[datetime, UUID] | None:
    key = read_cursor(after, of=of, parts=2)
    try:
        return (instant(key[0]), UUID(key[1])) if key else None
    except ValueError:
        raise BadRequest from None
