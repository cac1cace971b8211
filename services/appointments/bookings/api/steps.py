"""Routes of the steps of an appointment's life."""

from typing import Annotated
from uuid import UUID

from fastapi import Header, Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import permit
from infra.openapi import refuses
from infra.wire import IfMatch
from services.appointments.bookings.actions.agreeing import approve, confirm, refuse
from services.appointments.bookings.actions.life import cancel, check_in, complete, record_no_show
from services.appointments.bookings.actions.placing import Target, move
from services.appointments.bookings.api.shown import BOOKS, RECEIVES, Shown, shown
from services.appointments.bookings.schemas.appointments import MoveForm, RefusalForm

routes = router()

# A step is guarded by the status it starts from; who wants to be sure of more sends the ETag.
Seen = Annotated[str, Header(alias="If-Match", max_length=100)]


@routes.post("/appointments/{appointment_id}/confirm", responses=refuses(410))
@permit(*BOOKS)
async def confirm_appointment(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """Agree the visit while its time is still kept, or ask for it where the boutique has to approve it."""
    return shown(tx, await confirm(tx, appointment_id, if_match=if_match, by=by, now=now), response, by)


@routes.post("/appointments/{appointment_id}/approve", responses=refuses(410))
@permit(*RECEIVES)
async def approve_appointment(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """Agree to a visit that a client asked for: a manager, or whoever is to receive her."""
    return shown(tx, await approve(tx, appointment_id, if_match=if_match, by=by, now=now), response, by)


@routes.post("/appointments/{appointment_id}/refuse", responses=refuses(410))
@permit(*RECEIVES)
async def refuse_appointment(
    *,
    appointment_id: UUID,
    form: RefusalForm,
    if_match: Seen = "*",
    tx: Transaction,
    by: By,
    now: Now,
    response: Response,
) -> Shown:
    """Say no to a visit that a client asked for, and why."""
    refused = await refuse(tx, appointment_id, reason=form.reason, if_match=if_match, by=by, now=now)
    return shown(tx, refused, response, by)


@routes.post("/appointments/{appointment_id}/move")
@permit(*BOOKS)
async def move_appointment(
    *, appointment_id: UUID, form: MoveForm, if_match: IfMatch, tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """Give a visit another time; if that is taken, the visit stays and the answer names the nearest free times."""
    target = Target(form.starts_at, form.advisor_id, agreed_by=form.agreed_by, override_reason=form.override_reason)
    moved = await move(tx, appointment_id, target, if_match=if_match, by=by, now=now)
    return shown(tx, moved, response, by)


@routes.post("/appointments/{appointment_id}/cancel")
@permit(*BOOKS)
async def cancel_appointment(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """Give it up. Clients owe the experience's notice, the house's own people none."""
    return shown(tx, await cancel(tx, appointment_id, if_match=if_match, by=by, now=now), response, by)


@routes.post("/appointments/{appointment_id}/check-in")
@permit(*RECEIVES)
async def check_client_in(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """She has arrived."""
    return shown(tx, await check_in(tx, appointment_id, if_match=if_match, by=by, now=now), response, by)


@routes.post("/appointments/{appointment_id}/complete")
@permit(*RECEIVES)
async def complete_visit(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """The visit is over."""
    return shown(tx, await complete(tx, appointment_id, if_match=if_match, by=by, now=now), response, by)


@routes.post("/appointments/{appointment_id}/no-show")
@permit(*RECEIVES)
async def note_no_show(
    *, appointment_id: UUID, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """She did not come; her time is free again."""
    return shown(tx, await record_no_show(tx, appointment_id, if_match=if_match, by=by, now=now), response, by)
