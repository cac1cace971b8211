"""What the house does with occasions: make them, change them, publish them, call them off."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.identity import Caller
from infra.ids import new_id
from infra.refusal import NotFound, NotPermitted
from infra.wire import Stale, check_match
from services.appointments.directory import queries as directory
from services.appointments.directory.queries import LOCAL, brand
from services.appointments.occasions.actions import seating
from services.appointments.occasions.events import OccasionPublished
from services.appointments.occasions.queries import occasions as queries
from services.appointments.occasions.queries.occasions import Setting
from services.appointments.occasions.rules.fatigue import FatiguePolicy
from services.appointments.occasions.rules.life import (
    EXPECTING,
    OccasionKind,
    OccasionStepNotPossible,
    Segment,
    Standing,
    Status,
    Step,
    is_open,
    opening,
    step,
)
from services.appointments.occasions.rules.seats import (
    FewerSeatsThanGuests,
    SessionHasGuests,
    check_reserves,
    check_time,
    judge_sessions,
)
from services.appointments.occasions.rules.wanted import NewOccasion, NewSession, SessionChange
from services.appointments.occasions.tables import Invitation, Occasion, OccasionPolicy, Session, SessionReserve


async def create(tx: AsyncSession, wanted: NewOccasion, *, by: Caller, now: datetime) -> Occasion:
    """Make a draft.

    Raises NotFound for a boutique that is not the caller's, NotPermitted, SessionInThePast, MoreReservedThanSeats.
    """
    if wanted.boutique_id is not None:
        await directory.own_boutique(tx, wanted.boutique_id, by)
    elif by.role in LOCAL:
        raise NotPermitted  # the brand's own occasions are headquarters'
    made = Occasion(
        brand_id=brand(tx),
        occasion_id=new_id(),
        boutique_id=wanted.boutique_id,
        kind=wanted.kind,
        title_zh=wanted.title_zh,
        title_en=wanted.title_en,
        about_zh=wanted.about_zh,
        about_en=wanted.about_en,
        status=Standing.DRAFT,
        most_plus_ones=wanted.most_plus_ones,
        reply_by_at=wanted.reply_by_at,
        opens_at=wanted.opens_at,
        windows=wanted.windows,
        reserves_until=wanted.reserves_until,
        created_at=now,
        version=1,
    )
    tx.add(made)
    await tx.flush()
    for session in wanted.sessions:
        await _add(tx, made, session, by=by, now=now)
    return made


async def change(
    tx: AsyncSession, occasion_id: UUID, changes: Mapping[str, object], *, if_match: str, by: Caller, now: datetime
) -> Occasion:
    """Change what is named; raises NotFound, Stale, OccasionStepNotPossible.

    Who has not been told yet is told by the new windows.
    """
    occasion = await queries.own(tx, occasion_id, by)
    check_match(if_match, occasion.version)
    _check(occasion, Standing.DRAFT, Standing.PUBLISHED)
    for name, value in changes.items():
        setattr(occasion, name, value)
    occasion.version += 1
    if changes.keys() & {"windows", "opens_at"}:
        await _reopen(tx, occasion, now=now)
    await tx.flush()
    return occasion


async def add_session(
    tx: AsyncSession, occasion_id: UUID, wanted: NewSession, *, if_match: str, by: Caller, now: datetime
) -> Occasion:
    """Add a session.

    Raises NotFound, Stale, OccasionStepNotPossible, TooManySessions, SessionInThePast, MoreReservedThanSeats.
    """
    occasion = await queries.own(tx, occasion_id, by)
    check_match(if_match, occasion.version)
    _check(occasion, Standing.DRAFT, Standing.PUBLISHED)
    judge_sessions(len((await queries.sessions(tx, [occasion_id]))[occasion_id]))
    await _add(tx, occasion, wanted, by=by, now=now)
    occasion.version += 1
    await tx.flush()
    return occasion


async def change_session(
    tx: AsyncSession,
    occasion_id: UUID,
    session_id: UUID,
    change: SessionChange,
    *,
    if_match: str,
    by: Caller,
    now: datetime,
) -> Occasion:
    """Change a session's seats, or its time while nobody has accepted it.

    Raises NotFound, Stale, OccasionStepNotPossible, SessionHasGuests, SessionInThePast, FewerSeatsThanGuests and
    MoreReservedThanSeats.
    """
    occasion = await queries.own(tx, occasion_id, by)
    check_match(if_match, occasion.version)
    _check(occasion, Standing.DRAFT, Standing.PUBLISHED)
    seated = (await queries.locked(tx, [session_id])).get(session_id)
    if seated is None or seated.session.occasion_id != occasion_id:
        raise NotFound
    session = seated.session
    if change.starts_at is not None and change.ends_at is not None:
        if session.taken:
            raise SessionHasGuests
        check_time(change.starts_at, now=now)
        session.starts_at, session.ends_at = change.starts_at, change.ends_at
    seats = change.seats or session.seats
    if seats < session.taken:
        raise FewerSeatsThanGuests(taken=session.taken)
    kept = change.reserves
    check_reserves(seats, (one.seats for one in seated.reserves) if kept is None else kept.values())
    session.seats = seats
    if kept is not None:
        await _reserve(tx, session.session_id, kept, seated.reserves)
    occasion.version += 1
    await tx.flush()
    return occasion


async def publish(tx: AsyncSession, occasion_id: UUID, *, if_match: str, by: Caller, now: datetime) -> Occasion:
    """Open it: who is invited is told from now on; raises NotFound, Stale, OccasionStepNotPossible."""
    occasion = await queries.own(tx, occasion_id, by)
    check_match(if_match, occasion.version)
    _check(occasion, Standing.DRAFT)
    occasion.status, occasion.published_at, occasion.version = Standing.PUBLISHED, now, occasion.version + 1
    record(
        tx,
        OccasionPublished(occasion_id=occasion_id, boutique_id=occasion.boutique_id, kind=OccasionKind(occasion.kind)),
    )
    return occasion


async def cancel(tx: AsyncSession, occasion_id: UUID, *, if_match: str, by: Caller, now: datetime) -> Occasion:
    """Call it off: every seat is free, every pass opens nothing, and whoever had heard of it and might come is told.

    Raises NotFound, Stale, OccasionStepNotPossible.
    """
    occasion = await queries.own(tx, occasion_id, by)
    check_match(if_match, occasion.version)
    _check(occasion, Standing.DRAFT, Standing.PUBLISHED)
    occasion.status, occasion.cancelled_at, occasion.version = Standing.CANCELLED, now, occasion.version + 1
    # Invitations before sessions, as everybody locks them.
    query = (
        select(Invitation)
        .where(
            Invitation.brand_id == brand(tx),
            Invitation.occasion_id == occasion_id,
            Invitation.status.not_in([Status.ATTENDED, Status.CANCELLED]),
        )
        .order_by(Invitation.invitation_id)
        .with_for_update()
    )
    guests = list((await tx.execute(query)).scalars())
    sessions = [one.session for one in (await queries.sessions(tx, [occasion_id]))[occasion_id]]
    # Whose session is over came or did not: nothing is taken from her, and nothing is told.
    over = {one.session_id for one in sessions if one.ends_at <= now}
    may_answer = is_open(occasion.reply_by_at, (one.starts_at for one in sessions), now=now)
    guests = [one for one in guests if one.status != Status.ACCEPTED or one.session_id not in over]
    await seating.free(tx, guests)
    for guest in guests:
        was = Status(guest.status)
        guest.status, guest.version = step(was, Step.CANCEL), guest.version + 1
        guest.offer_expires_at, guest.waiting_since = None, None
        expecting = (was in EXPECTING and guest.session_id not in over) or (was is Status.INVITED and may_answer)
        seating.owe(guest, "occasion-cancelled" if expecting else None, now=now)
        if was is Status.ACCEPTED:
            seating.answered(tx, guest, occasion, "called-off", by=by)
    await tx.flush()
    return occasion


async def set_policy(tx: AsyncSession, policy: FatiguePolicy, *, if_match: str) -> Setting:
    """Replace the brand's patience, for whoever is invited from now on; raises Stale."""
    before = await queries.setting(tx, lock=True)
    check_match(if_match, before.version)
    new = {
        "most_invitations": policy.most_invitations,
        "within_days": policy.within_days,
        "alternates": policy.alternates,
        "declines": policy.declines,
        "pause_days": policy.pause_days,
        "pauses_for": [one.value for one in policy.pauses_for],
        "wait_order": [one.value for one in policy.wait_order],
        "offer_minutes": policy.offer_minutes,
        "version": before.version + 1,
    }
    row = insert(OccasionPolicy).values(brand_id=brand(tx), **new)
    # Two who set the first ones at once: the second finds a version it has not read.
    written = row.on_conflict_do_update(
        index_elements=["brand_id"], set_=new, where=OccasionPolicy.version == before.version
    ).returning(OccasionPolicy.version)
    if (await tx.execute(written)).scalar_one_or_none() is None:
        raise Stale
    return Setting(policy, before.version + 1)


