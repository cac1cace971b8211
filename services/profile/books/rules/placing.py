"""To whom each client goes: by store, language, category and load, in the order a person gives; always the same way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.profile.books.rules.policy import Load, Policy


class Match(StrEnum):
    """What may bring a client and an advisor together; `load` decides what these leave open."""

    STORE = "store"
    LANGUAGE = "language"
    CATEGORY = "category"


class Reason(StrEnum):
    """Why a client goes to this advisor, or to nobody."""

    STORE = "same-store"
    LANGUAGE = "speaks-her-language"
    CATEGORY = "knows-what-she-buys"
    LOAD = "least-load"
    BY_HAND = "by-hand"
    NO_ROOM = "no-room"
    NOBODY = "nobody-there"


@dataclass(frozen=True, slots=True)
class Subject:
    """A client of the book: `is_counted` whether she counts in a book, `categories` what she has bought."""

    client_id: UUID
    boutique_id: UUID
    language: str
    categories: frozenset[str]
    is_counted: bool


@dataclass(frozen=True, slots=True)
class Advisor:
    """Somebody of the house: where she works, what she speaks and offers, when she is away, whether she has left."""

    advisor_id: UUID
    boutique_id: UUID
    languages: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    wecom_userid: str | None = None
    absent_from_on: date | None = None
    absent_until_on: date | None = None
    has_left: bool = False

    def is_away(self, on: date) -> bool:
        """Whether she is on leave on that day."""
        if self.absent_from_on is None or on < self.absent_from_on:
            return False
        return self.absent_until_on is None or on <= self.absent_until_on


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a client goes; without an advisor nobody has room for her, or nobody is there."""

    client_id: UUID
    advisor_id: UUID | None
    boutique_id: UUID | None
    is_counted: bool
    reasons: tuple[Reason, ...]


def place(
    subjects: Iterable[Subject],
    candidates: Sequence[Advisor],
    loads: Mapping[UUID, Load],
    policy: Policy,
    match: Sequence[Match],
) -> list[Placement]:
    """One placement for each client: counted ones first, then by id; what is said first in `match` weighs most.

    Of those who match equally well the one with the fewest counted clients (for a client who does not count: with the
    fewest at all) gets her. No book grows beyond the hard limit.
    """
    counted = {one.advisor_id: loads.get(one.advisor_id, Load()).counted for one in candidates}
    clients = {one.advisor_id: loads.get(one.advisor_id, Load()).clients for one in candidates}
    ordered = sorted(candidates, key=lambda one: one.advisor_id)
    placements = []
    for subject in sorted(subjects, key=lambda one: (not one.is_counted, one.client_id)):
        # The limit is about clients who count; of the others a book may hold as many as there are.
        open_to = [one for one in ordered if not subject.is_counted or counted[one.advisor_id] < policy.hard]
        if not open_to:
            why = Reason.NO_ROOM if ordered else Reason.NOBODY
            placements.append(Placement(subject.client_id, None, None, subject.is_counted, (why,)))
            continue
        busy = counted if subject.is_counted else clients
        best = min(open_to, key=lambda one: (*_misses(subject, one, match), busy[one.advisor_id], one.advisor_id))
        counted[best.advisor_id] += subject.is_counted
        clients[best.advisor_id] += 1
        placements.append(
            Placement(
                subject.client_id,
                best.advisor_id,
                best.boutique_id,
                subject.is_counted,
                _reasons(subject, best, match, alone=len(open_to) == 1),
            )
        )
    return placements


def _misses(subject: Subject, advisor: Advisor, match: Sequence[Match]) -> list[bool]:
    return [not _meets(subject, advisor, one) for one in match]


def _reasons(subject: Subject, advisor: Advisor, match: Sequence[Match], *, alone: bool) -> tuple[Reason, ...]:
    met = tuple(Reason[one.name] for one in match if _meets(subject, advisor, one))
    return met if alone and met else (*met, Reason.LOAD)


def _meets(subject: Subject, advisor: Advisor, match: Match) -> bool:
    match match:
        case Match.STORE:
            return subject.boutique_id == advisor.boutique_id
        case Match.LANGUAGE:
            # `zh-Hant` is read by whoever speaks `zh`.
            return subject.language.partition("-")[0] in {one.partition("-")[0] for one in advisor.languages}
        case Match.CATEGORY:
            return not subject.categories.isdisjoint(advisor.skills)
