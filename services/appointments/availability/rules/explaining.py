"""Why there is no slot: for each start that cannot be had, the first rule that removes it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.appointments.availability.rules.slots import free, free_for, next_on_grid, working
from services.appointments.availability.rules.terms import Actor, AdvisorTime, Lack, Outlook, Terms, earliest
from services.appointments.directory.rules import SECOND, Span


class Rule(StrEnum):
    """What removes a start, in the order in which it is asked."""

    NOT_OFFERED = "not-offered"
    NOT_OPEN = "not-open"
    PAST = "past"
    NOTICE = "notice"
    HORIZON = "horizon"
    CLOSED = "closed"
    CLOSURE = "closure"
    NOBODY_OFFERS = "nobody-offers"
    NOBODY_SPEAKS = "nobody-speaks"
    OFF_SHIFT = "off-shift"
    ON_LEAVE = "on-leave"
    ADVISOR_TAKEN = "advisor-taken"
    SECOND_ADVISOR = "second-advisor"
    NO_SUCH_ROOM = "no-such-room"
    ROOM_TOO_SMALL = "room-too-small"
    ROOM_TAKEN = "room-taken"
    CLIENT_BUSY = "client-busy"
    TAKEN = "taken"  # what a client is told of whoever else is there


WORDS: Mapping[Rule, tuple[str, str]] = {
    Rule.NOT_OFFERED: ("该服务项目已停止提供", "The experience is not offered any more"),
    Rule.NOT_OPEN: ("该服务暂不支持在线预约", "The experience cannot be booked online"),
    Rule.PAST: ("该时间已过", "The time has passed"),
    Rule.NOTICE: ("距到店时间过近，需提前预约", "It is too soon: the experience has to be booked earlier"),
    Rule.HORIZON: ("该日期尚未开放预约", "The date is not open for booking yet"),
    Rule.CLOSED: ("不在营业时间内", "The boutique is not open for the whole visit"),
    Rule.CLOSURE: ("精品店临时停业", "The boutique is closed on this occasion"),
    Rule.NOBODY_OFFERS: ("该店没有可提供此服务的顾问", "Nobody there offers the experience"),
    Rule.NOBODY_SPEAKS: ("该店没有使用所选语言的顾问", "Nobody there who offers it speaks the language"),
    Rule.OFF_SHIFT: ("没有顾问当班", "No advisor is at work"),
    Rule.ON_LEAVE: ("当班顾问休假", "The advisors who would be at work are on leave"),
    Rule.ADVISOR_TAKEN: ("顾问已有其他安排", "Every advisor at work is taken"),
    Rule.SECOND_ADVISOR: ("没有第二位顾问可共同接待", "No second advisor is free"),
    Rule.NO_SUCH_ROOM: ("该店没有所需类型的贵宾室", "The boutique has no room of the kind that is needed"),
    Rule.ROOM_TOO_SMALL: ("贵宾室容纳不下此人数", "No room holds a party of this size"),
    Rule.ROOM_TAKEN: ("贵宾室已被占用", "Every room is taken"),
    Rule.CLIENT_BUSY: ("您在该时段已有其他预约", "You have another appointment at this time"),
    Rule.TAKEN: ("该时段已约满", "The time is fully booked"),
}
# Clients learn neither who else is there nor who is away.
_DISCREET = {
    Rule.ADVISOR_TAKEN: Rule.TAKEN,
    Rule.SECOND_ADVISOR: Rule.TAKEN,
    Rule.ROOM_TAKEN: Rule.TAKEN,
    Rule.ON_LEAVE: Rule.OFF_SHIFT,
}


@dataclass(frozen=True, slots=True)
class Explained:
    """One start on the grid: the rule that removes it, or None where it is free."""

    starts_at: datetime
    rule: Rule | None


def explained(
    outlook: Outlook, window: Span, *, actor: Actor, now: datetime, is_offered: bool = True, is_open: bool = True
) -> list[Explained]:
    """Every start on the grid within the window; the free ones are those that can be booked."""
    terms = outlook.terms
    candidates = _grid(outlook, window)
    verdicts: list[Rule | None] = []
    soonest, last = earliest(terms, actor, now), now + terms.horizon
    inside = working(candidates, terms, outlook.opening, _all(candidates))
    open_ = free(candidates, terms.duration, outlook.closures)
    resources = _resources(outlook, candidates)
    client = free(candidates, terms.duration, outlook.client_busy)
    for index, start in enumerate(candidates):
        if not is_offered:
            verdict: Rule | None = Rule.NOT_OFFERED
        elif not is_open:
            verdict = Rule.NOT_OPEN
        elif start < now:
            verdict = Rule.PAST
        elif start < soonest:
            verdict = Rule.NOTICE
        elif start >= last:
            verdict = Rule.HORIZON
        elif not inside[index]:
            verdict = Rule.CLOSED
        elif not open_[index]:
            verdict = Rule.CLOSURE
        else:
            verdict = next((rule for rule, mask in resources if not mask[index]), None)
            if verdict is None and not client[index]:
                verdict = Rule.CLIENT_BUSY
        verdicts.append(_DISCREET.get(verdict, verdict) if verdict and actor is Actor.CLIENT else verdict)
    return [Explained(start, verdict) for start, verdict in zip(candidates, verdicts, strict=True)]


def _grid(outlook: Outlook, window: Span) -> list[datetime]:
    found = []
    start = next_on_grid(window.starts_at, outlook.zone, outlook.terms.granularity)
    while start < window.ends_at:
        found.append(start)
        start = next_on_grid(start + SECOND, outlook.zone, outlook.terms.granularity)
    return found


def _resources(outlook: Outlook, candidates: Sequence[datetime]) -> list[tuple[Rule, bytearray]]:
    """The rules about who and what is there, in their order, each with the starts that pass it."""
    terms, everything, nothing = outlook.terms, _all(candidates), bytearray(len(candidates))
    nobody = Rule.NOBODY_SPEAKS if Lack.LANGUAGE in outlook.lacks else Rule.NOBODY_OFFERS
    shifts = [working(candidates, terms, one.shifts, everything) for one in outlook.advisors]
    here = [
        _both(shift, free_for(candidates, terms, one.leave))
        for shift, one in zip(shifts, outlook.advisors, strict=True)
    ]
    mine = _available(candidates, terms, outlook.advisors)
    rules = [
        (nobody, everything if outlook.advisors else nothing),
        (Rule.OFF_SHIFT, _any(candidates, shifts)),
        (Rule.ON_LEAVE, _any(candidates, here)),
        (Rule.ADVISOR_TAKEN, _any(candidates, mine)),
    ]
    if terms.needs_second:
        assisting = _available(candidates, terms, outlook.seconds)
        pairs = [
            _both(first, second)
            for one, first in zip(outlook.advisors, mine, strict=True)
            for other, second in zip(outlook.seconds, assisting, strict=True)
            if one.advisor_id != other.advisor_id
        ]
        rules.append((Rule.SECOND_ADVISOR, _any(candidates, pairs)))
    if terms.needs_room:
        short = Rule.NO_SUCH_ROOM if Lack.ROOM_KIND in outlook.lacks else Rule.ROOM_TOO_SMALL
        rules.append((short, everything if outlook.rooms else nothing))
        rules.append(
            (Rule.ROOM_TAKEN, _any(candidates, [free_for(candidates, terms, one.busy) for one in outlook.rooms]))
        )
    return rules


def _available(candidates: Sequence[datetime], terms: Terms, advisors: Iterable[AdvisorTime]) -> list[bytearray]:
    return [working(candidates, terms, one.shifts, free_for(candidates, terms, one.busy)) for one in advisors]


def _all(candidates: Sequence[datetime]) -> bytearray:
    return bytearray(b"\x01") * len(candidates)


def _both(one: bytearray, other: bytearray) -> bytearray:
    return bytearray((int.from_bytes(one) & int.from_bytes(other)).to_bytes(len(one)))


def _any(candidates: Sequence[datetime], masks: Iterable[bytearray]) -> bytearray:
    found = 0
    for mask in masks:
        found |= int.from_bytes(mask)
    return bytearray(found.to_bytes(len(candidates)))
