"""Handing the invitations that are due to profile, the one door out."""

import asyncio
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.crypto import SealBrokenError, keyring
from infra.database import EVERY_BRAND
from infra.eventlog.hint import pause
from infra.eventlog.outbox import record
from infra.peers import PeerRefused, PeerUnavailable
from infra.refusal import NotFound
from infra.telemetry import reduced, start_trace
from infra.telemetry.traces import work
from services.feedback.invitations import queries, rules
from services.feedback.invitations.events import SurveyDue
from services.feedback.invitations.rules import Status
from services.feedback.invitations.tables import Invitation, InvitationMessage
from services.feedback.journeys.rules import Trigger

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
    message_id: UUID | None = None


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
            tasks.create_task(_alone(kit, brand_id, invitation_id))
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
    # What ends in a fault is left as it is claimed here, so that it comes back more and more rarely.
    invitation.next_attempt_at = now + max(rules.LEASE, rules.wait_after(invitation.attempts))
    return invitation.brand_id, invitation.invitation_id


async def _alone(kit: Kit, brand_id: str, invitation_id: UUID) -> None:
    """Hand one over. A fault of one must not hold up its neighbours: it is logged, and its claim lapses."""
    try:
        with work("hand over invitation"):
            await _hand_over(kit, brand_id, invitation_id)
    except Exception as fault:  # noqa: BLE001 - an edge: each invitation is a job of its own
        structlog.get_logger().error("invitation-fault", invitation_id=str(invitation_id), **reduced(fault))


async def _hand_over(kit: Kit, brand_id: str, invitation_id: UUID) -> None:
    async with kit.database.transaction(brand_id) as tx:
        invitation = await tx.get_one(Invitation, (brand_id, invitation_id), with_for_update=True)
        if invitation.status != Status.DUE:  # withdrawn since
            return
        try:
            message = await _message(tx, invitation, public_url=kit.settings.public_url)
        except SealBrokenError:
            structlog.get_logger().error("invitation-unreadable", invitation_id=str(invitation_id))
            invitation.status, invitation.reason, invitation.token = Status.REFUSED, rules.UNREADABLE, None
            return
    outcome = await _send(kit, invitation, message) if message else None
    async with kit.database.transaction(brand_id) as tx:
        await _keep(tx, invitation_id, outcome, now=kit.clock())


async def _keep(tx: AsyncSession, invitation_id: UUID, outcome: MessageOutcome | None, *, now: datetime) -> None:
    no = await _no_of(tx, invitation_id, outcome) if outcome else None
    invitation = await tx.get_one(Invitation, (tx.info["brand_id"], invitation_id), with_for_update=True)
    if invitation.status != Status.DUE:  # she may have answered already
        return
    if outcome is None:
        structlog.get_logger().warning("invitation-postponed", peer="profile", attempt=invitation.attempts)
        invitation.next_attempt_at = now + rules.wait_after(invitation.attempts)
    elif no is not None:
        invitation.status, invitation.reason, invitation.token = Status.REFUSED, no, None
    else:
        invitation.status, invitation.sent_at, invitation.token = Status.SENT, now, None


async def _no_of(tx: AsyncSession, invitation_id: UUID, outcome: MessageOutcome) -> str | None:
    """Why she does not get the message, None if she does. Profile's later no may have come before its answer."""
    told = None
    if outcome.message_id is not None:
        row = insert(InvitationMessage).values(
            brand_id=tx.info["brand_id"], message_id=outcome.message_id, invitation_id=invitation_id
        )
        known = row.on_conflict_do_update(
            index_elements=["brand_id", "message_id"], set_={"invitation_id": invitation_id}
        )
        told = (await tx.scalars(known.returning(InvitationMessage.reason))).one()
    return outcome.reason or "refused" if outcome.status == "refused" else told


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
    try:
        return MessageOutcome.model_validate(answer)
    except ValidationError:  # not profile's answer
        return None


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
        "purpose": rules.PURPOSE,
        "template": "survey-invitation",
        "variables": {
            "boutique": boutique.name_zh,
            "date": rules.spelled(invitation.touched_at.astimezone(ZoneInfo(boutique.zone)).date()),
            "text": rules.words(Trigger(invitation.trigger)),
        },
        "link": f"{public_url}/s/{token}",
    }
