"""Whether all that was answered is true of the tables, and all that the tables did was answered."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from tests.faults.rivals.heard import Answer
from tests.faults.rivals.house import House, Offer
from tests.faults.rivals.journal import LAST, UNSEEN, Journal, Standing, Stay, Taken

TAKING = frozenset({"held", "pending", "confirmed", "checked-in"})  # nobody else's time
MOST_HOLDS, MOST_OPEN = 3, 10  # what a brand allows a client unless it says otherwise
HOUR = timedelta(hours=1)
# A step begins from here, and nowhere else.
BEGINS = {
    "confirm": {"held"},
    "approve": {"pending"},
    "move": {"pending", "confirmed"},
    "cancel": {"held", "pending", "confirmed"},
}
# What may follow what, in the table.
FOLLOWS = {
    "held": {"confirmed", "pending", "expired", "cancelled"},
    "pending": {"pending", "confirmed", "refused", "expired", "cancelled"},
    "confirmed": {"confirmed", "cancelled"},
}


@dataclass
class Verdict:
    """What is wrong, in words; and how often what was answered."""

    wrong: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)


def judge(house: House, journal: Journal) -> Verdict:
    """Hold all that was heard against all that happened."""
    return Judge(house, journal).judge()


class Judge:
    """One judgement."""

    def __init__(self, house: House, journal: Journal) -> None:
        self._house = house
        self._journal = journal
        self._offers = {one.experience_id: one for one in house.offers}
        self._by_hour: dict[tuple[UUID, datetime], list[Stay]] = defaultdict(list)
        for stay in journal.stays:
            for hour in _hours(stay.starts_at, stay.ends_at):
                self._by_hour[stay.resource_id, hour].append(stay)
        self._by_client: dict[UUID, list[Standing]] = defaultdict(list)
        for standing in (one for versions in journal.standings.values() for one in versions):
            self._by_client[standing.client_id].append(standing)
        self._verdict = Verdict()

    def judge(self) -> Verdict:
        """All of it."""
        said = self._verdict
        for answer in self._house.heard:
            said.counted[f"{answer.ask.operation} {answer.status} {answer.slug}".strip()] += 1
            if (reason := self._wrong(answer)) is not None:
                said.wrong.append(f"{reason}: {answer}")
        for reason in (
            *overlaps(self._journal.stays, "in the table"),
            *overlaps(self._believed(), "by the answers"),
            *self._unasked(),
            *self._left(),
            *self._untold(),
        ):
            said.wrong.append(reason)
        expired = [one for versions in self._journal.standings.values() for one in versions if one.status == "expired"]
        said.counted["expired by itself"] += len(expired)
        return said

    def _wrong(self, answer: Answer) -> str | None:
        if answer.status in {200, 201}:
            return None if self._seen(answer) else "nothing of the kind is in the table"
        reasons = {
            (409, "slot-taken"): self._taken,
            (409, "appointment-step-not-possible"): self._not_possible,
            (410, "hold-expired"): self._expired,
            (410, "request-unanswered"): self._expired,
            (412, "stale"): self._changed,
            (429, "too-many-holds"): lambda answer: self._has(answer, {"held"}, MOST_HOLDS),
            (409, "too-many-bookings"): lambda answer: self._has(answer, {"held", "pending", "confirmed"}, MOST_OPEN),
            (409, "move-needs-boutique"): self._approved,
        }
        justified = reasons.get((answer.status, answer.slug))
        if justified is None:
            return "no answer of these"
        return None if justified(answer) else "nothing in the table is a reason"

    def _during(self, answer: Answer) -> list[Standing]:
        """What the appointment was while it was asked for."""
        found = self._journal.standings.get(answer.ask.appointment_id, []) if answer.ask.appointment_id else []
        return [one for one in found if one.since < answer.ended and one.until > answer.began - UNSEEN]

    def _seen(self, answer: Answer) -> bool:
        """Whether the version that was shown was written while it was asked for, or stood then."""
        for one in self._journal.standings.get(answer.appointment_id, []):
            if one.version == answer.body["version"]:
                is_new = answer.began <= one.since <= answer.ended
                stood = one.since < answer.ended and one.until > answer.began - UNSEEN
                return (is_new if answer.done else stood) and _shows(answer, one)
        return False

    def _taken(self, answer: Answer) -> bool:
        """Whether the client, every advisor that could be meant, or every room was taken at some moment meanwhile."""
        ask = answer.ask
        if ask.starts_at is None or ask.experience_id is None:
            return False
        offer = self._offers[ask.experience_id]
        begins, ends = ask.starts_at, ask.starts_at + offer.duration
        own = {ask.client_id} | {one.client_id for one in self._during(answer)}
        if any(self._is_taken(answer, one, begins, ends) for one in own if one is not None):
            return True
        begins, ends = begins - offer.before, ends + offer.after
        advisors = [ask.advisor_id] if ask.advisor_id else self._house.advisor_ids
        rooms = self._house.room_ids if offer.needs_room else []
        return any(
            group and all(self._is_taken(answer, one, begins, ends) for one in group) for group in (advisors, rooms)
        )

    def _is_taken(self, answer: Answer, resource_id: UUID, begins: datetime, ends: datetime) -> bool:
        at_least = self._house.pace.shows(answer.began)
        return any(
            stay.starts_at < ends
            and begins < stay.ends_at
            and stay.since < answer.ended
            and stay.until > answer.began - UNSEEN
            and (stay.expires_at is None or stay.expires_at > at_least)
            and (stay.appointment_id is None or stay.appointment_id != answer.ask.appointment_id)
            for hour in _hours(begins, ends)
            for stay in self._by_hour.get((resource_id, hour), ())
        )

    def _not_possible(self, answer: Answer) -> bool:
        begins = BEGINS.get(answer.ask.operation, set())
        said = answer.body.get("appointment_status")
        return any(one.status == said and one.status not in begins for one in self._during(answer))

    def _expired(self, answer: Answer) -> bool:
        at_most = self._house.pace.shows(answer.ended)
        return any(
            one.status == "expired" or (one.expires_at is not None and one.expires_at <= at_most)
            for one in self._during(answer)
        )

    def _changed(self, answer: Answer) -> bool:
        return any(f'"{one.version}"' != answer.ask.tag for one in self._during(answer))

    def _has(self, answer: Answer, statuses: Collection[str], most: int) -> bool:
        """Whether so many of hers stood so at some moment meanwhile."""
        if answer.ask.client_id is None:
            return False
        at_least = self._house.pace.shows(answer.began)
        kept = {
            one.appointment_id
            for one in self._by_client[answer.ask.client_id]
            if one.status in statuses
            and one.since < answer.ended
            and one.until > answer.began - UNSEEN
            and (one.expires_at is None or one.expires_at > at_least)
        }
        return len(kept) >= most

    def _approved(self, answer: Answer) -> bool:
        """Whether it was confirmed by the boutique's own yes."""
        return any(
            one.status == "confirmed" and self._offers[one.experience_id].needs_approval for one in self._during(answer)
        )

    def _unasked(self) -> Iterator[str]:
        """Versions that nobody was told of, that two were told of, that are missing, or that may not follow."""
        told = Counter((one.appointment_id, one.body["version"]) for one in self._house.heard if one.done)
        for appointment_id, versions in self._journal.standings.items():
            numbers = [one.version for one in versions]
            if numbers != list(range(1, len(versions) + 1)):
                yield f"{appointment_id} has the versions {numbers}"
            for before, after in zip([None, *versions], versions, strict=False):
                if before is not None and after.status not in FOLLOWS.get(before.status, ()):
                    yield f"{appointment_id} went from {before.status} to {after.status}"
                times = told[appointment_id, after.version]
                if times != (0 if after.status == "expired" else 1):
                    yield f"{times} were told of {after}"

    def _believed(self) -> list[Stay]:
        """What those who were answered may believe to be theirs, and from when until when."""
        done: dict[UUID, list[Answer]] = defaultdict(list)
        for answer in self._house.heard:
            if answer.done:
                done[answer.appointment_id].append(answer)
        found = []
        for appointment_id, answers in done.items():
            ordered = sorted(answers, key=lambda one: int(one.body["version"]))
            for number, answer in enumerate(ordered):
                if answer.body["status"] not in TAKING:
                    continue
                ends = answer.instant("expires_at")
                until = self._house.pace.when(ends) if ends else LAST
                if number + 1 < len(ordered):
                    until = min(until, ordered[number + 1].began)
                begins, leaves = answer.instant("starts_at"), answer.instant("ends_at")
                assert begins is not None
                assert leaves is not None
                found += [
                    Stay(UUID(answer.body[whose]), begins, leaves, appointment_id, None, answer.ended, until)
                    for whose in ("advisor_id", "room_id", "client_id")
                    if answer.body[whose] and answer.ended < until
                ]
        return found

    def _left(self) -> Iterator[str]:
        """What `occupation` holds at the end, against what the appointments are then."""
        wanted: set[Taken] = set()
        for versions in self._journal.standings.values():
            last = versions[-1]
            if last.status in TAKING:
                wanted |= _takes(last, self._offers[last.experience_id])
        for what, rows in (("missing", wanted - self._journal.taken), ("too many", self._journal.taken - wanted)):
            for row in rows:
                yield f"{what} in occupation: {row}"

    def _untold(self) -> Iterator[str]:
        """Facts that are missing, or were announced twice."""
        wanted: Counter[tuple[UUID, str]] = Counter()
        for appointment_id, versions in self._journal.standings.items():
            for before, after in pairwise(versions):
                kind = _fact(before.status, after.status)
                if kind is not None:
                    wanted[appointment_id, f"appointments.{kind}.v1"] += 1
        for key in wanted.keys() | self._journal.facts.keys():
            if wanted[key] != self._journal.facts.get(key, 0):
                yield f"{key} was announced {self._journal.facts.get(key, 0)} times instead of {wanted[key]}"


