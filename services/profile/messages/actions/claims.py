"""Taking a message out of the queue, and keeping what became of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.database import EVERY_BRAND, Database
from infra.eventlog.outbox import record
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.messages import queries, rules
from services.profile.messages.actions import ledger
from services.profile.messages.actions.ledger import Account
from services.profile.messages.events import MessageRefused, MessageSent
from services.profile.messages.queries import CHANNEL
from services.profile.messages.rules import Purpose, Reason, Status, Step

# What was queued in the backup may have been sent between it and the restore: nobody knows any more.
FROM_BEFORE = "exists (select from restoration where restored_at > asked_at)"

_DUE = text(
    "select message_id, client_id, purpose, template, appid, template_id, openid, openid_blind, variables, link,"  # noqa: S608
    f" asked_at from message where brand_id = :brand and status = 'queued' and due_at <= :now and not {FROM_BEFORE}"
    # Several instances look at once: each takes another message.
    " order by due_at, message_id limit 1 for update skip locked"
)
_MOVE = text(
    "update message set status = :status, reason = :reason, channel_ref = :channel_ref, due_at = :due_at,"
    " sending_at = :sending_at, settled_at = :settled_at, openid = case when :settled then null else openid end,"
    " variables = case when :settled then null else variables end, link = case when :settled then null else link end"
    " where brand_id = :brand and message_id = :message_id and status = :before returning 1"
)
_GIVE_UP = text(
    "update message set status = 'unknown', reason = :reason, settled_at = :now, openid = null, variables = null,"  # noqa: S608
    " link = null"
    f" where status = 'sending' and sending_at < :before or status = 'queued' and {FROM_BEFORE}"
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message taken out of the queue, opened."""

    message_id: UUID
    client_id: UUID
    purpose: Purpose
    template: str
    account: Account
    asked_at: datetime
    openid: str = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    link: str | None = field(repr=False)


class Fate(StrEnum):
    """What becomes of the credit that was spent for a message."""

    SPENT = "spent"
    RETURNED = "returned"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: the step, why, WeChat's number for the message, and how long to wait before the next."""

    step: Step
    reason: str | None = None
    channel_ref: str | None = None
    credit: Fate = Fate.SPENT
    wait: timedelta = timedelta(0)


async def claim(tx: AsyncSession, *, now: datetime) -> Letter | None:
    """Take the message that is due first; None if rivals have them all, or if she may no longer be written to."""
    row = (await tx.execute(_DUE, {"brand": tx.info["brand_id"], "now": now})).one_or_none()
    if row is None:
        return None
    ring = keyring(tx)
    letter = Letter(
        message_id=row.message_id,
        client_id=row.client_id,
        purpose=Purpose(row.purpose),
        template=row.template,
        account=Account(row.appid, bytes(row.openid_blind), row.template_id),
        asked_at=row.asked_at,
        openid=ring.open("message", "openid", row.message_id, row.openid),
        variables=json.loads(ring.open("message", "variables", row.message_id, row.variables)),
        link=ring.open("message", "link", row.message_id, row.link) if row.link else None,
    )
    # A withdrawal or a restriction counts at once, also for what is already waiting.
    if (reason := await _forbidden(tx, letter)) is not None:
        await _move(tx, letter, Status.QUEUED, Outcome(Step.WITHDRAW, reason, credit=Fate.RETURNED), now=now)
        return None
    await _move(tx, letter, Status.QUEUED, Outcome(Step.CLAIM), now=now)
    return letter


async def settle(tx: AsyncSession, letter: Letter, outcome: Outcome, *, now: datetime) -> None:
    """Keep how an attempt ended and announce it. Nothing happens if the message was given up meanwhile."""
    await _move(tx, letter, Status.SENDING, outcome, now=now)


async def give_up(database: Database, *, before: datetime, now: datetime) -> int:
    """Say `unknown` of messages claimed before a moment that nobody has settled; answers how many.

    And of those that a restore has brought back into the queue.
    """
    async with database.transaction(EVERY_BRAND) as tx:
        lost = await tx.execute(_GIVE_UP, {"before": before, "now": now, "reason": Reason.INTERRUPTED.value})
        count: int = lost.rowcount  # type: ignore[attr-defined]
    if count:
        structlog.get_logger().warning("messages-unknown", count=count)
    return count


async def _forbidden(tx: AsyncSession, letter: Letter) -> Reason | None:
    client_id = await identities.canonical(tx, letter.client_id)
    if await consents.restricted(tx, [client_id]):
        return Reason.RESTRICTED
    return None if await queries.permitted(tx, client_id, letter.purpose) else Reason.NO_CONSENT


async def _move(tx: AsyncSession, letter: Letter, before: Status, outcome: Outcome, *, now: datetime) -> None:
    status = rules.after(before, outcome.step)
    settled = status not in {Status.QUEUED, Status.SENDING}
    row = {
        "brand": tx.info["brand_id"],
        "message_id": letter.message_id,
        "before": before.value,
        "status": status.value,
        "reason": outcome.reason,
        "channel_ref": outcome.channel_ref,
        "due_at": now + outcome.wait if status is Status.QUEUED else None,
        "sending_at": now if status is Status.SENDING else None,
        "settled_at": now if settled else None,
        # Nothing more is sent there, and nobody needs what it said.
        "settled": settled,
    }
    if (await tx.execute(_MOVE, row)).first() is None:
        return
    match outcome.credit:
        case Fate.RETURNED:
            await ledger.give_back(tx, letter.account, since=letter.asked_at)
        case Fate.VOID:
            await ledger.void(tx, letter.account)
        case Fate.SPENT:
            pass
    _announce(tx, letter, status, outcome.reason)


def _announce(tx: AsyncSession, letter: Letter, status: Status, reason: str | None) -> None:
    if status is Status.SENT:
        sent = MessageSent(
            message_id=letter.message_id,
            client_id=letter.client_id,
            purpose=letter.purpose,
            template=letter.template,
            channel=CHANNEL,
        )
        record(tx, sent)
    elif status in {Status.FAILED, Status.REFUSED} and reason is not None:
        refused = MessageRefused(
            message_id=letter.message_id,
            client_id=letter.client_id,
            purpose=letter.purpose,
            template=letter.template,
            reason=reason,
        )
        record(tx, refused)
