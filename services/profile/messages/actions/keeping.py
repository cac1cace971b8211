"""Keeping what was decided about a message: refused and why, or queued with the credit that it used up."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.eventlog.outbox import record
from infra.settings import Settings
from services.profile.messages.actions import ledger
from services.profile.messages.actions.ledger import Account
from services.profile.messages.actions.wording import Saying
from services.profile.messages.events import MessageRefused
from services.profile.messages.queries.standing import Standing
from services.profile.messages.queries.ways import opened
from services.profile.messages.rules import Channel, Purpose
from services.profile.messages.rules.decisions import Decision

_REFUSE = text(
    "insert into message"
    " (brand_id, message_id, client_id, purpose, template, requested_by, status, reason, why, asked_at, settled_at,"
    " expires_at, reference) values (:brand, :message_id, :client_id, :purpose, :template, :requested_by, 'refused',"
    " :reason, cast(:why as jsonb), :now, :now, :expires_at, :reference)"
)
_STAYS = text(
    "update message set reason = :reason, why = cast(:why as jsonb), version = version + 1"
    " where brand_id = :brand and message_id = :message_id"
)
_QUEUE = text(
    "insert into message (brand_id, message_id, client_id, purpose, template, requested_by, status, channel, appid,"
    " template_id, openid, openid_blind, address, sender_id, variables, words, words_blind, link, asked_at, due_at,"
    " expires_at, reference)"
    " values (:brand, :message_id, :client_id, :purpose, :template, :requested_by, 'queued', :channel, :appid,"
    " :template_id, :openid, :openid_blind, :address, :sender_id, :variables, :words, :words_blind, :link, :now,"
    " :due_at, :expires_at, :reference)"
    # A draft that a person sends: it is hers from now on, and asked for now.
    " on conflict (brand_id, message_id) do update set requested_by = excluded.requested_by, status = 'queued',"
    " reason = null, why = null, channel = excluded.channel, appid = excluded.appid,"
    " template_id = excluded.template_id, openid = excluded.openid, openid_blind = excluded.openid_blind,"
    " address = excluded.address, sender_id = excluded.sender_id, variables = excluded.variables,"
    " words = excluded.words, words_blind = excluded.words_blind, link = excluded.link, asked_at = excluded.asked_at,"
    " due_at = excluded.due_at, expires_at = excluded.expires_at, version = message.version + 1"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """Whose message it is, for what, and who asked when."""

    message_id: UUID
    client_id: UUID
    purpose: Purpose
    template: str
    requested_by: str
    now: datetime
    expires_at: datetime | None
    reference: UUID | None

    def row(self, tx: AsyncSession) -> dict[str, object]:
        """As the statements want it."""
        return {
            "brand": tx.info["brand_id"],
            "message_id": self.message_id,
            "client_id": self.client_id,
            "purpose": self.purpose.value,
            "template": self.template,
            "requested_by": self.requested_by,
            "now": self.now,
            "expires_at": self.expires_at,
            "reference": self.reference,
        }


@dataclass(frozen=True, slots=True)
class Where:
    """Where it goes: an openid with its account, or an address; by WeCom from which advisor."""

    account: Account | None = None
    sender_id: UUID | None = None
    address: str = field(default="", repr=False)


def where(tx: AsyncSession, known: Standing, channel: Channel, settings: Settings, template_id: str) -> Where:
    """Her address in a permitted channel; of several openids the latest that still has a credit."""
    if channel is Channel.SUBSCRIBE:
        # The latest openid first: it is the one she is most likely to read.
        blind = next(blind for blind in known.reach.openids if known.credits.get(blind, 0) > 0)
        return Where(Account(settings.wechat_appid, blind, template_id), address=known.reach.openids[blind])
    sender = known.reach.sender if channel is Channel.WECOM else None
    return Where(sender_id=sender[0] if sender is not None else None, address=opened(tx, known.reach, channel) or "")


async def refuse(tx: AsyncSession, entry: Entry, decision: Decision, *, was_draft: bool) -> None:
    """Keep that it was refused, and why by every channel. What was a draft stays one."""
    reasons = {channel.value: one.reason for channel, one in decision.channels.items()}
    row = entry.row(tx) | {"reason": decision.reason, "why": json.dumps(reasons)}
    if was_draft:
        await tx.execute(_STAYS, row)
        return
    # What it would have said is not kept: nobody will read it.
    await tx.execute(_REFUSE, row)
    refused = MessageRefused(
        message_id=entry.message_id,
        client_id=entry.client_id,
        purpose=entry.purpose,
        template=entry.template,
        reason=str(decision.reason),
        reference=entry.reference,
    )
    record(tx, refused)


async def queue(
    tx: AsyncSession, entry: Entry, decision: Decision, to: Where, said: Saying, *, words_blind: bytes | None
) -> None:
    """Queue it by the decided channel, and spend the credit it needs."""
    if to.account is not None:
        await ledger.spend(tx, to.account)
    ring, message_id = keyring(tx), entry.message_id
    channel = decision.channel
    carries_words = channel in {Channel.WECOM, Channel.EMAIL}
    variables = None if carries_words else json.dumps(dict(said.variables), ensure_ascii=False)
    words = said.words.packed() if carries_words and said.words is not None else None
    account = to.account
    await tx.execute(
        _QUEUE,
        entry.row(tx)
        | {
            "channel": channel.value if channel is not None else None,
            "appid": account.appid if account is not None else None,
            "template_id": _template_id(said, channel),
            "openid": ring.seal("message", "openid", message_id, to.address) if account is not None else None,
            "openid_blind": account.blind if account is not None else None,
            "address": ring.seal("message", "address", message_id, to.address) if account is None else None,
            "sender_id": to.sender_id,
            "variables": ring.seal("message", "variables", message_id, variables) if variables else None,
            "words": ring.seal("message", "words", message_id, words) if words else None,
            "words_blind": words_blind,
            "link": ring.seal("message", "link", message_id, said.link) if said.link else None,
            "due_at": decision.due_at,
        },
    )


def _template_id(said: Saying, channel: Channel | None) -> str | None:
    match channel:
        case Channel.SUBSCRIBE:
            return said.template.template_id
        case Channel.SMS:
            return said.sms.template_id if said.sms is not None else None
        case _:
            return None
