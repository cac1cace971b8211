"""Inviting clients, and handing the invitations that are due to profile, the one door out."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel, ConfigDict
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit, pause
from infra.crypto import keyring
from infra.database import EVERY_BRAND
from infra.eventlog.outbox import record
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.peers import PeerRefused, PeerUnavailable
from infra.refusal import NotFound
from infra.telemetry import start_trace
from services.feedback.invitations import queries, rules
from services.feedback.invitations.events import SurveyDue
from services.feedback.invitations.rules import LIFETIME, LinkUsed, Status, Trigger
from services.feedback.invitations.tables import Invitation
from services.feedback.surveys import queries as surveys

BATCH = 8  # invitations handed over side by side
POLL = 0.25  # seconds between two looks
SWEEP = 500  # invitations that expire at once

# Profile's no that may become a yes: our own token or its load, not her wishes.
_TRY_AGAIN = frozenset({401, 403, 408, 425})


class MessageOutcome(BaseModel):
    """What we read of profile's answer to a message."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: str
    reason: str | None = None


@dataclass(frozen=True)
class Touch:
    """What a client has just lived through."""

    trigger: Trigger
    cause_id: UUID
    client_id: UUID
    boutique_id: UUID
    touched_at: datetime
    advisor_id: UUID | None = None
    appointment_id: UUID | None = None
    work_order_id: UUID | None = None


async def invite(tx: AsyncSession, touch: Touch, *, survey_id: UUID, delay: timedelta) -> UUID:
    """Ask about a touch when the delay has passed; a touch that was invited before is left alone."""
    brand_id, invitation_id = tx.info["brand_id"], new_id()
    token, due_at = f"{brand_id}.{secrets.token_urlsafe(32)}", touch.touched_at + delay
    await tx.execute(
        insert(Invitation)
        .values(
            brand_id=brand_id,
            invitation_id=invitation_id,
            cause_id=touch.cause_id,
            trigger=touch.trigger,
            survey_id=survey_id,
            client_id=touch.client_id,
            boutique_id=touch.boutique_id,
            advisor_id=touch.advisor_id,
            appointment_id=touch.appointment_id,
            work_order_id=touch.work_order_id,
            status=Status.SCHEDULED,
            touched_at=touch.touched_at,
            due_at=due_at,
            expires_at=due_at + LIFETIME,
            token_hash=rules.digest(token),
            token=keyring(tx).seal("invitation", "token", invitation_id, token),
            attempts=0,
            next_attempt_at=due_at,
        )
        .on_conflict_do_nothing(index_elements=["brand_id", "cause_id"])
    )
    return invitation_id


async def ask(tx: AsyncSession, touch: Touch, *, survey_id: UUID, delay: timedelta, by: Caller) -> Invitation:
    """Invite one client because a person wants it. Raises NotFound or SurveyNotPublished."""
    if by.role is not Role.HEADQUARTERS and touch.boutique_id not in by.boutique_ids:
        raise NotFound
    await queries.boutique(tx, touch.boutique_id)
    await surveys.published(tx, survey_id)
    invitation_id = await invite(tx, touch, survey_id=survey_id, delay=delay)
    return await queries.invitation(tx, invitation_id, by=by)


async def spend(tx: AsyncSession, token_hash: bytes, *, now: datetime) -> None:
    """Use up a link. Of two at the same moment the second waits for the first and raises LinkUsed."""
    spent = await tx.execute(
        update(Invitation)
        .where(
            Invitation.brand_id == tx.info["brand_id"],
            Invitation.token_hash == token_hash,
            Invitation.status.in_([Status.DUE, Status.SENT]),
        )
        .values(status=Status.ANSWERED, answered_at=now, token=None)
        .returning(Invitation.invitation_id)
        .execution_options(synchronize_session=False)
    )
    if spent.first() is None:
        raise LinkUsed


async def withdraw(tx: AsyncSession, work_order_id: UUID, *, reason: str) -> None:
    """Do not ask about a work order after all, unless she has been asked already."""
    await tx.execute(
        update(Invitation)
        .where(
            Invitation.brand_id == tx.info["brand_id"],
            Invitation.work_order_id == work_order_id,
            Invitation.status.in_([Status.SCHEDULED, Status.DUE]),
        )
        .values(status=Status.REFUSED, reason=reason, token=None)
        .execution_options(synchronize_session=False)
    )


async def dispatch(kit: Kit, stop: asyncio.Event) -> None:
    """Hand over what is due until told to stop. Any number of instances may do so at once."""
    while not stop.is_set():
        if not await dispatch_once(kit):
            await pause(stop, POLL)


