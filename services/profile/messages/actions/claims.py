"""Taking a message out of the queue, and keeping what became of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.database import EVERY_BRAND, Database
from infra.eventlog.outbox import record
from services.profile.consents import queries as consents
from services.profile.consents.rules import Purpose as Consented
from services.profile.identities import queries as identities
from services.profile.messages.actions import ledger, orphans
from services.profile.messages.actions.ledger import Account
from services.profile.messages.events import MessageRefused, MessageSent
from services.profile.messages.queries import standing
from services.profile.messages.queries.messages import Words
from services.profile.messages.queries.ways import leads_to
from services.profile.messages.rules import NEEDS_CONSENT, Asked, Channel, Purpose, Reason, Status, Step, after
from services.profile.messages.rules.life import OPEN
from services.profile.messages.rules.permission import verdict

# What was queued in the backup may have been sent between it and the restore: nobody knows any more.
FROM_BEFORE = "exists (select from restoration where restored_at > asked_at)"

_LETTER = (
    "select message_id, client_id, purpose, template, channel, appid, template_id, openid, openid_blind, address,"
    " variables, words, link, sender_id, channel_ref, asked_at, expires_at from message where brand_id = :brand"
)
_DUE = text(
    f"{_LETTER} and channel = :channel and status = 'queued' and due_at <= :now and not {FROM_BEFORE}"
    # Several instances look at once: each takes another message.
    " order by due_at, message_id limit 1 for update skip locked"
)
_AWAITED = text(
    f"{_LETTER} and status = 'awaiting-advisor' and due_at <= :now order by due_at, message_id limit 1"
    " for update skip locked"
)
_LOOK_AGAIN = text("update message set due_at = :due_at where brand_id = :brand and message_id = :message_id")
# Once it is settled, what it said and where it went is needed by nobody.
_MOVE = text(
    "update message set status = :status, reason = :reason, channel_ref = coalesce(:channel_ref, channel_ref),"
    " due_at = :due_at, sending_at = :sending_at, settled_at = :settled_at,"
    " openid = case when :settled then null else openid end, address = case when :settled then null else address end,"
    " variables = case when :settled then null else variables end, words = case when :settled then null else words end,"
    " link = case when :settled then null else link end"
    " where brand_id = :brand and message_id = :message_id and status = :before returning 1"
)
_GIVE_UP = text(
    "update message set status = 'unknown', reason = :reason, settled_at = :now, openid = null, address = null,"  # noqa: S608
    " variables = null, words = null, link = null where channel = :channel"
    f" and (status = 'sending' and sending_at < :before or status = 'queued' and {FROM_BEFORE})"
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message taken out of the queue, opened. Its `account` is there for subscribe messages alone."""

    brand_id: str
    message_id: UUID
    client_id: UUID
    purpose: Purpose
    template: str
    channel: Channel
    account: Account | None
    asked_at: datetime
    expires_at: datetime | None
    sender_id: UUID | None
    channel_ref: str | None
    address: str = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    words: Words | None = field(repr=False)
    link: str | None = field(repr=False)


