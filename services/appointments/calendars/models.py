"""Calendars in iCalendar (RFC 5545, 7986): text of bytes from entries, the same for the same entries."""

from collections.abc import Sequence
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vDuration

from services.appointments.calendars.rules import REFRESH, Entry, Observance, is_told, observances

PRODUCT = "-//Maison//Appointments//EN"


def calendar(entries: Sequence[Entry], *, name: str | None = None, method: str | None = None) -> bytes:
    """A calendar that programs subscribe to (with a name), or a message about some visits (with a method)."""
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    if method is not None:
        made.add("method", method)
    if name is not None:
        made.add("name", name)
        made.add("x-wr-calname", name)
        made.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
        made.add("x-published-ttl", vDuration(REFRESH))
    for zone in sorted({entry.zone for entry in entries}):
        made.add_component(_zone(zone, [entry for entry in entries if entry.zone == zone]))
    for entry in entries:
        made.add_component(_event(entry))
    text: bytes = made.to_ical()
    return text


def _event(entry: Entry) -> Event:
    made = Event()
    made.add("uid", entry.uid)
    made.add("dtstamp", entry.changed_at.astimezone(UTC).replace(microsecond=0))
    made.add("sequence", entry.sequence)
    clock = _clock(entry)
    made.add("dtstart", entry.starts_at.astimezone(clock))
    made.add("dtend", entry.ends_at.astimezone(clock))
    made.add("status", entry.shown.value)
    made.add("summary", entry.summary)
    made.add("location", entry.location)
    made.add("description", entry.description)
    made.add("class", "PRIVATE")
    return made


def _clock(entry: Entry) -> tzinfo:
    """The boutique's clock, by which people tell the time; UTC's where that one says an hour twice."""
    zone = ZoneInfo(entry.zone)
    return zone if is_told(entry.starts_at, zone) and is_told(entry.ends_at, zone) else UTC


def _zone(zone: str, entries: Sequence[Entry]) -> Timezone:
    """What the zone's clock does around these entries: a program needs no table of its own, and no other."""
    first = min(entry.starts_at for entry in entries).astimezone(UTC).year - 1
    last = max(entry.ends_at for entry in entries).astimezone(UTC).year + 1
    made = Timezone()
    made.add("tzid", zone)
    for one in observances(ZoneInfo(zone), first, last):
        made.add_component(_observance(one))
    return made


def _observance(one: Observance) -> TimezoneStandard | TimezoneDaylight:
    made = TimezoneDaylight() if one.is_daylight else TimezoneStandard()
    made.add("dtstart", one.onset)
    made.add("tzoffsetfrom", one.offset_from)
    made.add("tzoffsetto", one.offset_to)
    made.add("tzname", one.name)
    return made