def overlaps(stays: Iterable[Stay], where: str) -> Iterator[str]:
    """Pairs that took one resource's same time at the same moment."""
    by_resource: dict[UUID, list[Stay]] = defaultdict(list)
    for stay in stays:
        by_resource[stay.resource_id].append(stay)
    for several in by_resource.values():
        standing: list[Stay] = []
        for stay in sorted(several, key=lambda one: (one.since, one.until)):
            standing = [one for one in standing if one.until > stay.since]
            for other in standing:
                if stay.starts_at < other.ends_at and other.starts_at < stay.ends_at:
                    yield f"overlap {where}: {other} and {stay}"
            standing.append(stay)


def _fact(before: str, after: str) -> str | None:
    if after == "confirmed":
        return "moved" if before == "confirmed" else "confirmed"
    return "cancelled" if before in {"pending", "confirmed"} and after == "cancelled" else None


def _takes(one: Standing, offer: Offer) -> set[Taken]:
    upkeep = (one.starts_at - offer.before, one.ends_at + offer.after)
    found = {(one.client_id, one.starts_at, one.ends_at, one.appointment_id)}
    return found | {
        (resource_id, *upkeep, one.appointment_id)
        for resource_id in (one.advisor_id, one.room_id)
        if resource_id is not None
    }


def _shows(answer: Answer, one: Standing) -> bool:
    """Whether the answer shows this version."""
    body = answer.body
    told: Sequence[object] = (
        body["status"],
        body["client_id"],
        body["advisor_id"],
        body["room_id"],
        answer.instant("starts_at"),
        answer.instant("ends_at"),
    )
    stood: Collection[object] = (
        one.status,
        str(one.client_id),
        str(one.advisor_id),
        str(one.room_id) if one.room_id else None,
        one.starts_at,
        one.ends_at,
    )
    return tuple(told) == tuple(stood)


def _hours(begins: datetime, ends: datetime) -> Iterator[datetime]:
    hour = begins.replace(minute=0, second=0, microsecond=0)
    while hour < ends:
        yield hour
        hour += HOUR