class Fate(StrEnum):
    """What becomes of the credit that was spent for a message."""

    SPENT = "spent"
    RETURNED = "returned"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: the step, why, the channel's number for the message, how long to wait before the next look.

    `declines`: the channel says that she wants nothing more by it.
    """

    step: Step
    reason: str | None = None
    channel_ref: str | None = None
    credit: Fate = Fate.SPENT
    wait: timedelta = timedelta(0)
    declines: bool = False


async def claim(tx: AsyncSession, channel: Channel, *, now: datetime) -> Letter | None:
    """Take the message of a channel that is due first.

    None if rivals have them all, if she may no longer be written to, or if it waits for its hour again.
    """
    asked = {"brand": tx.info["brand_id"], "now": now, "channel": channel.value}
    row = (await tx.execute(_DUE, asked)).one_or_none()
    if row is None:
        return None
    letter = _opened(tx, row)
    # A withdrawal, a restriction or an hour counts at once, also for what is already waiting.
    outcome = await _still(tx, letter, now=now)
    await _move(tx, letter, Status.QUEUED, outcome, now=now)
    return letter if outcome.step is Step.CLAIM else None


async def awaited(tx: AsyncSession, *, now: datetime, again: timedelta) -> Letter | None:
    """A message that waits for an advisor and is due for a look; nobody else looks at it before `again` is over."""
    row = (await tx.execute(_AWAITED, {"brand": tx.info["brand_id"], "now": now})).one_or_none()
    if row is None:
        return None
    later = {"brand": tx.info["brand_id"], "message_id": row.message_id, "due_at": now + again}
    await tx.execute(_LOOK_AGAIN, later)
    return _opened(tx, row)


async def no_longer(tx: AsyncSession, letter: Letter, *, now: datetime) -> Outcome | None:
    """Its end, if what permitted a message does so no longer; None while it may leave."""
    outcome = await _still(tx, letter, now=now)
    return outcome if outcome.step is Step.WITHDRAW else None


async def settle(
    tx: AsyncSession, letter: Letter, outcome: Outcome, *, now: datetime, before: Status = Status.SENDING
) -> None:
    """Keep how an attempt ended and announce it. Nothing happens if the message was given up meanwhile."""
    await _move(tx, letter, before, outcome, now=now)


async def give_up(database: Database, channel: Channel, *, before: datetime, now: datetime) -> int:
    """Say `unknown` of a channel's messages claimed before a moment that nobody has settled; answers how many.

    And of those that a restore has brought back into the queue.
    """
    asked = {"before": before, "now": now, "reason": Reason.INTERRUPTED.value, "channel": channel.value}
    async with database.transaction(EVERY_BRAND) as tx:
        lost = await tx.execute(_GIVE_UP, asked)
        count: int = lost.rowcount  # type: ignore[attr-defined]
    if count:
        structlog.get_logger().warning("messages-unknown", count=count)
    return count


def _opened(tx: AsyncSession, row: Row[tuple[object, ...]]) -> Letter:
    ring = keyring(tx)
    column = "openid" if row.openid else "address"
    sealed = row.openid or row.address
    words = json.loads(ring.open("message", "words", row.message_id, row.words)) if row.words else None
    return Letter(
        brand_id=tx.info["brand_id"],
        message_id=row.message_id,
        client_id=row.client_id,
        purpose=Purpose(row.purpose),
        template=row.template,
        channel=Channel(row.channel),
        account=Account(row.appid, bytes(row.openid_blind), row.template_id) if row.openid_blind else None,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        sender_id=row.sender_id,
        channel_ref=row.channel_ref,
        address=ring.open("message", column, row.message_id, sealed),
        variables=json.loads(ring.open("message", "variables", row.message_id, row.variables)) if row.variables else {},
        words=Words(**words) if words else None,
        link=ring.open("message", "link", row.message_id, row.link) if row.link else None,
    )


async def _still(tx: AsyncSession, letter: Letter, *, now: datetime) -> Outcome:
    """Claimed, or what the rules say of it now: its place in the budget and its credit it has already."""
    family = await identities.family(tx, letter.client_id)
    asked = Asked(
        letter.purpose,
        letter.channel,
        consent=letter.purpose not in NEEDS_CONSENT
        or bool(await consents.who_allow(tx, family[:1], Consented(letter.purpose.value))),
        restricted=bool(await consents.restricted(tx, family[:1])),
        declined=(letter.channel, letter.purpose) in await standing.declined(tx, family),
        policy=(await standing.policy(tx)).policy,
    )
    found = verdict(asked, now=now, expires_at=letter.expires_at)
    if found.reason is not None:
        return Outcome(Step.WITHDRAW, found.reason, credit=Fate.RETURNED)
    # A number that is somebody else's by now, an advisor whose client she is no more.
    appid = letter.account.appid if letter.account is not None else None
    if not await leads_to(tx, family[0], letter.channel, letter.address, appid=appid, sender_id=letter.sender_id):
        return Outcome(Step.WITHDRAW, Reason.NO_CHANNEL, credit=Fate.RETURNED)
    if found.due_at is not None and found.due_at > now:
        return Outcome(Step.WAIT, wait=found.due_at - now)
    return Outcome(Step.CLAIM)


async def _move(tx: AsyncSession, letter: Letter, before: Status, outcome: Outcome, *, now: datetime) -> None:
    status = after(before, outcome.step)
    settled = status not in OPEN
    row = {
        "brand": tx.info["brand_id"],
        "message_id": letter.message_id,
        "before": before.value,
        "status": status.value,
        "reason": outcome.reason,
        "channel_ref": outcome.channel_ref,
        "due_at": now + outcome.wait if status in {Status.QUEUED, Status.AWAITING_ADVISOR} else None,
        "sending_at": now if status is Status.SENDING else None,
        "settled_at": now if settled else None,
        "settled": settled,
    }
    if (await tx.execute(_MOVE, row)).first() is None:
        if status is Status.AWAITING_ADVISOR and outcome.channel_ref is not None:
            # She was erased while it was on its way: nobody is to find it in WeCom.
            await orphans.take_back_one(tx, outcome.channel_ref, now=now)
        return
    if letter.account is not None:
        match outcome.credit:
            case Fate.RETURNED:
                await ledger.give_back(tx, letter.account, since=letter.asked_at)
            case Fate.VOID:
                await ledger.void(tx, letter.account)
            case Fate.SPENT:
                pass
    _announce(tx, letter, status, outcome.reason)


def _announce(tx: AsyncSession, letter: Letter, status: Status, reason: str | None) -> None:
    about = {
        "message_id": letter.message_id,
        "client_id": letter.client_id,
        "purpose": letter.purpose,
        "template": letter.template,
    }
    if status is Status.SENT:
        record(tx, MessageSent.model_validate(about | {"channel": letter.channel.value}))
    elif status in {Status.FAILED, Status.REFUSED} and reason is not None:
        record(tx, MessageRefused.model_validate(about | {"reason": reason}))
