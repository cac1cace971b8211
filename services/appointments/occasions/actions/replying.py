"""What a guest answers, herself or through the house; and her arrival."""

import hmac
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.eventlog.outbox import record
from infra.identity import Caller, Role
from infra.refusal import NotFound
from infra.wire import check_match
from services.appointments.bookings.rules.life import judge_arrival
from services.appointments.directory.queries import brand, within_reach
from services.appointments.occasions.actions import seating
from services.appointments.occasions.events import OccasionAttended
from services.appointments.occasions.queries import guests, occasions
from services.appointments.occasions.queries.occasions import Seated
from services.appointments.occasions.rules import passes
from services.appointments.occasions.rules.life import (
    AlreadyArrived,
    OccasionKind,
    SessionMissing,
    Standing,
    Status,
    Step,
    judge_offer,
    judge_plus_ones,
    judge_reply,
    judge_session,
    step,
)
from services.appointments.occasions.rules.passes import Pass, PassNotValid
from services.appointments.occasions.rules.seats import SessionFull
from services.appointments.occasions.rules.wanted import Reply
from services.appointments.occasions.tables import Invitation, Occasion

STEPS = {"accept": Step.ACCEPT, "decline": Step.DECLINE, "withdraw": Step.WITHDRAW, "wait": Step.WAIT}
WAITING = 200  # who waits before her, as far as it is looked at


async def reply(
    tx: AsyncSession, invitation_id: UUID, said: Reply, *, if_match: str, by: Caller, now: datetime
) -> Invitation:
    """Take her answer.

    Raises NotFound, Stale, InvitationStepNotPossible, OccasionNotOpen, ReplyTooLate, SessionMissing, TooManyPlusOnes,
    SessionFull, SeatOfferExpired.
    """
    # The invitation before its sessions, everywhere: so nobody waits for whom waits for him.
    guest = await guests.visible(tx, invitation_id, by, lock=True)
    check_match(if_match, guest.version)
    was, wanted = Status(guest.status), STEPS[said.answer]
    after = step(was, wanted)
    occasion = await occasions.occasion(tx, guest.occasion_id)
    by_client = by.role is Role.CLIENT
    judge_reply(
        standing=Standing(occasion.status),
        # Whoever gives up a seat may always do so, and a seat offered has a day of its own.
        reply_by_at=None if wanted is Step.WITHDRAW or was is Status.OFFERED else occasion.reply_by_at,
        now=now,
        by_client=by_client,
    )
    if was is after is Status.ACCEPTED and (guest.session_id, guest.plus_ones) == (
        said.session_id or guest.session_id,
        said.plus_ones,
    ):
        return guest  # said again, nothing is different: the code on her screen stays good
    if wanted in {Step.ACCEPT, Step.WAIT}:
        await _seat(tx, guest, occasion, said, wanted, by_client=by_client, now=now)
    else:
        await seating.free(tx, [guest])
        guest.waiting_since, guest.session_id, guest.plus_ones = None, None, 0
    guest.status, guest.version, guest.answered_at = after, guest.version + 1, now
    guest.offer_expires_at = None
    seating.owe(guest, None, now=now)
    guest.pass_number += 1  # whatever pass she had opens nothing any more
    if after is not Status.WAITING:
        changed = was is after is Status.ACCEPTED
        seating.answered(tx, guest, occasion, "changed" if changed else _SAID[after], by=by)
    await tx.flush()
    return guest


_SAID: dict[Status, seating.Answered] = {
    Status.ACCEPTED: "accepted",
    Status.DECLINED: "declined",
    Status.WITHDRAWN: "withdrawn",
}