def windows(occasion: Occasion) -> dict[Segment, datetime]:
    """From when on clients of which segment are invited."""
    return {Segment(one["segment"]): datetime.fromisoformat(one["opens_at"]) for one in occasion.windows}


def _check(occasion: Occasion, *standings: Standing) -> None:
    if occasion.status not in standings:
        raise OccasionStepNotPossible(occasion_status=occasion.status)


async def _add(tx: AsyncSession, occasion: Occasion, wanted: NewSession, *, by: Caller, now: datetime) -> None:
    check_time(wanted.starts_at, now=now)
    if wanted.boutique_id is not None:
        await directory.own_boutique(tx, wanted.boutique_id, by)
    check_reserves(wanted.seats, wanted.reserves.values())
    made = Session(
        brand_id=occasion.brand_id,
        session_id=new_id(),
        occasion_id=occasion.occasion_id,
        boutique_id=wanted.boutique_id,
        place_zh=wanted.place_zh,
        place_en=wanted.place_en,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        seats=wanted.seats,
        taken=0,
    )
    tx.add(made)
    await tx.flush()
    await _reserve(tx, made.session_id, wanted.reserves, ())


async def _reserve(
    tx: AsyncSession, session_id: UUID, wanted: Mapping[Segment, int], there: Sequence[SessionReserve]
) -> None:
    known = {one.segment: one for one in there}
    seats = {segment.value: number for segment, number in wanted.items()}
    for segment, one in known.items():
        one.seats = seats.get(segment, 0)
    new = sorted(set(seats) - set(known))
    # Guests of that segment may have seats already.
    taken = await seating.taken_by(tx, session_id, new)
    for segment in new:
        tx.add(
            SessionReserve(
                brand_id=brand(tx),
                session_id=session_id,
                segment=segment,
                seats=seats[segment],
                taken=taken.get(segment, 0),
            )
        )
    await tx.flush()


async def _reopen(tx: AsyncSession, occasion: Occasion, *, now: datetime) -> None:
    for segment in (None, *Segment):
        opens_at = opening(segment, windows(occasion), others=occasion.opens_at, now=now)
        await tx.execute(
            update(Invitation)
            .where(
                Invitation.brand_id == occasion.brand_id,
                Invitation.occasion_id == occasion.occasion_id,
                Invitation.status == Status.DUE,
                Invitation.segment.is_(None) if segment is None else Invitation.segment == segment,
            )
            .values(opens_at=opens_at, next_attempt_at=opens_at)
        )
