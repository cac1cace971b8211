"""Keeping a time for a client, and giving a visit another one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import Kind, NotPermitted, Refusal
from infra.tombstones import spare
from infra.wire import check_match
from services.appointments.availability import queries as times
from services.appointments.availability.queries import Person
from services.appointments.availability.rules import Actor
from services.appointments.bookings import queries
from services.appointments.bookings.actions import wording
from services.appointments.bookings.actions.announcing import announce
from services.appointments.bookings.actions.life import owing
from services.appointments.bookings.actions.overriding import check_override, set_aside
from services.appointments.bookings.actions.taking import Request, Taken, Taking, take
from services.appointments.bookings.actions.upset import set_right
from services.appointments.bookings.actions.wording import UNSAID, Words
from services.appointments.bookings.events import AppointmentMoved, AppointmentRequested
from services.appointments.bookings.queries.policy import setting
from services.appointments.bookings.queries.proposals import open_one
from services.appointments.bookings.rules.assigning import AssignedFor
from services.appointments.bookings.rules.life import CancellationNotice, Status, Step, step
from services.appointments.bookings.rules.policy import (
    HerAgreementMissing,
    MoveNeedsBoutique,
    Policy,
    approve_until,
)
from services.appointments.bookings.rules.proposals import HerWord, ProposalStands
from services.appointments.bookings.tables import Appointment
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import Mode
from services.appointments.directory.tables import Experience


class ClientMissing(Refusal):
    """Whoever books for a client says for whom."""

    kind = Kind.INVALID
    slug = "client-missing"
    en = "Say for which client the time is kept (`client_id`)."
    zh = "请指明为哪位客户保留时段(client_id)。"


@dataclass(frozen=True)
class Wish:
    """What else may be asked for. With `override_reason` a manager sets rules aside."""

    mode: Mode = Mode.IN_PERSON
    language: str | None = None
    occasion: str | None = None
    words: Words = UNSAID
    override_reason: str | None = None


PLAIN = Wish()


async def hold(
    tx: AsyncSession,
    *,
    boutique_id: UUID,
    experience_id: UUID,
    starts_at: datetime,
    client_id: UUID | None,
    advisor_id: UUID | None,
    party_size: int,
    piece_code: str | None,
    wish: Wish = PLAIN,
    until: datetime | None = None,
    by: Caller,
    now: datetime,
) -> Appointment:
    """Keep a time for some minutes, or `until` then.

    Raises NotFound, ClientMissing, NotPermitted, OverrideIsManagers, what `check_offer` and `Policy.judge` raise,
    QuestionUnknown, what `judge_time` raises, and SlotTaken.
    """
    check_override(wish.override_reason, by)
    boutique = await directory.own_boutique(tx, boutique_id, by)
    experience = await directory.experience(tx, experience_id)
    whose, actor = _whose(client_id, by), times.actor(by)
    await spare(tx, f"client:{whose}")
    client = await times.person(tx, whose)
    await times.check_offer(tx, experience, client, actor=actor, mode=wish.mode, language=wish.language)
    wording.check(experience, wish.words)
    policy = (await setting(tx)).policy
    await _judge(tx, policy, client, actor=actor, now=now)
    request = Request(
        boutique,
        experience,
        client,
        starts_at,
        party_size,
        mode=wish.mode,
        language=wish.language,
        requested=advisor_id,
        is_override=wish.override_reason is not None,
    )
    appointment_id, expires_at = new_id(), until or now + policy.hold
    taken = await take(tx, request, Taking(appointment_id, expires_at), actor=actor, now=now)
    # Now her time is locked: whatever she has kept elsewhere meanwhile is committed, and counts.
    no_shows = await _judge(tx, policy, client, actor=actor, now=now)
    because = policy.needs_approval(by_experience=experience.needs_approval, actor=actor, no_shows=no_shows)
    appointment = Appointment(
        brand_id=boutique.brand_id,
        appointment_id=appointment_id,
        client_id=client.client_id,
        boutique_id=boutique_id,
        advisor_id=taken.place.advisor_id,
        second_advisor_id=taken.place.second_advisor_id,
        room_id=taken.place.room_id,
        experience_id=experience_id,
        starts_at=starts_at,
        ends_at=request.ends_at,
        status=Status.HELD,
        expires_at=expires_at,
        party_size=party_size,
        piece_code=piece_code,
        mode=wish.mode,
        language=wish.language,
        occasion=wish.occasion,
        assigned_for=taken.place.assigned_for,
        needs_approval_for=because,
        made_by=by.role,
        created_at=now,
        version=1,
    )
    wording.write(tx, appointment, wish.words)
    set_aside(tx, appointment, taken.overridden, reason=wish.override_reason)
    tx.add(appointment)
    await tx.flush()
    return appointment


def _whose(client_id: UUID | None, by: Caller) -> UUID:
    if by.role is Role.CLIENT:
        if by.client_id is None or client_id not in {None, by.client_id}:
            raise NotPermitted
        return by.client_id
    if client_id is None:
        raise ClientMissing
    return client_id


async def _judge(tx: AsyncSession, policy: Policy, client: Person, *, actor: Actor, now: datetime) -> int:
    """Whether she may book one more; answers how often she did not come lately."""
    if actor is not Actor.CLIENT:
        return 0
    stands = await queries.standing(tx, client.client_ids, since=now - policy.no_show_window, now=now)
    policy.judge(actor=actor, holds=stands.holds, open_visits=stands.open_visits, no_shows=stands.no_shows)
    return stands.no_shows


@dataclass(frozen=True)
class Target:
    """Another time for a visit; what is None stays as it is. The house says how she agreed to it."""

    starts_at: datetime
    advisor_id: UUID | None = None
    agreed_by: HerWord | None = None
    override_reason: str | None = None


async def move(
    tx: AsyncSession, appointment_id: UUID, target: Target, *, if_match: str, by: Caller, now: datetime
) -> Appointment:
    """Give a visit another time, with the same advisor if she is free and nobody else is asked for.

    Raises NotFound, Stale, StepNotPossible, HerAgreementMissing, ProposalStands, MoveNeedsBoutique, NoticeTooShort,
    TooSoonToApprove, what `judge_time` raises, and SlotTaken; then it stays.
    """
    check_override(target.override_reason, by)
    appointment = await queries.visible(tx, appointment_id, by, lock=True)
    check_match(if_match, appointment.version)
    status = Status(appointment.status)
    after = step(status, Step.MOVE)
    actor = await owing(tx, appointment, by)
    _check_agreement(appointment, target, by)
    if await open_one(tx, appointment_id) is not None:
        raise ProposalStands
    experience = await directory.experience(tx, appointment.experience_id)
    notice = CancellationNotice(timedelta(minutes=experience.cancel_notice_minutes))
    notice.judge(status=status, starts_at=appointment.starts_at, now=now, actor=actor)
    await spare(tx, f"client:{appointment.client_id}")
    expires_at = _kept_until(appointment, target.starts_at, experience, now=now) if status is Status.PENDING else None
    request = await request_for(tx, appointment, experience, target)
    taken = await take(tx, request, Taking(appointment_id, expires_at, leaving=appointment), actor=actor, now=now)
    appointment.status, appointment.expires_at = after, expires_at
    settle(appointment, request, taken)
    await set_right(tx, appointment, now=now)
    appointment.agreed_by = None if by.role is Role.CLIENT else target.agreed_by
    set_aside(tx, appointment, taken.overridden, reason=target.override_reason)
    if expires_at is None:
        more = {"agreed_by": appointment.agreed_by, "overridden": list(taken.overridden)}
        announce(tx, AppointmentMoved, appointment, by=by.role, **more)
    else:
        # Nobody has agreed to see her yet: she asks for another time now.
        because = appointment.needs_approval_for
        announce(tx, AppointmentRequested, appointment, by=by.role, expires_at=expires_at, because=because)
    return appointment


def _check_agreement(appointment: Appointment, target: Target, by: Caller) -> None:
    if by.role is not Role.CLIENT:
        if target.agreed_by is None:
            raise HerAgreementMissing
    elif appointment.status == Status.CONFIRMED and appointment.needs_approval_for is not None:
        # Or approval of an easy hour would be approval of any.
        raise MoveNeedsBoutique


def _kept_until(appointment: Appointment, starts_at: datetime, experience: Experience, *, now: datetime) -> datetime:
    until = approve_until(timedelta(minutes=experience.approve_within_minutes), now=now, starts_at=starts_at)
    return min(until, appointment.expires_at or until)


async def request_for(tx: AsyncSession, appointment: Appointment, experience: Experience, target: Target) -> Request:
    """What a visit asks of another time."""
    return Request(
        await directory.boutique(tx, appointment.boutique_id),
        experience,
        await times.person(tx, appointment.client_id),
        target.starts_at,
        appointment.party_size,
        mode=Mode(appointment.mode),
        language=appointment.language,
        requested=target.advisor_id,
        kept=appointment.advisor_id,
        is_override=target.override_reason is not None,
    )


def settle(appointment: Appointment, request: Request, taken: Taken) -> None:
    """Write a locked visit's new time and place."""
    place = taken.place
    appointment.client_id = request.client.client_id
    appointment.advisor_id, appointment.room_id = place.advisor_id, place.room_id
    appointment.second_advisor_id = place.second_advisor_id
    if place.assigned_for is not AssignedFor.KEPT:
        appointment.assigned_for = place.assigned_for
    appointment.starts_at, appointment.ends_at = request.starts_at, request.ends_at
    appointment.version += 1
