"""The one door out: asking for messages, what became of them, and what WeChat tells."""

from datetime import timedelta
from uuid import UUID

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.refusal import NotFound
from services.profile.books import queries as books
from services.profile.messages import queries
from services.profile.messages.actions import asking, events
from services.profile.messages.actions.asking import Draft
from services.profile.messages.actions.events import Event
from services.profile.messages.schemas import AcceptedView, AskedView, EventsForm, MessageForm, MessageView

routes = router()


@routes.post("/messages", status_code=202)
@permit(Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER, Role.SERVICE)
# Feedback asks again for up to 14 days while we are away; a key forgotten earlier would send a survey twice.
@idempotent(keep=timedelta(days=15))
async def ask(form: MessageForm, tx: Transaction, by: By, kit: OfKit, now: Now) -> AskedView:
    """Ask for a message to a client. A refusal by the ledger is an answer, not a problem: see `status` and `reason`."""
    message = await asking.ask(
        tx,
        Draft(form.client_id, form.purpose, form.template, form.variables, form.link),
        settings=kit.settings,
        by=by,
        now=now,
    )
    return AskedView.model_validate(message)


@routes.get("/messages/{message_id}")
@permit(Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER, Role.HEADQUARTERS, Role.SERVICE)
async def message(message_id: UUID, tx: Transaction, by: By, now: Now) -> MessageView:
    """What became of a message."""
    found = await queries.message(tx, message_id)
    if not await books.serves(tx, found.client_id, by, now=now):
        raise NotFound
    return MessageView.model_validate(found)


@routes.post("/wechat/events")
@permit(Role.SERVICE)
async def take_events(form: EventsForm, tx: Transaction) -> AcceptedView:
    """What WeChat pushed to the gateway. Safe to repeat: an event counts once."""
    taken = [Event(**event.model_dump()) for event in form.events]
    return AcceptedView(accepted=await events.take(tx, taken))
