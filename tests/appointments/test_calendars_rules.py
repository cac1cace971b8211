"""What a calendar says of its zones, and that strict parsers read it back as it was meant."""

import os
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical  # type: ignore[import-untyped]  # it brings no types
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from services.appointments.calendars import rules
from services.appointments.calendars.models import calendar
from services.appointments.calendars.rules import Entry, Shown
from services.appointments.preparation.rules import reference

ZONES = (
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Europe/Paris",
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",  # moves its clock by half an hour
    "Africa/Casablanca",  # four times within a year, by the moon
    "America/Santiago",
)
CASES = os.environ.get("ICALENDAR_DATA", "")


def entry(**given: object) -> Entry:
    starts_at = given.pop("starts_at", datetime(2030, 7, 1, 3, tzinfo=UTC))
    assert isinstance(starts_at, datetime)
    told: dict[str, object] = {
        "uid": "1@maison",
        "sequence": 2,
        "changed_at": datetime(2030, 1, 1, 9, 30, 15, 500, tzinfo=UTC),
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=1),
        "zone": "Asia/Shanghai",
        "shown": Shown.CONFIRMED,
        "summary": "私人预约",
        "location": "恒隆, 云起厅",
        "description": "编号 1234ABCD",
    }
    return Entry(**(told | given))  # type: ignore[arg-type]


def read(body: bytes) -> Any:
    """What a strict parser reads: icalendar raises for whatever is not as RFC 5545 wants it."""
    parsed = Calendar.from_ical(body)
    assert not [one.errors for one in parsed.walk() if one.errors]
    return parsed


def is_strict(body: bytes) -> None:
    """Lines end with CRLF, and none is longer than 75 octets (RFC 5545, 3.1); no character is cut in two."""
    assert body.endswith(b"END:VCALENDAR\r\n")
    for line in body.split(b"\r\n"):
        assert len(line) <= 75
        assert b"\n" not in line
        assert b"\r" not in line
        line.decode()


def every_hour(zone: str, first: datetime, last: datetime) -> list[Entry]:
    count = int((last - first) / timedelta(hours=6))
    return [entry(uid=f"{n}@maison", zone=zone, starts_at=first + n * timedelta(hours=6)) for n in range(count)]


@pytest.mark.parametrize("zone", ZONES)
def test_every_time_of_two_years_is_read_back_as_the_same_instant(zone: str) -> None:
    entries = every_hour(zone, datetime(2029, 12, 1, tzinfo=UTC), datetime(2031, 12, 1, tzinfo=UTC))
    body = calendar(entries, name="恒隆")
    is_strict(body)
    parsed = read(body)
    [described] = parsed.timezones
    assert str(described["TZID"]) == zone
    # By nothing but what the calendar says of the zone: a program may know none.
    theirs = described.to_tz(lookup_tzid=False)
    others = tzical(StringIO(described.to_ical().decode())).get()
    assert len(parsed.events) == len(entries)
    for event, meant in zip(parsed.events, entries, strict=True):
        for name, instant in (("DTSTART", meant.starts_at), ("DTEND", meant.ends_at)):
            told = event[name]
            if told.params.get("TZID") is None:
                assert told.dt == instant
                continue
            assert told.params["TZID"] == zone
            local = told.dt.replace(tzinfo=None)
            assert local.replace(tzinfo=theirs).utcoffset() == instant.astimezone(ZoneInfo(zone)).utcoffset()
            assert local.replace(tzinfo=others).astimezone(UTC) == instant


@pytest.mark.parametrize("zone", ["Europe/Paris", "Australia/Lord_Howe", "America/New_York"])
def test_an_hour_that_is_told_twice_is_told_by_utc(zone: str) -> None:
    clock, day = ZoneInfo(zone), timedelta(minutes=10)
    at, twice = datetime(2030, 1, 1, tzinfo=UTC), []
    while at.year == 2030:
        if at.astimezone(clock).fold:
            twice.append(at)
        at += day
    assert twice
    for event, instant in zip(
        read(calendar([entry(zone=zone, starts_at=one) for one in twice])).events, twice, strict=True
    ):
        assert (event["DTSTART"].dt, event["DTSTART"].params.get("TZID")) == (instant, None)
        assert event["DTEND"].params.get("TZID") is None  # both the same way


def test_several_zones_stand_once_each_and_nothing_names_one_that_is_missing() -> None:
    entries = [entry(zone=zone, uid=f"{zone}{n}") for zone in ZONES for n in range(3)]
    parsed = read(calendar(entries, name="x"))
    assert sorted(str(one["TZID"]) for one in parsed.timezones) == sorted(ZONES)
    named = {one["DTSTART"].params["TZID"] for one in parsed.events}
    assert named == set(ZONES)
    assert parsed.get_missing_tzids() == set()