async def dispatch_once(kit: Kit) -> int:
    """Hand over one batch; answers how many invitations were taken up."""
    start_trace(None)
    now = kit.clock()
    async with kit.database.transaction(EVERY_BRAND) as tx:
        for invitation in await queries.outdated(tx, now=now, limit=SWEEP):
            invitation.status, invitation.token = Status.EXPIRED, None
        claimed = [_claim(tx, invitation, now=now) for invitation in await queries.ready(tx, now=now, limit=BATCH)]
    # The claim is committed: no row stays locked while profile is asked, and a killed instance's claims lapse.
    async with asyncio.TaskGroup() as tasks:
        for brand_id, invitation_id in claimed:
            tasks.create_task(_hand_over(kit, brand_id, invitation_id))
    return len(claimed)


def _claim(tx: AsyncSession, invitation: Invitation, *, now: datetime) -> tuple[str, UUID]:
    if invitation.status == Status.SCHEDULED:
        invitation.status = Status.DUE
        due = SurveyDue(
            invitation_id=invitation.invitation_id,
            survey_id=invitation.survey_id,
            client_id=invitation.client_id,
            boutique_id=invitation.boutique_id,
            appointment_id=invitation.appointment_id,
            work_order_id=invitation.work_order_id,
            trigger=Trigger(invitation.trigger),
        )
        record(tx, due, brand_id=invitation.brand_id, occurred_at=now)
    invitation.attempts += 1
    invitation.next_attempt_at = now + rules.LEASE
    return invitation.brand_id, invitation.invitation_id


async def _hand_over(kit: Kit, brand_id: str, invitation_id: UUID) -> None:
    async with kit.database.transaction(brand_id) as tx:
        invitation = await tx.get_one(Invitation, (brand_id, invitation_id))
        if invitation.status != Status.DUE:  # withdrawn since
            return
        message = await _message(tx, invitation, public_url=kit.settings.public_url)
    outcome = await _send(kit, invitation, message) if message else None
    now = kit.clock()
    changes: dict[str, Any]
    if outcome is None:
        structlog.get_logger().warning("invitation-postponed", peer="profile", attempt=invitation.attempts)
        changes = {"next_attempt_at": now + rules.wait_after(invitation.attempts)}
    elif outcome.status == "refused":
        changes = {"status": Status.REFUSED, "reason": outcome.reason or "refused", "token": None}
    else:
        changes = {"status": Status.SENT, "sent_at": now, "token": None}
    async with kit.database.transaction(brand_id) as tx:
        # Only while it is due: she may have answered already.
        of = (Invitation.brand_id == brand_id, Invitation.invitation_id == invitation_id)
        await tx.execute(update(Invitation).where(*of, Invitation.status == Status.DUE).values(changes))


async def _send(kit: Kit, invitation: Invitation, message: dict[str, object]) -> MessageOutcome | None:
    """What became of the message; None if it is worth another try."""
    # The same key on every try: whatever was killed in between, she gets one message.
    key = str(invitation.invitation_id)
    try:
        answer = await kit.peers["profile"].call(
            "POST", "/v1/messages", brand_id=invitation.brand_id, json=message, idempotency_key=key
        )
    except PeerUnavailable:
        return None
    except PeerRefused as no:
        return _read_refusal(no)
    return MessageOutcome.model_validate(answer)


def _read_refusal(no: PeerRefused) -> MessageOutcome | None:
    if no.status in _TRY_AGAIN or no.peer_type == "still-running":
        return None
    if no.peer_type == "idempotency-key-reused":
        # Profile took the message on an earlier try; only its words differ now, the boutique has a new name.
        return MessageOutcome(status="queued")
    return MessageOutcome(status="refused", reason=no.peer_type)


async def _message(tx: AsyncSession, invitation: Invitation, *, public_url: str) -> dict[str, object] | None:
    """What profile is asked to send; None while we have not heard of the boutique."""
    try:
        boutique = await queries.boutique(tx, invitation.boutique_id)
    except NotFound:
        return None
    merged = await queries.canonical(tx, [invitation.client_id])
    token = keyring(tx).open("invitation", "token", invitation.invitation_id, invitation.token or b"")
    return {
        "client_id": str(merged[invitation.client_id]),
        "purpose": "survey",
        "template": "survey-invitation",
        "variables": {
            "boutique": boutique.name_zh,
            "date": rules.spelled(invitation.touched_at.astimezone(ZoneInfo(boutique.zone)).date()),
            "text": rules.words(Trigger(invitation.trigger)),
        },
        "link": f"{public_url}/s/{token}",
    }
