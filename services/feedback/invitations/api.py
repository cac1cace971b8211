"""Routes of invitations."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra import wire
from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.ids import new_id
from infra.openapi import refuses
from infra.wire import After, Limit, Page, read_id_cursor
from services.feedback.invitations import queries
from services.feedback.invitations.actions import inviting
from services.feedback.invitations.rules import Status
from services.feedback.invitations.schemas import InvitationForm, InvitationView
from services.feedback.invitations.tables import Invitation
from services.feedback.journeys.rules import Trigger

routes = router()


@routes.get("/survey-invitations")
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def invitations(
    tx: Transaction,
    by: By,
    *,
    boutique_id: UUID | None = None,
    client_id: UUID | None = None,
    status: Status | None = None,
    cursor: After = None,
    limit: Limit = 50,
) -> Page[InvitationView]:
    """List invitations, newest first."""
    of = f"survey-invitations:{boutique_id}:{client_id}:{status}"
    found = await queries.page(
        tx,
        by=by,
        boutique_id=boutique_id,
        client_id=client_id,
        status=status,
        before=read_id_cursor(cursor, of=of),
        limit=limit + 1,
    )
    items = await _views(tx, found[:limit])
    more = wire.cursor(items[-1].invitation_id, of=of) if len(found) > limit else None
    return Page(items=items, next_cursor=more)


@routes.post("/survey-invitations", status_code=201, responses=refuses(404))
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
@idempotent()
async def ask(form: InvitationForm, tx: Transaction, by: By, now: Now) -> InvitationView:
    """Ask one client outside any journey. Whether it reaches her is decided by what she consented to."""
    touch = inviting.Touch(
        trigger=Trigger.MANUAL,
        cause_id=new_id(),
        client_id=form.client_id,
        boutique_id=form.boutique_id,
        touched_at=now,
        advisor_id=form.advisor_id,
        appointment_id=form.appointment_id,
    )
    delay = timedelta(minutes=form.delay_minutes)
    asked = await inviting.ask(tx, touch, survey_id=form.survey_id, delay=delay, by=by)
    return (await _views(tx, [asked]))[0]


@routes.get("/survey-invitations/{invitation_id}")
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def invitation(invitation_id: UUID, tx: Transaction, by: By) -> InvitationView:
    """Show one invitation."""
    return (await _views(tx, [await queries.invitation(tx, invitation_id, by=by)]))[0]


async def _views(tx: AsyncSession, found: Sequence[Invitation]) -> list[InvitationView]:
    merged = await queries.canonical(tx, {invitation.client_id for invitation in found})
    views = [InvitationView.model_validate(invitation) for invitation in found]
    return [view.model_copy(update={"client_id": merged[view.client_id]}) for view in views]