@given(st.text(max_size=300), st.text(max_size=80))
@settings(max_examples=300)
def test_whatever_a_name_holds_is_escaped_folded_and_read_back(summary: str, location: str) -> None:
    # XML and iCalendar know no control characters; the forms take none.
    summary, location = ("".join(c for c in one if c.isprintable()) for one in (summary, location))
    body = calendar([entry(summary=summary, location=location)], name=location or "x")
    is_strict(body)
    [event] = read(body).events
    assert (str(event["SUMMARY"]), str(event["LOCATION"])) == (summary, location)


def test_a_feed_says_all_that_programs_look_for() -> None:
    made = read(calendar([entry(shown=Shown.CANCELLED)], name="恒隆")).to_ical().decode()
    for line in (
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        "NAME:恒隆",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
        "UID:1@maison",
        "SEQUENCE:2",
        "DTSTAMP:20300101T093015Z",
        "STATUS:CANCELLED",
        "DTSTART;TZID=Asia/Shanghai:20300701T110000",
    ):
        assert f"{line}\r\n" in made
    assert "METHOD" not in made
    assert "METHOD:PUBLISH\r\n" in calendar([entry()], method="PUBLISH").decode()


def test_the_same_entries_make_the_same_bytes_and_others_do_not() -> None:
    one = calendar([entry()], name="x")
    assert rules.tag_of(one) == rules.tag_of(calendar([entry()], name="x"))
    assert rules.tag_of(one) != rules.tag_of(calendar([entry(sequence=3)], name="x"))


def test_an_empty_calendar_is_one() -> None:
    body = calendar([], name="x")
    is_strict(body)
    assert read(body).events == []


@pytest.mark.parametrize(
    ("status", "was_agreed", "shown"),
    [
        ("held", False, None),
        ("pending", False, Shown.TENTATIVE),
        ("confirmed", True, Shown.CONFIRMED),
        ("checked-in", True, Shown.CONFIRMED),
        ("completed", True, Shown.CONFIRMED),
        ("cancelled", True, Shown.CANCELLED),
        ("cancelled", False, None),
        ("no-show", True, Shown.CANCELLED),
        ("expired", False, None),
        ("refused", False, None),
    ],
)
def test_how_a_visit_is_shown(status: str, was_agreed: bool, shown: Shown | None) -> None:  # noqa: FBT001
    assert rules.shown(status, was_agreed=was_agreed) is shown


@pytest.mark.parametrize(
    ("sent", "known"),
    [(None, False), ('"1"', True), ('W/"1"', True), ('"2", "1"', True), ("*", True), ('"11"', False), ("", False)],
)
def test_what_a_program_has_already(sent: str | None, known: bool) -> None:  # noqa: FBT001
    assert rules.is_known(sent, '"1"') is known


@pytest.mark.parametrize("token", ["", "x", "lumiere.", f"lumiere.{'a' * 42}", f"LUMIERE.{'a' * 43}", "a.b.c", "恒.x"])
def test_what_cannot_be_a_token_names_no_brand(token: str) -> None:
    assert rules.brand_of(token) is None


def test_a_token_names_its_brand_and_is_kept_as_a_digest() -> None:
    token = f"lumiere.{'a' * 43}"
    assert rules.brand_of(token) == "lumiere"
    assert len(rules.digest(token)) == 32


def test_a_reference_is_short_and_its_own() -> None:
    assert reference(UUID("01990000-0000-7000-8000-0000abcd1234")) == "ABCD1234"


@pytest.mark.skipif(not CASES, reason="ICALENDAR_DATA names the folder with tz's own VTIMEZONEs")
@pytest.mark.parametrize("path", sorted(Path(CASES).glob("vtimezone/*.ics")) if CASES else [], ids=lambda one: one.stem)
def test_the_zones_change_when_tz_says_that_they_do(path: Path) -> None:
    described: Any = Calendar.from_ical(path.read_text()).walk("VTIMEZONE")[0]
    theirs = described.to_tz(lookup_tzid=False)
    zone = path.stem.replace("_", "/", 1)
    found = rules.observances(ZoneInfo(zone), 2029, 2032)
    for one in found[1:]:
        before = (one.onset - timedelta(hours=3)).replace(tzinfo=theirs)
        after = (one.onset + timedelta(hours=3)).replace(tzinfo=theirs)
        assert (before.utcoffset(), after.utcoffset()) == (one.offset_from, one.offset_to)


def test_the_parser_that_reads_it_back_is_strict() -> None:
    broken = calendar([entry()], name="x").replace(b"Shanghai:20300701T11", b"Shanghai:20X00701T11")
    with pytest.raises((AssertionError, ValueError)):
        read(broken)
