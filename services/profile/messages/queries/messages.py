"""Reading messages: where each stands, and what a draft says."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.refusal import NotFound
from services.profile.messages.rules import Channel, Purpose, Status

_COLUMNS = (
    "message_id, client_id, purpose, template, status, reason, channel, asked_at, settled_at, due_at, expires_at,"
    " requested_by, drafted_by, version, cast(named as text) as named, words, variables, link,"
    # What WeChat tells comes by a push, which may be here before our own row says `sent`: so it is looked up.
    " coalesce(delivery_code = 'delivered', (select error_code = 0 from wechat_event"
    " where wechat_event.brand_id = message.brand_id and message_ref = channel_ref"
    " order by occurred_at desc limit 1)) as delivered"
)
_MESSAGE = text(f"select {_COLUMNS} from message where brand_id = :brand and message_id = :message_id")  # noqa: S608
_LOCKED = text(
    f"select {_COLUMNS} from message where brand_id = :brand and message_id = :message_id for update"  # noqa: S608
)


@dataclass(frozen=True, slots=True)
class Words:
    """What a message says, where no approved template says it; `subject` is an e-mail's."""

    text: str = field(repr=False)
    subject: str | None = field(default=None, repr=False)
    language: str = "zh"

    def packed(self) -> str:
        """As it is sealed."""
        return json.dumps({"text": self.text, "subject": self.subject, "language": self.language}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `delivered` is what the channel reported afterwards; null while it has said nothing.

    `drafted_by` is null, `template`, `assistant` or `person`; `named` counts the facts of hers that a draft names, by
    kind. Words and values are there until it is settled.
    """

    message_id: UUID
    client_id: UUID
    purpose: Purpose
    template: str
    status: Status
    reason: str | None
    channel: Channel | None
    asked_at: datetime
    settled_at: datetime | None
    due_at: datetime | None
    expires_at: datetime | None
    requested_by: str
    drafted_by: str | None
    version: int
    named: dict[str, str] | None
    words: Words | None = field(repr=False)
    variables: dict[str, str] = field(repr=False)
    link: str | None = field(repr=False)
    delivered: bool | None


async def message(tx: AsyncSession, message_id: UUID, *, locked: bool = False) -> Message:
    """One message, nobody else's to change until the transaction ends if `locked`; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "message_id": message_id}
    row = (await tx.execute(_LOCKED if locked else _MESSAGE, asked)).one_or_none()
    if row is None:
        raise NotFound
    ring = keyring(tx)
    words = json.loads(ring.open("message", "words", message_id, row.words)) if row.words else None
    return Message(
        message_id=row.message_id,
        client_id=row.client_id,
        purpose=Purpose(row.purpose),
        template=row.template,
        status=Status(row.status),
        reason=row.reason,
        channel=Channel(row.channel) if row.channel else None,
        asked_at=row.asked_at,
        settled_at=row.settled_at,
        due_at=row.due_at,
        expires_at=row.expires_at,
        requested_by=row.requested_by,
        drafted_by=row.drafted_by,
        version=row.version,
        named=json.loads(row.named) if row.named else None,
        words=Words(**words) if words else None,
        variables=json.loads(ring.open("message", "variables", message_id, row.variables)) if row.variables else {},
        link=ring.open("message", "link", message_id, row.link) if row.link else None,
        delivered=row.delivered,
    )
