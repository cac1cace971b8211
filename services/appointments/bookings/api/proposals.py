"""Routes of proposals: another time that the house would like, and her answer."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses, tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.appointments.availability.rules import Alternative
from services.appointments.bookings.actions.placing import Target
from services.appointments.bookings.actions.proposing import accept, decline, propose
from services.appointments.bookings.api.shown import BOOKS, Shown, shown
from services.appointments.bookings.queries.appointments import visible
from services.appointments.bookings.queries.proposals import of_visit
from services.appointments.bookings.schemas.proposals import AcceptForm, ProposalForm, ProposalView

routes = router()

PROPOSES = (Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER)


@routes.post("/appointments/{appointment_id}/proposals", status_code=201)
@permit(*PROPOSES)
@idempotent()
async def propose_time(
    *,
    appointment_id: UUID,
    form: ProposalForm,
    if_match: IfMatch,
    tx: Transaction,
    by: By,
    now: Now,
    response: Response,
) -> ProposalView:
    """Propose another time for a visit: it is kept until she answers, and the visit stays where it is meanwhile.

    The ETag is the appointment's, as If-Match is.
    """
    target = Target(form.starts_at, form.advisor_id, override_reason=form.override_reason)
    made = await propose(tx, appointment_id, target, if_match=if_match, by=by, now=now)
    response.headers["ETag"] = etag((await visible(tx, appointment_id, by)).version)
    return ProposalView.model_validate(made)


@routes.get("/appointments/{appointment_id}/proposals")
@permit(*BOOKS)
async def list_proposals(
    appointment_id: UUID, tx: Transaction, by: By, after: After = None, limit: Limit = 50
) -> Page[ProposalView]:
    """What was proposed for a visit, and what became of it."""
    of = f"proposals {appointment_id}"
    rows = await of_visit(tx, appointment_id, by, after=read_id_cursor(after, of=of), limit=limit + 1)
    items = [ProposalView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor(items[-1].proposal_id, of=of) if len(rows) > limit else None)


@routes.post("/proposals/{proposal_id}/accept", responses={**tagged(), **refuses(410)})
@permit(*BOOKS)
async def accept_proposal(
    *, proposal_id: UUID, form: AcceptForm | None = None, tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """Take the proposed time, or an `alternative`: one that the proposal names, or that a refused answer has named.

    The house says how she agreed. Where it is taken meanwhile, visit and proposal stay as they are.
    """
    said = form or AcceptForm()
    instead = Alternative(said.alternative.starts_at, said.alternative.advisor_id) if said.alternative else None
    accepted = await accept(tx, proposal_id, instead=instead, agreed_by=said.agreed_by, by=by, now=now)
    return shown(tx, accepted, response, by)


@routes.post("/proposals/{proposal_id}/decline", responses=refuses(410))
@permit(*BOOKS)
async def decline_proposal(proposal_id: UUID, tx: Transaction, by: By, now: Now) -> ProposalView:
    """Leave the visit where it is: she says no, or the house takes its proposal back."""
    return ProposalView.model_validate(await decline(tx, proposal_id, by=by, now=now))
