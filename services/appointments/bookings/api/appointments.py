"""Routes of appointments: keeping a time, reading, and what is written with a visit."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses, tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, read_id_cursor, read_instant_cursor
from services.appointments.availability.actions.looks import look
from services.appointments.availability.schemas import Instant
from services.appointments.bookings import queries
from services.appointments.bookings.actions import wording
from services.appointments.bookings.actions.placing import Wish, hold
from services.appointments.bookings.actions.wording import Words
from services.appointments.bookings.api.shown import BOOKS, READS, Shown, shown
from services.appointments.bookings.queries.proposals import open_one
from services.appointments.bookings.rules.life import Status
from services.appointments.bookings.schemas.appointments import (
    AnswersForm,
    AppointmentView,
    HerAppointmentView,
    HoldForm,
    LinkForm,
    ReassignmentView,
)
from services.appointments.bookings.tables import Appointment, Reassignment

routes = router()


@routes.post("/appointments", status_code=201, responses={**tagged(201), **refuses(404)})
@permit(*BOOKS)
@idempotent(keep=timedelta(days=30))
async def hold_time(*, form: HoldForm, kit: OfKit, tx: Transaction, by: By, now: Now, response: Response) -> Shown:
    """Keep a time for a few minutes; if it is taken, the answer names the nearest free ones.

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
        wish=Wish(
            mode=form.mode,
            language=form.language,
            occasion=form.occasion,
            words=Words(
                requests=form.requests,
                configuration=form.configuration.model_dump(exclude_none=True) if form.configuration else None,
                answers=form.answers,
            ),
            override_reason=form.override_reason,
        ),
        by=by,
        now=now,
    )
    return shown(tx, made, response, by)


@routes.get("/appointments")
@permit(*READS)
async def list_appointments(
    *,
    boutique_id: UUID | None = None,
    advisor_id: UUID | None = None,
    client_id: UUID | None = None,
    status: Status | None = None,
    starts_from: Annotated[Instant | None, Query(alias="from")] = None,
    until: Annotated[Instant | None, Query(alias="to")] = None,
    after: After = None,
    limit: Limit = 50,
    tx: Transaction,
    by: By,
) -> Page[AppointmentView]:
    """Appointments that start between `from` and `to`, by their start."""
    of = f"appointments {boutique_id} {advisor_id} {client_id} {status} {starts_from} {until}"
    rows = await queries.appointments(
        tx,
        by,
        boutique_id=boutique_id,
        advisor_id=advisor_id,
        client_id=client_id,
        status=status,
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
    """One appointment, with what was written and what the house proposes."""
    found = await queries.visible(tx, appointment_id, by)
    return shown(tx, found, response, by, proposal=await open_one(tx, appointment_id))


@routes.put("/appointments/{appointment_id}/answers")
@permit(*BOOKS)
async def answer_questions(
    *, appointment_id: UUID, form: AnswersForm, if_match: IfMatch, tx: Transaction, by: By, response: Response
) -> Shown:
    """Answer the questions of the experience before the visit, instead of what was answered before."""
    changed = await wording.answer(tx, appointment_id, form.answers, if_match=if_match, by=by)
    return shown(tx, changed, response, by, proposal=await open_one(tx, appointment_id))


@routes.put("/appointments/{appointment_id}/link")
@permit(Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER)
async def set_link(
    *, appointment_id: UUID, form: LinkForm, if_match: IfMatch, tx: Transaction, by: By, response: Response
) -> Shown:
    """Say where a video visit is held."""
    changed = await wording.set_link(tx, appointment_id, form.link, if_match=if_match, by=by)
    return shown(tx, changed, response, by, proposal=await open_one(tx, appointment_id))


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
