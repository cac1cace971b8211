"""Asking for a message: the ledger decides, and what it permits is used up in the same transaction that queues."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.eventlog.outbox import record
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import NotFound
from infra.settings import Settings
from services.profile.books import queries as books
from services.profile.clients import queries as clients
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.messages import queries, rules
from services.profile.messages.actions import ledger
from services.profile.messages.actions.ledger import Account
from services.profile.messages.events import MessageRefused
from services.profile.messages.queries import CHANNEL, Message
from services.profile.messages.rules import Asked, Purpose, Reason, Template

_REFUSE = text(
    "insert into message"
    " (brand_id, message_id, client_id, purpose, template, requested_by, status, reason, asked_at, settled_at)"
    " values (:brand, :message_id, :client_id, :purpose, :template, :requested_by, 'refused', :reason, :now, :now)"
)
_QUEUE = text(
    "insert into message (brand_id, message_id, client_id, purpose, template, requested_by, status, channel, appid,"
    " template_id, openid, openid_blind, variables, link, asked_at, due_at)"
    " values (:brand, :message_id, :client_id, :purpose, :template, :requested_by, 'queued', :channel, :appid,"
    " :template_id, :openid, :openid_blind, :variables, :link, :now, :now)"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say to a client."""

    client_id: UUID
    purpose: Purpose
    template: str
    variables: Mapping[str, str]
    link: str | None


async def ask(tx: AsyncSession, draft: Draft, *, settings: Settings, by: Caller, now: datetime) -> Message:
    """Queue a message if the ledger permits it, otherwise keep that it was refused and why.

    Raises NotFound for a client the caller does not serve, PurposeNotOpen for what is not sent by hand,
    TemplateUnknown, PurposeNotOfTemplate and LinkNotOurs.
    """
    appid = settings.wechat_appid
    template = rules.template(draft.template, settings.wechat_templates)
    rules.check_purpose(draft.purpose, by_hand=by.role is not Role.SERVICE)
    template.check(draft.purpose)
    rules.check_link(draft.link, settings.public_url)
    client_id = (await clients.client(tx, await identities.canonical(tx, draft.client_id))).client_id
    if not await clients.spared(tx, [client_id]):
        raise NotFound
    if not await books.serves(tx, client_id, by, now=now):
        raise NotFound
    openids = {
        queries.blind(tx, appid, openid): openid for openid in await queries.openids_of(tx, client_id, appid=appid)
    }
    left = await ledger.locked(tx, appid, list(openids), template.template_id)
    # The latest openid first: it is the one she is most likely to read.
    chosen = next((blind for blind in openids if left.get(blind, 0) > 0), None)
    asked = Asked(
        purpose=draft.purpose,
        restricted=client_id in await consents.restricted(tx, [client_id]),
        consent=await queries.permitted(tx, client_id, draft.purpose),
        channels=len(openids),
        credits=sum(left.values()),
    )
    reason = rules.verdict(asked)
    message_id = new_id()
    row = {
        "brand": tx.info["brand_id"],
        "message_id": message_id,
        "client_id": client_id,
        "purpose": draft.purpose.value,
        "template": draft.template,
        "requested_by": by.subject,
        "now": now,
    }
    if chosen is None or reason is not None:
        await _refuse(tx, row, reason or Reason.NO_CREDIT)
    else:
        await _queue(tx, row, draft, template, appid=appid, blind=chosen, openid=openids[chosen])
    return await queries.message(tx, message_id)


async def _refuse(tx: AsyncSession, row: dict[str, object], reason: Reason) -> None:
    # What it would have said is not kept: nobody will read it.
    await tx.execute(_REFUSE, row | {"reason": reason.value})
    refused = MessageRefused.model_validate(
        {name: row[name] for name in ("message_id", "client_id", "purpose", "template")} | {"reason": reason.value}
    )
    record(tx, refused)


async def _queue(
    tx: AsyncSession, row: dict[str, object], draft: Draft, template: Template, *, appid: str, blind: bytes, openid: str
) -> None:
    await ledger.spend(tx, Account(appid, blind, template.template_id))
    ring, message_id = keyring(tx), row["message_id"]
    variables = json.dumps(dict(draft.variables), ensure_ascii=False)
    await tx.execute(
        _QUEUE,
        row
        | {
            "channel": CHANNEL,
            "appid": appid,
            "template_id": template.template_id,
            "openid": ring.seal("message", "openid", message_id, openid),
            "openid_blind": blind,
            "variables": ring.seal("message", "variables", message_id, variables),
            "link": ring.seal("message", "link", message_id, draft.link) if draft.link else None,
        },
    )
