"""Why a time cannot be had, whoever else wants it: one refusal for each reason, in the order they are asked."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from infra.refusal import Kind, Refusal
from services.appointments.availability.rules.slots import on_grid
from services.appointments.availability.rules.terms import (
    Actor,
    AdvisorTime,
    Lack,
    Outlook,
    earliest,
)
from services.appointments.directory.rules import Audience, Mode, Span


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


class NobodyOffers(Refusal):
    """No advisor of the boutique has the skill."""

    kind = Kind.CONFLICT
    slug = "nobody-offers-this-here"
    en = "Nobody at this boutique offers the experience. Another boutique may."
    zh = "该精品店暂无顾问提供此服务，您可选择其他精品店。"


class NobodySpeaks(Refusal):
    """No advisor of the boutique who could receive her speaks the language."""

    kind = Kind.CONFLICT
    slug = "nobody-speaks-the-language"
    en = "Nobody who offers the experience at this boutique speaks this language."
    zh = "该精品店提供此服务的顾问暂不能以所选语言接待。"


class NoSecondAdvisor(Refusal):
    """Two advisors receive her, and no second one is at work."""

    kind = Kind.CONFLICT
    slug = "no-second-advisor"
    en = "Two advisors receive you for this experience, and no second one works at this time."
    zh = "该服务需两位顾问共同接待，该时段没有第二位顾问当班。"


class NoRoomOfKind(Refusal):
    """The boutique has no room of the kind the experience takes place in."""

    kind = Kind.CONFLICT
    slug = "no-room-of-kind"
    en = "The boutique does not have the kind of room this experience takes place in."
    zh = "该精品店没有此服务所需类型的贵宾室。"


class AdvisorOnLeave(Refusal):
    """The advisor, or everybody at work who could receive her, is away. The reason is nobody's business."""

    kind = Kind.CONFLICT
    slug = "advisor-on-leave"
    en = "The advisor is away at this time. Please choose another time, or let another advisor receive you."
    zh = "该顾问在此时段休假，请选择其他时间或由其他顾问接待。"


class BoutiqueClosed(Refusal):
    """The boutique is closed then, outside its usual rest."""

    kind = Kind.CONFLICT
    slug = "boutique-closed"
    en = "The boutique is closed at this time. Please choose another time or another boutique."
    zh = "精品店在该时段暂停营业，请选择其他时间或其他精品店。"


class ExperienceInactive(Refusal):
    """It is not offered any more."""

    kind = Kind.CONFLICT
    slug = "experience-inactive"
    en = "This experience is not offered any more. Please choose another one."
    zh = "该服务项目已停止提供，请选择其他服务。"


class NotOpenToHer(Refusal):
    """The experience is for others. Which ones is never said."""

    kind = Kind.CONFLICT
    slug = "experience-not-open"
    en = "This experience cannot be booked online. Your boutique is glad to advise you."
    zh = "该服务暂不支持在线预约，欢迎联系精品店为您安排。"


class ModeNotOffered(Refusal):
    """It takes place in the boutique only, or by video only."""

    kind = Kind.CONFLICT
    slug = "mode-not-offered"
    en = "The experience is not offered in this way. See `modes` for how it is."
    zh = "该服务不支持此接待方式，可选方式见 modes。"


class LanguageNotOffered(Refusal):
    """It is held in other languages."""

    kind = Kind.CONFLICT
    slug = "language-not-offered"
    en = "The experience is not held in this language. See `languages` for those it is held in."
    zh = "该服务不以此语言提供，可选语言见 languages。"


@dataclass(frozen=True)
class Offer:
    """To whom and how an experience is offered; no `languages` means any."""

    active: bool
    audience: Audience
    segments: Collection[str]
    modes: tuple[Mode, ...]
    languages: tuple[str, ...]

    def is_open_to(self, *, segment: str | None, invited: bool) -> bool:
        """Whether a client may book it herself."""
        match self.audience:
            case Audience.EVERYONE:
                return True
            case Audience.SEGMENT:
                return segment in self.segments
        return invited

    def judge(
        self, *, actor: Actor, segment: str | None, invited: bool, mode: Mode | None, language: str | None
    ) -> None:
        """Raise ExperienceInactive, NotOpenToHer (clients only), ModeNotOffered, LanguageNotOffered."""
        if not self.active:
            raise ExperienceInactive
        if actor is Actor.CLIENT and not self.is_open_to(segment=segment, invited=invited):
            raise NotOpenToHer
        self.judge_way(mode=mode, language=language)

    def judge_way(self, *, mode: Mode | None, language: str | None) -> None:
        """Raise ModeNotOffered, LanguageNotOffered."""
        if mode is not None and mode not in self.modes:
            raise ModeNotOffered(modes=[one.value for one in self.modes])
        if language is not None and self.languages and language not in self.languages:
            raise LanguageNotOffered(languages=list(self.languages))


def judge_time(outlook: Outlook, starts_at: datetime, *, actor: Actor, now: datetime, advisor_id: UUID | None) -> None:
    """Raise the refusal that names why nobody could ever have this time; whether it is taken is another question.

    TimePassed, BookingNoticeTooShort, BeyondHorizon, OffGrid, OutsideOpeningHours, BoutiqueClosed, and those of
    `judge_place`. Buffers may reach out of hours and shifts: they only keep others away.
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
    if any(span.overlaps(visit) for span in outlook.closures):
        raise BoutiqueClosed
    judge_place(outlook, starts_at, advisor_id=advisor_id)


def judge_place(outlook: Outlook, starts_at: datetime, *, advisor_id: UUID | None) -> None:
    """Raise the refusal that names what the boutique lacks at this time.

    AdvisorCannot, NobodyOffers, NobodySpeaks, OutsideShift, AdvisorOnLeave, NoSecondAdvisor, NoRoomOfKind,
    NoRoomForParty.
    """
    visit = outlook.terms.visit(starts_at)
    asked = [one for one in outlook.advisors if advisor_id in {None, one.advisor_id}]
    if not asked:
        if advisor_id is not None:
            raise AdvisorCannot
        raise NobodySpeaks if Lack.LANGUAGE in outlook.lacks else NobodyOffers
    at_work = _at_work(asked, visit)
    if not at_work:
        raise OutsideShift
    if all(any(away.overlaps(visit) for away in one.leave) for one in at_work):
        raise AdvisorOnLeave
    if outlook.terms.needs_second:
        firsts = {one.advisor_id for one in at_work}
        seconds = {one.advisor_id for one in _at_work(outlook.seconds, visit)}
        if len(seconds) == 0 or (len(firsts) == 1 and seconds <= firsts):
            raise NoSecondAdvisor
    if outlook.terms.needs_room and not outlook.rooms:
        raise NoRoomOfKind if Lack.ROOM_KIND in outlook.lacks else NoRoomForParty


def _at_work(advisors: Iterable[AdvisorTime], visit: Span) -> list[AdvisorTime]:
    return [one for one in advisors if any(shift.contains(visit) for shift in one.shifts)]
