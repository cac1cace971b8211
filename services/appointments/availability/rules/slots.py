"""Which times are free: pure arithmetic over half-open spans."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import compress
from uuid import UUID
from zoneinfo import ZoneInfo

from services.appointments.availability.rules.terms import AdvisorTime, Outlook, Slot, Terms
from services.appointments.directory.rules import SECOND, Span, first, wall


def on_grid(instant: datetime, zone: ZoneInfo, step: timedelta) -> bool:
    """Whether the wall clock shows a whole number of steps since midnight."""
    return not _past_midnight(instant, zone) % step


def next_on_grid(instant: datetime, zone: ZoneInfo, step: timedelta) -> datetime:
    """The first instant from this one on at which the wall clock shows a whole number of steps since midnight.

    Stepping goes through UTC: a time that is shown twice is found twice, a skipped one never.
    """
    start = instant if not instant.microsecond else instant.replace(microsecond=0) + SECOND
    found = start + (-_past_midnight(start, zone)) % step
    offset = start.astimezone(zone).utcoffset()
    if found == start or found.astimezone(zone).utcoffset() == offset:
        return found
    # The clock changes on the way, and with it how far away the next step is.
    change = first(start, found, lambda moment: moment.astimezone(zone).utcoffset() != offset)
    return next_on_grid(change, zone, step)


def _past_midnight(instant: datetime, zone: ZoneInfo) -> timedelta:
    shown = wall(instant, zone)
    return shown - shown.replace(hour=0, minute=0, second=0, microsecond=0)


def starts(opening: Sequence[Span], zone: ZoneInfo, terms: Terms, window: Span) -> list[datetime]:
    """Every start on the grid and in the window for which the whole visit lies in opening hours; sorted."""
    found = []
    for span in opening:
        start = next_on_grid(max(span.starts_at, window.starts_at), zone, terms.granularity)
        last = min(span.ends_at - terms.duration, window.ends_at - timedelta.resolution)
        if start <= last and _is_plain(start, last, zone):
            steps = (last - start) // terms.granularity
            found += [start + step * terms.granularity for step in range(steps + 1)]
            continue
        while start <= last:
            found.append(start)
            start = next_on_grid(start + SECOND, zone, terms.granularity)
    return found


def _is_plain(start: datetime, last: datetime, zone: ZoneInfo) -> bool:
    """Whether the wall clock goes from one to the other within one day and without a change."""
    begins, ends = start.astimezone(zone), last.astimezone(zone)
    return begins.date() == ends.date() and begins.utcoffset() == ends.utcoffset()


def slots(outlook: Outlook, window: Span) -> list[Slot]:
    """The times within the window at which an advisor, a room if one is needed, and the client are free."""
    terms = outlook.terms
    candidates = starts(outlook.opening, outlook.zone, terms, window)

    def at_work(several: Iterable[AdvisorTime]) -> list[tuple[UUID, ...]]:
        ours = {
            one.advisor_id: working(candidates, terms, one.shifts, free_for(candidates, terms, one.busy))
            for one in several
        }
        return _by_start(ours, len(candidates))

    advisors = at_work(outlook.advisors)
    seconds = at_work(outlook.seconds if terms.needs_second else ())
    fit = outlook.rooms if terms.needs_room else ()
    rooms = _by_start({room.room_id: free_for(candidates, terms, room.busy) for room in fit}, len(candidates))
    client = free(candidates, terms.duration, outlook.client_busy)
    found = []
    for start, is_free, advisor_ids, room_ids, second_ids in zip(
        candidates, client, advisors, rooms, seconds, strict=True
    ):
        if terms.needs_second:
            # Nobody assists herself.
            advisor_ids = tuple(one for one in advisor_ids if any(other != one for other in second_ids))  # noqa: PLW2901
        if is_free and advisor_ids and (room_ids or not terms.needs_room):
            found.append(Slot(start, start + terms.duration, advisor_ids, room_ids, second_ids))
    return found


def _by_start(masks: Mapping[UUID, bytearray], count: int) -> list[tuple[UUID, ...]]:
    """For each of so many candidate starts, the ids whose mask has a 1 there."""
    if not masks:
        return [()] * count
    return [tuple(compress(masks, column)) for column in zip(*masks.values(), strict=True)]


def free_for(candidates: Sequence[datetime], terms: Terms, busy: Iterable[Span]) -> bytearray:
    """For each candidate start, 1 if the visit with its buffers meets nothing busy."""
    return free(candidates, terms.duration, busy, before=terms.before, after=terms.after)


def free(
    candidates: Sequence[datetime],
    duration: timedelta,
    busy: Iterable[Span],
    *,
    before: timedelta = timedelta(0),
    after: timedelta = timedelta(0),
) -> bytearray:
    """For each candidate start (sorted), 1 if [start - before, start + duration + after) meets nothing busy."""
    mask = bytearray(b"\x01") * len(candidates)
    lead = duration + after
    for span in busy:
        # Taken are the starts strictly between these two, for spans that only touch do not meet.
        low = bisect_right(candidates, span.starts_at - lead)
        high = bisect_left(candidates, span.ends_at + before, low)
        if low < high:
            mask[low:high] = bytes(high - low)
    return mask


def working(candidates: Sequence[datetime], terms: Terms, shifts: Iterable[Span], mask: bytearray) -> bytearray:
    """For each candidate start (sorted), its value in `mask` if the whole visit lies in a shift, else 0."""
    working = bytearray(len(candidates))
    for span in shifts:
        low = bisect_left(candidates, span.starts_at)
        high = bisect_right(candidates, span.ends_at - terms.duration)
        if low < high:
            working[low:high] = mask[low:high]
    return working


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another time that is free, and with whom."""

    starts_at: datetime
    advisor_id: UUID


def alternatives(
    free_times: Iterable[Slot], wanted: datetime, *, advisor_id: UUID | None, count: int = 3
) -> list[Alternative]:
    """The free times nearest to the wanted one, each with the wanted advisor where she is free, else the best."""
    nearest = sorted(free_times, key=lambda slot: (abs(slot.starts_at - wanted), slot.starts_at))[:count]
    return [
        Alternative(slot.starts_at, advisor_id if advisor_id in slot.advisor_ids else slot.advisor_ids[0])
        for slot in nearest
    ]
