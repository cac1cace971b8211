"""Telling guests: each message goes to profile's door once, and a no of the door is written down."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND
from infra.eventlog.hint import pause
from infra.eventlog.outbox import record
from infra.telemetry import reduced, start_trace
from infra.telemetry.traces import work
from services.appointments.bookings.actions.door import Message, Told, tell
from services.appointments.directory import queries as directory
from services.appointments.occasions.actions import messages, seating
from services.appointments.occasions.actions.messages import Heard
from services.appointments.occasions.events import OccasionInvited
from services.appointments.occasions.queries import guests, occasions
from services.appointments.occasions.rules import words
from services.appointments.occasions.rules.life import (
    COOL_DOWN,
    LEASE,
    OccasionKind,
    Standing,
    Status,
    Step,
    step,
    wait_after,
)
from services.appointments.occasions.tables import Invitation, Occasion, Session

BATCH = 8  # handed over side by side
POLL = 0.5  # seconds between two looks
INVITATION, SEAT_OFFER, CANCELLED = "occasion-invitation", "seat-offer", "occasion-cancelled"
TOO_LATE = "too-late"  # why somebody was not invited whose turn came after the day to reply
HOME = ZoneInfo("Asia/Shanghai")  # of an occasion that is at none of our boutiques


@dataclass(frozen=True, slots=True)
class Claimed:
    """One telling that this process has taken up."""

    brand_id: str
    invitation_id: UUID
    template: str
    telling: int

    @property
    def key(self) -> str:
        """The same on every try: whatever is killed in between, she is told once."""
        return f"{self.invitation_id}:{self.telling}"


async def telling(kit: Kit, stop: asyncio.Event) -> None:
    """Hand over what is due until told to stop. Any number of instances may do so at once."""
    while not stop.is_set():
        if not await tell_once(kit):
            await pause(stop, POLL)


async def tell_once(kit: Kit) -> int:
    """Hand over one batch; answers how many were taken up."""
    start_trace(None)
    async with kit.database.transaction(EVERY_BRAND) as tx:
        claimed = await _claim(tx, now=kit.clock())
    # The claims are committed: no row is locked while profile is asked, and a killed instance's claims lapse.
    async with asyncio.TaskGroup() as tasks:
        for one in claimed:
            tasks.create_task(_alone(kit, one))
    return len(claimed)


async def _claim(tx: AsyncSession, *, now: datetime) -> list[Claimed]:
    query = (
        select(Invitation)
        .join(Occasion, (Occasion.brand_id == Invitation.brand_id) & (Occasion.occasion_id == Invitation.occasion_id))
        .where(
            Invitation.to_tell.is_not(None),
            Invitation.next_attempt_at <= now,
            # A draft's guests wait for its publishing, however long.
            Occasion.status != Standing.DRAFT,
        )
        .order_by(Invitation.next_attempt_at, Invitation.opens_at, Invitation.invitation_id)
        .limit(BATCH)
        .with_for_update(of=Invitation, skip_locked=True)
    )
    claimed = []
    for one in (await tx.execute(query)).scalars():
        one.attempts += 1
        one.next_attempt_at = now + max(LEASE, wait_after(one.attempts))
        if one.to_tell is not None:
            claimed.append(Claimed(one.brand_id, one.invitation_id, one.to_tell, one.tellings))
    return claimed


async def _alone(kit: Kit, claimed: Claimed) -> None:
    """Tell one. A fault of one must not hold up its neighbours: it is logged, and its claim lapses."""
    try:
        with work("tell a guest"):
            await _tell(kit, claimed)
    except Exception as fault:  # noqa: BLE001 - an edge: each telling is a job of its own
        structlog.get_logger().error("guest-fault", invitation_id=str(claimed.invitation_id), **reduced(fault))


async def _tell(kit: Kit, claimed: Claimed) -> None:
    async with kit.database.transaction(claimed.brand_id) as tx:
        message = await _message(tx, claimed, now=kit.clock())
    if message is None:
        told: Told | None = Told(status="refused", reason=TOO_LATE)
    else:
        told = await tell(kit.peers, claimed.brand_id, message, key=claimed.key)
    async with kit.database.transaction(claimed.brand_id) as tx:
        await _keep(tx, claimed, told, now=kit.clock())


async def _message(tx: AsyncSession, claimed: Claimed, *, now: datetime) -> Message | None:
    """What she is to be told; None when it is of no use any more."""
    guest = await tx.get_one(Invitation, (claimed.brand_id, claimed.invitation_id))
    if not _stands(guest, claimed):  # called off, or answered, since it was taken up
        return None
    occasion = await occasions.occasion(tx, guest.occasion_id)
    sessions = [one.session for one in (await occasions.sessions(tx, [occasion.occasion_id]))[occasion.occasion_id]]
    hers = [one for one in sessions if one.session_id == guest.session_id] or sessions
    expires_at = guest.offer_expires_at
    if claimed.template == INVITATION:
        expires_at = words.until(occasion.reply_by_at, max(one.starts_at for one in sessions))
    if expires_at is not None and expires_at <= now:
        return None
    place, zone = await _place(tx, hers[0])
    said = {
        "occasion": occasion.title_zh,
        "date": words.spelled(hers[0].starts_at, zone),
        "place": place,
        "until": words.spelled(expires_at, zone) if expires_at is not None else "",
    }
    variables = {"occasion": words.cut(said["occasion"]), "date": said["date"], "place": words.cut(place)}
    known = await guests.known(tx, [guest.client_id])
    return Message(
        known[guest.client_id].client_id if known else guest.client_id,
        claimed.template,
        variables,
        purpose=words.PURPOSES[claimed.template],
        text=words.sentence(claimed.template, **said),
        link=f"pages/invitation?id={guest.invitation_id}",
        expires_at=expires_at,
    )


async def _place(tx: AsyncSession, session: Session) -> tuple[str, ZoneInfo]:
    if session.boutique_id is None:
        return session.place_zh or "", HOME
    boutique = await directory.boutique(tx, session.boutique_id)
    return boutique.name_zh, ZoneInfo(boutique.zone)


async def _keep(tx: AsyncSession, claimed: Claimed, told: Told | None, *, now: datetime) -> None:
    guest = await tx.get_one(Invitation, (claimed.brand_id, claimed.invitation_id), with_for_update=True)
    heard = Heard(None, None, None, None)
    if told is not None and told.message_id is not None:
        heard = await messages.match(tx, told.message_id, guest.invitation_id, telling=claimed.telling, now=now)
    stands = _stands(guest, claimed)
    if told is None:
        if stands:
            guest.next_attempt_at = now + wait_after(guest.attempts)
        return
    no = None if told.taken else told.reason or "refused"
    if not stands:
        # Called off while she was being told: she has to hear that too.
        if no is None and claimed.template == INVITATION and guest.status == Status.CANCELLED:
            guest.invited_at = guest.invited_at or now
            seating.owe(guest, CANCELLED, now=now)
        return
    seating.owe(guest, None, now=now)
    if claimed.template == INVITATION and no is None:
        await _invited(tx, guest, now=now)
    if no is not None or heard.outcome == "refused":
        await unreachable(tx, guest, claimed.template, no or heard.reason or "refused", now=now)
    elif heard.outcome == "sent":
        guest.sent_at = guest.sent_at or now
    guest.version += 1


def _stands(guest: Invitation, claimed: Claimed) -> bool:
    return guest.to_tell == claimed.template and guest.tellings == claimed.telling


async def _invited(tx: AsyncSession, guest: Invitation, *, now: datetime) -> None:
    occasion = await occasions.occasion(tx, guest.occasion_id)
    guest.status, guest.invited_at, guest.reason = step(Status(guest.status), Step.SEND), now, None
    record(
        tx,
        OccasionInvited(
            invitation_id=guest.invitation_id,
            occasion_id=guest.occasion_id,
            client_id=guest.client_id,
            kind=OccasionKind(occasion.kind),
        ),
    )


async def unreachable(tx: AsyncSession, guest: Invitation, template: str, reason: str, *, now: datetime) -> None:
    """A message does not reach her: what was not promised stays so, a seat that was offered goes back at once."""
    was = Status(guest.status)
    if template == SEAT_OFFER and was is Status.OFFERED:
        await seating.free(tx, [guest])
        guest.offer_expires_at, guest.next_attempt_at = None, now + COOL_DOWN
        guest.status, guest.reason = step(was, Step.FAIL), reason
    elif template == INVITATION and was in {Status.DUE, Status.INVITED}:
        guest.status, guest.reason = step(was, Step.FAIL), reason
    await tx.flush()
