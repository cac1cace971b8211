"""The one door out: asking for messages, what a client permits, and what WeChat tells."""

from uuid import UUID

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.problems import NotFound
from services.profile.books import queries as books
from services.profile.clients import queries as clients
from services.profile.messages import queries
from services.profile.messages.actions import asking, events
from services.profile.messages.actions.asking import Draft
from services.profile.messages.actions.events import Event
from services.profile.messages.queries import CHANNEL
from services.profile.messages.rules import NEEDS_CONSENT
from services.profile.messages.schemas import (
    AcceptedView,
    AskedView,
    CreditView,
    EventsForm,
    MessageForm,
    MessageView,
    PermissionsView,
    PurposeView,
)

routes = router()


@routes.post("/messages", status_code=202)
@permit(Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER, Role.SERVICE)
@idempotent()
async def ask(form: MessageForm, tx: Transaction, by: By, kit: OfKit, now: Now) -> AskedView:
    """Ask for a message to a client. A refusal by the ledger is an answer, not a problem: see `status` and `reason`."""
    message = await asking.ask(
        tx,
        Draft(form.client_id, form.purpose, form.template, form.variables, form.link),
        appid=kit.settings.wechat_appid,
        templates=kit.settings.wechat_templates,
        by=by,
        now=now,
    )
    return AskedView.model_validate(message)


@routes.get("/messages/{message_id}")
@permit(Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER, Role.HEADQUARTERS, Role.SERVICE)
async def message(message_id: UUID, tx: Transaction, by: By) -> MessageView:
    """What became of a message."""
    found = await queries.message(tx, message_id)
    if not await books.serves(tx, found.client_id, by):
        raise NotFound
    return MessageView.model_validate(found)


@routes.get("/clients/{client_id}/permissions")
@permit(
    Role.ADVISOR,
    Role.CLIENT_SERVICE,
    Role.MANAGER,
    Role.REGIONAL,
    Role.HEADQUARTERS,
    Role.PRIVACY,
    Role.SERVICE,
)
async def permissions(client_id: UUID, tx: Transaction, by: By, kit: OfKit) -> PermissionsView:
    """What a client permits us to send, and how often."""
    await clients.client(tx, client_id)
    if not await books.serves(tx, client_id, by):
        raise NotFound
    found = await queries.permissions(tx, client_id, appid=kit.settings.wechat_appid)
    names = {bound.partition("?")[0]: name for name, bound in kit.settings.wechat_templates.items()}
    return PermissionsView(
        client_id=found.client_id,
        purposes=[
            PurposeView(purpose=purpose, needs_consent=purpose in NEEDS_CONSENT, permitted=permitted)
            for purpose, permitted in found.consents.items()
        ],
        reachable=found.reachable,
        credits=[
            CreditView(
                channel=CHANNEL,
                template=names.get(credit.template_id, credit.template_id),
                remaining=credit.remaining,
            )
            for credit in found.credits
        ],
    )


@routes.post("/wechat/events")
@permit(Role.SERVICE)
async def take_events(form: EventsForm, tx: Transaction) -> AcceptedView:
    """What WeChat pushed to the gateway. Safe to repeat: an event counts once."""
    taken = [Event(**event.model_dump()) for event in form.events]
    return AcceptedView(accepted=await events.take(tx, taken))
