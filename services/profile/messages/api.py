"""The one door out: asking for messages, drafts that a person sends, the policy, and what WeChat tells."""

from datetime import timedelta
from uuid import UUID

from fastapi import Response
from fastapi.responses import HTMLResponse

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit, public
from infra.openapi import tagged
from infra.refusal import NotFound
from infra.wire import IfMatch, etag
from services.profile.books import queries as books
from services.profile.clients import queries as clients
from services.profile.messages import queries
from services.profile.messages.actions import (
    asking,
    channels,
    drafts,
    events,
    permission,
    policies,
    recalling,
    rewording,
    unsubscribing,
)
from services.profile.messages.actions.asking import Draft
from services.profile.messages.actions.drafts import Edit
from services.profile.messages.actions.events import Event
from services.profile.messages.queries import standing
from services.profile.messages.queries.messages import Words
from services.profile.messages.queries.ways import Ways
from services.profile.messages.schemas.channels import ChannelWordsForm, ChannelWordsView, ChannelWordView
from services.profile.messages.schemas.events import AcceptedView, EventsForm
from services.profile.messages.schemas.messages import (
    AskedView,
    EditForm,
    MessageForm,
    MessageView,
    RecalledView,
    RecallForm,
)
from services.profile.messages.schemas.permissions import DecisionsForm, DecisionsView
from services.profile.messages.schemas.policy import MessagePolicyForm, MessagePolicyView

routes = router()
# What an e-mail leads to stands without a prefix, as survey links do.
links = router(prefix="")

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'",
}
_PAGE = (
    '<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width">{}</html>'
)
PAGE = _PAGE.format(
    '<form method="post"><p>不再接收此类邮件？ No more e-mails of this kind?</p><button>确认 Yes</button></form>'
)
DONE = _PAGE.format("<p>已为您取消此类邮件。 You will receive no more e-mails of this kind.</p>")
_FORM = {"schema": {"type": "object", "additionalProperties": {"type": "string"}}}
ONE_CLICK = {"requestBody": {"required": False, "content": {"application/x-www-form-urlencoded": _FORM}}}

WRITERS = (Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER)


@routes.post("/messages", status_code=202)
@permit(*WRITERS, Role.SERVICE)
# Feedback asks again for up to 14 days while we are away; a key forgotten earlier would send a survey twice.
@idempotent(keep=timedelta(days=15))
async def ask(form: MessageForm, tx: Transaction, by: By, kit: OfKit, now: Now) -> AskedView:
    """Ask for a message to a client, or for a draft of one. A refusal by the ledger is an answer, not a problem."""
    words = Words(form.text, form.subject, form.language or "zh") if form.text is not None else None
    draft = Draft(
        form.client_id,
        form.purpose,
        form.template,
        form.variables,
        form.link,
        words,
        form.channel,
        form.expires_at,
        form.reference,
    )
    if form.draft:
        kept = await drafts.write(tx, draft, language=form.language, settings=kit.settings, by=by, now=now)
        return AskedView(message_id=kept.message_id, status="draft", reason=None, channel=kept.channel)
    asked = await asking.ask(tx, draft, settings=kit.settings, by=by, now=now)
    return AskedView.of(asked.message, asked.decision)


@routes.post("/messages/recalls")
@permit(Role.SERVICE)
async def recall(form: RecallForm, tx: Transaction, by: By, now: Now) -> RecalledView:
    """Let messages that the caller asked for not leave any more, as far as they have not. Safe to repeat."""
    return RecalledView(recalled=await recalling.recall(tx, form.references, by=by, now=now))


@routes.get("/messages/{message_id}", responses=tagged())
@permit(*WRITERS, Role.HEADQUARTERS, Role.SERVICE)
async def message(message_id: UUID, tx: Transaction, by: By, now: Now, response: Response) -> MessageView:
    """What became of a message; of a draft also what it says."""
    found = await queries.message(tx, message_id)
    if not await books.serves(tx, found.client_id, by, now=now):
        raise NotFound
    response.headers["ETag"] = etag(found.version)
    return MessageView.of(found)


@routes.patch("/messages/{message_id}", responses=tagged())
@permit(*WRITERS)
async def change(
    message_id: UUID,
    form: EditForm,
    *,
    if_match: IfMatch,
    tx: Transaction,
    by: By,
    kit: OfKit,
    now: Now,
    response: Response,
) -> MessageView:
    """Change the words or the channel of a draft."""
    edit = Edit(form.text, form.subject, form.channel)
    changed = await drafts.change(tx, message_id, edit, if_match=if_match, settings=kit.settings, by=by, now=now)
    response.headers["ETag"] = etag(changed.version)
    return MessageView.of(changed)


