"""Breaches: who has to be told, by when, asked of the facts (PIPL, article 57)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from infra.refusal import Kind, Refusal


class Whom(StrEnum):
    """Who may have to be told."""

    AUTHORITY = "authority"
    PERSONS = "persons"
    GUARDIANS = "guardians"
    HANDLERS = "handlers"
    POLICE = "police"


# The law says "at once" and gives no hours (PIPL, article 57). These are what the house promises, counted from when it
# found out; an authority's own rules may want it sooner.
AUTHORITY_WITHIN = timedelta(hours=24)
PERSONS_WITHIN = timedelta(hours=72)

WORDS: dict[Whom, tuple[str, str, str]] = {
    Whom.AUTHORITY: (
        "PIPL 57",
        "立即补救并通知履行个人信息保护职责的部门：信息种类、原因、可能的危害、已采取的补救措施、联系方式。",
        "Remedy it at once and tell the authority: which data, why, what harm may follow, what was done, whom to ask.",
    ),
    Whom.PERSONS: (
        "PIPL 57",
        "通知受影响的个人；所采取的措施能够有效避免危害的，可以不通知，但主管部门可以要求通知。",
        "Tell those it is about, unless what was done averts the harm; the authority may want them told all the same.",
    ),
    Whom.GUARDIANS: (
        "PIPL 31, 57",
        "涉及未满十四周岁者，通知其监护人。",
        "Of children under 14 their guardians are told.",
    ),
    Whom.HANDLERS: (
        "PIPL 59",
        "受委托处理的信息，告知委托方。",
        "Of data that others entrusted to the house, they are told.",
    ),
    Whom.POLICE: (
        "NDR 11",
        "涉嫌犯罪的，向公安机关报案。",
        "Where a crime is suspected, it is reported to the police.",
    ),
}


class ToldBeforeFound(Refusal):
    """Nobody can have been told of it before it was found, nor is it found before it happened or in the future."""

    kind = Kind.MALFORMED
    slug = "told-before-found"
    en = "A breach happens, is found, and then told, none of it in the future. Check the times."
    zh = "时间顺序应为：发生、发现、告知，且不得晚于现在。请核对各时间。"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out: `contained` says that what was done averts the harm."""

    found_at: datetime
    dismissed: bool
    contained: bool
    minors: bool
    entrusted: bool
    crime_suspected: bool


@dataclass(frozen=True, slots=True)
class Duty:
    """One who has to be told, by when at the latest, and whether that was done or is late."""

    whom: Whom
    source: str
    zh: str
    en: str
    due_at: datetime
    told_at: datetime | None
    is_late: bool


def duties(facts: Facts, told: Iterable[tuple[Whom, datetime]], *, now: datetime) -> list[Duty]:
    """Who has to be told, the most pressing first; nobody of a false alarm. The first time somebody was told counts."""
    if facts.dismissed:
        return []
    wanted = {
        Whom.AUTHORITY: AUTHORITY_WITHIN,
        **({Whom.POLICE: AUTHORITY_WITHIN} if facts.crime_suspected else {}),
        **({Whom.HANDLERS: AUTHORITY_WITHIN} if facts.entrusted else {}),
        **({} if facts.contained else {Whom.PERSONS: PERSONS_WITHIN}),
        **({Whom.GUARDIANS: PERSONS_WITHIN} if facts.minors and not facts.contained else {}),
    }
    first: dict[Whom, datetime] = {}
    for whom, at in told:
        first[whom] = min(at, first.get(whom, at))
    found = []
    for whom, within in wanted.items():
        due_at, told_at = facts.found_at + within, first.get(whom)
        found.append(Duty(whom, *WORDS[whom], due_at, told_at, (told_at or now) > due_at))
    return found


def check_times(happened_at: datetime | None, found_at: datetime, told: Iterable[datetime], *, now: datetime) -> None:
    """Raise ToldBeforeFound."""
    before = happened_at is not None and happened_at > found_at
    if before or found_at > now or any(not found_at <= at <= now for at in told):
        raise ToldBeforeFound
