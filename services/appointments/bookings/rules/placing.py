"""Which of those who are free is taken, and what a manager sets aside to have a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from infra.refusal import Kind, Refusal
from services.appointments.availability.rules import AdvisorTime, Outlook, RoomTime, Slot, Terms
from services.appointments.bookings.rules.assigning import AssignedFor
from services.appointments.directory.rules import Span

FOR_EVER = timedelta(days=36_500)


class SlotTaken(Refusal):
    """Somebody else has this time; `alternatives` are the nearest free ones."""

    kind = Kind.CONFLICT
    slug = "slot-taken"
    en = "This time has just been taken. See `alternatives` for the nearest free times."
    zh = "该时段刚刚被预约，alternatives 中列出了最近的可预约时段。"


@dataclass(frozen=True)
class Place:
    """Who receives her, who helps, and where."""

    advisor_id: UUID
    room_id: UUID | None
    assigned_for: AssignedFor
    second_advisor_id: UUID | None = None


def placed(
    slot: Slot,
    asked: Iterable[tuple[UUID, AssignedFor]],
    *,
    seconds: Sequence[UUID],
    rooms: Sequence[UUID],
    needs_second: bool,
    needs_room: bool,
) -> Place | None:
    """The first choice among who is free: the first of `asked` with somebody besides her where two are needed."""
    free_seconds = [one for one in seconds if one in slot.second_ids]
    free_rooms = [one for one in rooms if one in slot.room_ids]
    if needs_room and not free_rooms:
        return None
    for advisor_id, why in asked:
        others = [one for one in free_seconds if one != advisor_id]
        if others or not needs_second:
            room_id = free_rooms[0] if needs_room else None
            return Place(advisor_id, room_id, why, others[0] if needs_second else None)
    return None


def lenient(outlook: Outlook) -> Outlook:
    """The same as a manager may read it: nobody's shift ends, and no day is too soon or too far."""
    terms = replace(outlook.terms, notice=timedelta(0), horizon=FOR_EVER)
    return replace(
        outlook,
        terms=terms,
        advisors=tuple(replace(one, shifts=outlook.opening) for one in outlook.advisors),
        seconds=tuple(replace(one, shifts=outlook.opening) for one in outlook.seconds),
    )


def holding(rooms: Iterable[RoomTime], party_size: int) -> tuple[RoomTime, ...]:
    """The rooms that are large enough."""
    return tuple(room for room in rooms if room.capacity >= party_size)


def roomiest(rooms: Iterable[RoomTime], party_size: int) -> tuple[RoomTime, ...]:
    """All rooms: those that are large enough, then the largest of the others. A small one is the last thing to want."""
    return tuple(sorted(rooms, key=lambda room: (room.capacity < party_size, abs(room.capacity - party_size))))


def set_aside(strict: Outlook, place: Place, starts_at: datetime, *, now: datetime) -> tuple[str, ...]:
    """The rules that this place breaks, by the slugs of their refusals."""
    return tuple(_broken(strict, place, starts_at, now=now))


def _broken(strict: Outlook, place: Place, starts_at: datetime, *, now: datetime) -> Iterator[str]:
    visit = strict.terms.visit(starts_at)
    if starts_at >= now + strict.terms.horizon:
        yield "beyond-horizon"
    receiving = {place.advisor_id, place.second_advisor_id}
    at_work = {
        one.advisor_id
        for one in (*strict.advisors, *strict.seconds)
        if any(shift.contains(visit) for shift in one.shifts)
    }
    if not receiving - {None} <= at_work:
        yield "outside-shift"
    if place.room_id is not None and place.room_id not in {room.room_id for room in strict.rooms}:
        yield "no-room-for-party"


def why_not(outlook: Outlook, advisor_id: UUID, agreed: Span) -> str | None:
    """Why an advisor cannot receive her at a time agreed: not-there, off-shift, taken; None when she can."""
    hers = next((one for one in outlook.advisors if one.advisor_id == advisor_id), None)
    if hers is None:
        return "not-there"
    if not any(shift.contains(agreed) for shift in hers.shifts):
        return "off-shift"
    return None if able([hers], agreed, outlook.terms) else "taken"


def still_assists(outlook: Outlook, advisor_id: UUID, agreed: Span) -> bool:
    """Whether somebody who was to assist still works there, and is not on leave then."""
    hers = next((one for one in outlook.seconds if one.advisor_id == advisor_id), None)
    return hers is not None and not any(span.overlaps(agreed) for span in hers.leave)


def able(advisors: Iterable[AdvisorTime], agreed: Span, terms: Terms) -> list[UUID]:
    """Who of them works and is free for a time agreed, with its buffers."""
    upkeep = agreed.widened(terms.before, terms.after)
    return [
        one.advisor_id
        for one in advisors
        if any(shift.contains(agreed) for shift in one.shifts) and not any(span.overlaps(upkeep) for span in one.busy)
    ]
