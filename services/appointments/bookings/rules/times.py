"""When a visit may be, and the refusals that name why it may not."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from infra.refusal import Kind, Refusal
from services.appointments.availability.rules import Actor, Outlook, earliest, on_grid


class SlotTaken(Refusal):
    """Somebody else has this time; `alternatives` are the nearest free ones."""

    kind = Kind.CONFLICT
    slug = "slot-taken"
    en = "This time has just been taken. See `alternatives` for the nearest free times."
    zh = "该时段刚刚被预约，alternatives 中列出了最近的可预约时段。"


class TimePassed(Refusal):
    """It lies in the past."""

    kind = Kind.CONFLICT
    slug = "time-passed"
    en = "This time has passed. Please choose a later one."
    zh = "该时间已过，请选择之后的时段。"


class BookingNoticeTooShort(Refusal):
    """Clients book some time ahead."""

    kind = Kind.CONFLICT
    slug = "booking-notice-too-short"
    en = "This experience has to be booked earlier (see `notice_minutes`). The boutique may still be able to help."
    zh = "该服务需提前预约(见 notice_minutes)，您可联系精品店协助安排。"


class BeyondHorizon(Refusal):
    """It is not open for booking yet."""

    kind = Kind.CONFLICT
    slug = "beyond-horizon"
    en = "This date is not open for booking yet (see `horizon_days`)."
    zh = "该日期尚未开放预约(见 horizon_days)。"


class OffGrid(Refusal):
    """Visits start at certain minutes only."""

    kind = Kind.CONFLICT
    slug = "off-grid"
    en = "Visits start every `granularity_minutes` minutes after midnight, local time. Choose one of the offered times."
    zh = "到店时间须为当地零点起每 granularity_minutes 分钟的整点时段，请选择系统提供的时段。"


class OutsideOpeningHours(Refusal):
    """The boutique is closed for some of it."""

    kind = Kind.CONFLICT
    slug = "outside-opening-hours"
    en = "The boutique is not open for the whole of this time."
    zh = "该时段内精品店并非全程营业。"


class OutsideShift(Refusal):
    """Nobody who may be asked works then."""

    kind = Kind.CONFLICT
    slug = "outside-shift"
    en = "The advisor, or every advisor who offers this, is off at this time."
    zh = "所选顾问(或所有可提供该服务的顾问)在该时段不当班。"


class AdvisorCannot(Refusal):
    """The advisor asked for does not receive clients for this here."""

    kind = Kind.CONFLICT
    slug = "advisor-does-not-offer"
    en = "This advisor does not offer the experience at this boutique."
    zh = "该顾问在此精品店不提供所选服务。"


class NoRoomForParty(Refusal):
    """No room of the boutique is large enough."""

    kind = Kind.CONFLICT
    slug = "no-room-for-party"
    en = "The boutique has no room for a party of this size."
    zh = "该精品店没有可容纳此人数的贵宾室。"


def judge_time(outlook: Outlook, starts_at: datetime, *, actor: Actor, now: datetime, advisor_id: UUID | None) -> None:
    """Raise the refusal that names why nobody could ever have this time; whether it is taken is another question.

    TimePassed, BookingNoticeTooShort, BeyondHorizon, OffGrid, OutsideOpeningHours, AdvisorCannot, OutsideShift,
    NoRoomForParty. Buffers may reach out of hours and shifts: they only keep others away.
    """
    terms, minute = outlook.terms, timedelta(minutes=1)
    visit = terms.visit(starts_at)
    if starts_at < now:
        raise TimePassed
    if starts_at < earliest(terms, actor, now):
        raise BookingNoticeTooShort(notice_minutes=terms.notice // minute)
    if starts_at >= now + terms.horizon:
        raise BeyondHorizon(horizon_days=terms.horizon.days)
    if not on_grid(starts_at, outlook.zone, terms.granularity):
        raise OffGrid(granularity_minutes=terms.granularity // minute)
    if not any(span.contains(visit) for span in outlook.opening):
        raise OutsideOpeningHours
    asked = [one for one in outlook.advisors if advisor_id in {None, one.advisor_id}]
    if advisor_id is not None and not asked:
        raise AdvisorCannot
    if not any(shift.contains(visit) for one in asked for shift in one.shifts):
        raise OutsideShift
    if terms.needs_room and not outlook.rooms:
        raise NoRoomForParty