async def _seat(
    tx: AsyncSession,
    guest: Invitation,
    occasion: Occasion,
    said: Reply,
    wanted: Step,
    *,
    by_client: bool,
    now: datetime,
) -> None:
    judge_plus_ones(said.plus_ones, occasion.most_plus_ones)
    session_id, party = said.session_id or guest.session_id, 1 + said.plus_ones
    if session_id is None:
        raise SessionMissing
    offered = Status(guest.status) is Status.OFFERED
    if offered and guest.offer_expires_at is not None:
        judge_offer(expires_at=guest.offer_expires_at, now=now)
    # Looked at before the seats are locked: whoever is behind her waits for nothing but the counting.
    before = await guests.waiting(tx, session_id, now=now, limit=WAITING) if wanted is Step.ACCEPT else ()
    locked = await occasions.locked(tx, {one for one in (session_id, guest.session_id) if one is not None})
    seated = locked.get(session_id)
    if seated is None or seated.session.occasion_id != occasion.occasion_id:
        raise NotFound
    judge_session(starts_at=seated.session.starts_at, ends_at=seated.session.ends_at, now=now, by_client=by_client)
    kept = guest.seats_held if guest.session_id == session_id else 0
    if guest.seats_held and guest.session_id is not None:
        seating.give_back(guest, locked[guest.session_id])
    if wanted is Step.WAIT:
        # Who asks for another session or for more seats begins anew.
        same = guest.session_id == session_id and guest.plus_ones >= said.plus_ones
        guest.waiting_since = guest.waiting_since if same and guest.waiting_since else now
        guest.session_id, guest.plus_ones, guest.next_attempt_at = session_id, said.plus_ones, now
        return
    # What she holds already is hers; for the rest those come first who have waited for it.
    others = [one for one in before if one.invitation_id != guest.invitation_id]
    if party > kept and any(_fits(one, occasion, seated, now=now) for one in others):
        await _refuse(tx, guest, occasion, session_id, party=party, now=now)
    try:
        seating.take(guest, occasion, seated, party=party, now=now)
    except SessionFull:
        await _refuse(tx, guest, occasion, session_id, party=party, now=now)
    guest.waiting_since = None


async def _refuse(
    tx: AsyncSession, guest: Invitation, occasion: Occasion, session_id: UUID, *, party: int, now: datetime
) -> NoReturn:
    with tx.no_autoflush:  # what she gave up for this stands only in memory, and stays there
        others = await seating.other_sessions(tx, guest, occasion, session_id, party=party, now=now)
    raise SessionFull(alternatives=others)


def _fits(guest: Invitation, occasion: Occasion, seated: Seated, *, now: datetime) -> bool:
    return guest.party <= seated.seating(occasion, now=now).free_for(seating.segment_of(guest))


def token(tx: AsyncSession, guest: Invitation) -> str | None:
    """The content of her QR code; None before she has said yes, and after she came."""
    if guest.status != Status.ACCEPTED:
        return None
    return Pass(guest.invitation_id, guest.pass_number, _seal(tx, guest.invitation_id, guest.pass_number)).written()


def _seal(tx: AsyncSession, invitation_id: UUID, number: int) -> bytes:
    said = passes.signed(brand(tx), invitation_id, number)
    return keyring(tx).blind("occasion_invitation.pass", said)[: passes.SEAL]


async def check_in(
    tx: AsyncSession, occasion_id: UUID, written: str, *, plus_ones: int | None, by: Caller, now: datetime
) -> Invitation:
    """Let a guest in, once.

    Raises NotFound, PassNotValid, AlreadyArrived, InvitationStepNotPossible, TooEarly, TooLate, TooManyPlusOnes.
    """
    occasion = await occasions.visible(tx, occasion_id, by)
    shown = passes.read(written)
    if not hmac.compare_digest(shown.seal, _seal(tx, shown.invitation_id, shown.number)):
        raise PassNotValid
    guest = await tx.get(Invitation, (brand(tx), shown.invitation_id), with_for_update=True)
    if guest is None or guest.occasion_id != occasion_id or guest.pass_number != shown.number:
        raise PassNotValid
    if guest.status == Status.ATTENDED and guest.arrived_at is not None:
        raise AlreadyArrived(arrived_at=guest.arrived_at.isoformat())
    after = step(Status(guest.status), Step.CHECK_IN)
    if guest.session_id is None:  # who has said yes has one: a CHECK says so
        raise PassNotValid
    found = await occasions.sessions(tx, [occasion_id])
    session = next(one.session for one in found[occasion_id] if one.session.session_id == guest.session_id)
    # At the door of a boutique stand its own people; elsewhere whoever may know of the occasion.
    if session.boutique_id is not None and not within_reach(by, session.boutique_id):
        raise NotFound
    judge_arrival(starts_at=session.starts_at, ends_at=session.ends_at, now=now)
    came_with = guest.plus_ones if plus_ones is None else plus_ones
    judge_plus_ones(came_with, guest.plus_ones)
    guest.status, guest.arrived_at, guest.came, guest.version = after, now, 1 + came_with, guest.version + 1
    record(
        tx,
        OccasionAttended(
            invitation_id=guest.invitation_id,
            occasion_id=occasion_id,
            session_id=session.session_id,
            client_id=guest.client_id,
            boutique_id=session.boutique_id,
            kind=OccasionKind(occasion.kind),
            party=1 + came_with,
            arrived_at=now,
        ),
    )
    await tx.flush()
    return guest
