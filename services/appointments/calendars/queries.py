"""Reads of calendars: who may read which, and what stands in them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.refusal import NotFound
from services.appointments.bookings.tables import Appointment
from services.appointments.calendars import rules
from services.appointments.calendars.rules import Entry, Holder
from services.appointments.calendars.tables import CalendarFeed
from services.appointments.directory.queries import brand
from services.appointments.directory.rules import Mode
from services.appointments.directory.tables import Advisor, Boutique, Experience, Room
from services.appointments.preparation.rules import reference

# Each visit with the names that people know its place and purpose by.
Names = tuple[Appointment, Boutique, Experience, Room | None]
NUMBER = {"zh": "编号", "en": "Reference"}
BY_VIDEO = {"zh": "视频预约", "en": "Video appointment"}


async def feeds(tx: AsyncSession, kind: Holder, holder_id: UUID) -> Sequence[CalendarFeed]:
    """The addresses of a calendar that are not revoked, the latest first."""
    query = (
        select(CalendarFeed)
        .where(
            CalendarFeed.brand_id == brand(tx),
            CalendarFeed.kind == kind,
            CalendarFeed.holder_id == holder_id,
            CalendarFeed.revoked_at.is_(None),
        )
        .order_by(CalendarFeed.feed_id.desc())
    )
    return (await tx.scalars(query)).all()


async def feed(tx: AsyncSession, feed_id: UUID) -> CalendarFeed:
    """One address, nobody else's to revoke until the commit; raises NotFound."""
    found = await tx.get(CalendarFeed, (brand(tx), feed_id), with_for_update=True)
    if found is None:
        raise NotFound
    return found


async def by_token(tx: AsyncSession, token_hash: bytes) -> CalendarFeed:
    """The calendar behind a token; raises NotFound, also once it is revoked or its advisor has left the house."""
    found = await tx.scalar(
        select(CalendarFeed).where(
            CalendarFeed.brand_id == brand(tx),
            CalendarFeed.token_hash == token_hash,
            CalendarFeed.revoked_at.is_(None),
        )
    )
    if found is None:
        raise NotFound
    return found


async def holder_name(tx: AsyncSession, one: CalendarFeed) -> str:
    """Whose calendar it is; raises NotFound for an advisor who has left the house."""
    if one.kind == Holder.ADVISOR:
        advisor = await tx.get(Advisor, (one.brand_id, one.holder_id))
        if advisor is None or advisor.left_at is not None:
            raise NotFound
        return advisor.display_name
    boutique = await tx.get(Boutique, (one.brand_id, one.holder_id))
    if boutique is None:
        raise NotFound
    return boutique.name_zh if one.language == "zh" else boutique.name_en


def _whose(one: CalendarFeed) -> ColumnElement[bool]:
    if one.kind == Holder.BOUTIQUE:
        return Appointment.boutique_id == one.holder_id
    return or_(Appointment.advisor_id == one.holder_id, Appointment.second_advisor_id == one.holder_id)


async def entries(tx: AsyncSession, one: CalendarFeed, *, host: str, now: datetime) -> list[Entry]:
    """What stands in a calendar now, in one statement; of a client nothing, of her wishes neither."""
    called_off = Appointment.status == "cancelled"
    query = (
        _with_names()
        .where(
            Appointment.brand_id == one.brand_id,
            _whose(one),
            Appointment.starts_at > now - rules.PAST,
            Appointment.starts_at < now + rules.AHEAD,
            or_(~called_off, Appointment.cancelled_at > now - rules.CALLED_OFF),
            Appointment.status.not_in(["held", "expired", "refused"]),
        )
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        .limit(rules.MOST_EVENTS)
    )
    rows = await tx.execute(query)
    told = [entry(row[0], row[1], row[2], row[3], language=one.language, host=host) for row in rows]
    return [found for found in told if found is not None]


async def one_visit(tx: AsyncSession, appointment_id: UUID) -> Names:
    """A visit with its names; raises NotFound."""
    query = _with_names().where(Appointment.brand_id == brand(tx), Appointment.appointment_id == appointment_id)
    found = (await tx.execute(query)).one_or_none()
    if found is None:
        raise NotFound
    return found[0], found[1], found[2], found[3]


def _with_names() -> Select[Appointment, Boutique, Experience, Room]:
    return (
        select(Appointment, Boutique, Experience, Room)
        .join(Boutique, (Boutique.brand_id == Appointment.brand_id) & (Boutique.boutique_id == Appointment.boutique_id))
        .join(
            Experience,
            (Experience.brand_id == Appointment.brand_id) & (Experience.experience_id == Appointment.experience_id),
        )
        .outerjoin(Room, (Room.brand_id == Appointment.brand_id) & (Room.room_id == Appointment.room_id))
    )


def entry(
    visit: Appointment, boutique: Boutique, experience: Experience, room: Room | None, *, language: str, host: str
) -> Entry | None:
    """A visit as a calendar shows it; None for what it does not."""
    how = rules.shown(visit.status, was_agreed=visit.confirmed_at is not None)
    if how is None:
        return None
    changes = [visit.created_at, visit.confirmed_at, visit.arrived_at, visit.completed_at, visit.cancelled_at]
    by_video = visit.mode == Mode.VIDEO
    place = BY_VIDEO[language] if by_video else _named(boutique, language)
    address = None if by_video else boutique.address_zh if language == "zh" else boutique.address_en
    salon = None if by_video or room is None else _named(room, language)
    return Entry(
        uid=f"{visit.appointment_id}@{host}",
        sequence=visit.version,
        changed_at=max(one for one in changes if one is not None),
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        zone=boutique.zone,
        shown=how,
        summary=f"{_named(experience, language)} · {_named(boutique, language)}",
        location=", ".join(part for part in (place, salon, address) if part),
        description=f"{NUMBER[language]} {reference(visit.appointment_id)}",
    )


def _named(one: Boutique | Experience | Room, language: str) -> str:
    return one.name_zh if language == "zh" else one.name_en