@routes.post("/messages/{message_id}/wording", responses=tagged())
@permit(*WRITERS)
async def reword(
    message_id: UUID, *, if_match: IfMatch, by: By, kit: OfKit, now: Now, response: Response
) -> MessageView:
    """Let the assistant word a draft anew. It stays as it was where the assistant is away or says what it must not."""
    async with kit.database.transaction(by.brand_id) as tx:
        task = await rewording.task(tx, message_id, if_match=if_match, settings=kit.settings, by=by, now=now)
    found = await rewording.answer(task, kit.settings)
    async with kit.database.transaction(by.brand_id) as tx:
        kept = await rewording.keep(tx, message_id, found, if_match=if_match, by=by, now=now)
    response.headers["ETag"] = etag(kept.version)
    return MessageView.of(kept)


@routes.post("/messages/{message_id}/send")
@permit(*WRITERS)
async def send(
    message_id: UUID, form: EditForm, *, if_match: IfMatch, tx: Transaction, by: By, kit: OfKit, now: Now
) -> AskedView:
    """Send a draft, as it was read or with changes. Refused by the ledger it stays a draft: see `reason`."""
    edit = Edit(form.text, form.subject, form.channel)
    asked = await drafts.send(tx, message_id, edit, if_match=if_match, settings=kit.settings, by=by, now=now)
    return AskedView.of(asked.message, asked.decision)


@routes.post("/permissions/batch")
@permit(Role.HEADQUARTERS, Role.SERVICE)
async def decide(form: DecisionsForm, tx: Transaction, kit: OfKit, now: Now) -> DecisionsView:
    """Whom the house may write to for a purpose, and by which channel; nothing is used up by asking.

    Clients who are not there are left out. Any WeChat credit counts here: whether it fits is known with the template.
    """
    there = await clients.by_id(tx, form.client_ids)
    decided = await permission.decide(tx, there, form.purpose, now=now, ways=Ways.of(kit.settings))
    return DecisionsView.of(decided)


@routes.get("/message-policy", responses=tagged())
@permit(Role.HEADQUARTERS)
async def policy(tx: Transaction, response: Response) -> MessagePolicyView:
    """How much the brand sends, and at what hours."""
    found = await standing.policy(tx)
    response.headers["ETag"] = etag(found.version)
    return MessagePolicyView.of(found)


@routes.put("/message-policy", responses=tagged())
@permit(Role.HEADQUARTERS)
async def set_policy(
    form: MessagePolicyForm, if_match: IfMatch, tx: Transaction, response: Response
) -> MessagePolicyView:
    """Replace the policy; what is queued already is asked again when it is its turn."""
    found = await policies.set_policy(tx, form.policy(), if_match=if_match)
    response.headers["ETag"] = etag(found.version)
    return MessagePolicyView.of(found)


@routes.get("/me/channels")
@permit(Role.CLIENT)
async def my_channels(tx: Transaction, by: By) -> ChannelWordsView:
    """Which channels I do not want, and for what."""
    return await _declined(tx, _me(by))


@routes.put("/me/channels")
@permit(Role.CLIENT)
async def say(form: ChannelWordsForm, tx: Transaction, by: By, now: Now) -> ChannelWordsView:
    """Say that I do not want a channel for a purpose, or take that back."""
    words = [(one.channel, one.purpose, one.declined) for one in form.words]
    client_id = await channels.say(tx, _me(by), words, source="client", now=now)
    return await _declined(tx, client_id)


@routes.post("/wechat/events")
@permit(Role.SERVICE)
async def take_events(form: EventsForm, tx: Transaction) -> AcceptedView:
    """What WeChat pushed to the gateway. Safe to repeat: an event counts once."""
    taken = [Event(**event.model_dump()) for event in form.events]
    return AcceptedView(accepted=await events.take(tx, taken))


@links.get(unsubscribing.PATH + "/{token}", response_class=HTMLResponse)
@public
async def leaving(token: str) -> HTMLResponse:
    """Ask before anything happens: mail programs open links by themselves."""
    unsubscribing.brand_of(token)
    return HTMLResponse(PAGE, headers=HEADERS)


@links.post(unsubscribing.PATH + "/{token}", response_class=HTMLResponse, openapi_extra=ONE_CLICK)
@public
async def leave(token: str, kit: OfKit, now: Now) -> HTMLResponse:
    """No more e-mail for the purpose of that message (RFC 8058). Safe to repeat."""
    async with kit.database.transaction(unsubscribing.brand_of(token)) as tx:
        await unsubscribing.withdraw(tx, token, now=now)
    return HTMLResponse(DONE, headers=HEADERS)


def _me(by: By) -> UUID:
    if by.client_id is None:
        raise NotFound
    return by.client_id


async def _declined(tx: Transaction, client_id: UUID) -> ChannelWordsView:
    found = await standing.declined_by(tx, client_id)
    return ChannelWordsView(
        declined=[ChannelWordView(channel=channel, purpose=purpose) for channel, purpose in sorted(found)]
    )
