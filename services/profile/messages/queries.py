"""Reading messages, and what a client permits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.refusal import NotFound
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.messages.rules import NEEDS_CONSENT, Purpose, Status

CHANNEL = "wechat-subscribe"

_MESSAGE = text(
    "select message_id, client_id, purpose, template, status, reason, channel, asked_at, settled_at,"
    # Delivery is told by a push, which may come before our own row says `sent`: so it is looked up, not copied.
    " (select error_code = 0 from wechat_event"
    " where wechat_event.brand_id = message.brand_id and message_ref = channel_ref"
    " order by occurred_at desc limit 1) as delivered"
    " from message where brand_id = :brand and message_id = :message_id"
)
_CREDITS = text(
    "select template_id, sum(remaining)::int as remaining from message_credit"
    " where brand_id = :brand and appid = :appid and openid_blind = any(:blinds) group by 1 order by 1"
)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `delivered` is what WeChat reported afterwards; null while it has said nothing."""

    message_id: UUID
    client_id: UUID
    purpose: Purpose
    template: str
    status: Status
    reason: str | None
    channel: str | None
    asked_at: datetime
    settled_at: datetime | None
    delivered: bool | None


@dataclass(frozen=True, slots=True)
class Credit:
    """How many messages of a template she still permits."""

    template_id: str
    remaining: int


@dataclass(frozen=True, slots=True)
class Permissions:
    """Everything the ledger knows of a client."""

    client_id: UUID
    consents: dict[Purpose, bool]
    reachable: bool
    credits: list[Credit]


async def message(tx: AsyncSession, message_id: UUID) -> Message:
    """One message; raises NotFound."""
    row = (await tx.execute(_MESSAGE, {"brand": tx.info["brand_id"], "message_id": message_id})).one_or_none()
    if row is None:
        raise NotFound
    message_id, client_id, purpose, template, status, *rest = row
    return Message(message_id, client_id, Purpose(purpose), template, Status(status), *rest)


async def permissions(tx: AsyncSession, client_id: UUID, *, appid: str) -> Permissions:
    """What a client permits the house to send from one account, over all records that are she."""
    canonical = await identities.canonical(tx, client_id)
    openids = await openids_of(tx, canonical, appid=appid)
    blinds = [blind(tx, appid, openid) for openid in openids]
    rows = await tx.execute(_CREDITS, {"brand": tx.info["brand_id"], "appid": appid, "blinds": blinds})
    return Permissions(
        client_id=canonical,
        consents={purpose: await permitted(tx, canonical, purpose) for purpose in Purpose},
        reachable=bool(openids),
        credits=[Credit(*row) for row in rows],
    )


async def permitted(tx: AsyncSession, client_id: UUID, purpose: Purpose) -> bool:
    """Whether she consents to this purpose, or it needs no consent."""
    return purpose not in NEEDS_CONSENT or await consents.granted(tx, client_id, purpose.value)


async def openids_of(tx: AsyncSession, client_id: UUID, *, appid: str) -> Sequence[str]:
    """Her openids in one account, the latest first."""
    return [known.openid for known in await identities.openids(tx, client_id) if known.appid == appid]


def blind(tx: AsyncSession, appid: str, openid: str) -> bytes:
    """Under which an openid's credits are kept, whether or not anybody knows yet whose it is."""
    return keyring(tx).blind("message_credit.openid", f"{appid}\n{openid}")
