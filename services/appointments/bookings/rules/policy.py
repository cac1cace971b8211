"""What a brand lets its clients book themselves, what has to be approved, and until when an answer counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from infra.refusal import Kind, Refusal
from services.appointments.availability.rules import Actor

LEAD = timedelta(hours=2)  # before its start a visit that nobody approved is given up
MINUTE = timedelta(minutes=1)


class Consequence(StrEnum):
    """What follows for a client who did not come several times."""

    NONE = "none"
    APPROVAL = "approval"  # the boutique approves what she books
    BOUTIQUE = "boutique"  # she books through the boutique


class ApprovalFor(StrEnum):
    """Why a visit has to be approved."""

    EXPERIENCE = "experience"
    NO_SHOWS = "no-shows"


class TooManyHolds(Refusal):
    """She keeps other times already."""

    kind = Kind.TOO_MANY
    slug = "too-many-holds"
    en = "You are already keeping several times. Confirm or cancel one of them first."
    zh = "您已保留多个时段，请先确认或取消其中之一。"


class TooManyBookings(Refusal):
    """She has as many visits to come as the house lets a client book."""

    kind = Kind.CONFLICT
    slug = "too-many-bookings"
    en = "You have several visits to come already (at most `most_open`). The boutique can book more for you."
    zh = "您已有多个待到店预约(上限见 most_open)，如需更多预约请联系精品店。"


class BookThroughBoutique(Refusal):
    """She did not come several times, and books by telephone now."""

    kind = Kind.CONFLICT
    slug = "book-through-boutique"
    en = "Please book your next visit through the boutique, by telephone or with your advisor."
    zh = "请致电精品店或联系您的专属顾问预约下一次到店。"


class TooSoonToApprove(Refusal):
    """It has to be approved, and begins before anybody could."""

    kind = Kind.CONFLICT
    slug = "too-soon-to-approve"
    en = "The boutique approves this visit first, and it begins too soon for that. Choose a later time, or call."
    zh = "此预约须经精品店确认，距开始时间过近，请选择更晚的时段或致电精品店。"


class MoveNeedsBoutique(Refusal):
    """What the boutique approved is not moved past it."""

    kind = Kind.CONFLICT
    slug = "move-needs-boutique"
    en = "The boutique approved this visit for its time. Please ask the boutique to move it."
    zh = "此预约的时间由精品店确认，如需改期请联系精品店。"


class HerAgreementMissing(Refusal):
    """A visit is not moved over her head."""

    kind = Kind.CONFLICT
    slug = "her-agreement-missing"
    en = "Propose the time to her, or say how she agreed to it (`agreed_by`)."
    zh = "请先向客户提议新的时间，或说明客户以何种方式同意(agreed_by)。"


class OverrideIsManagers(Refusal):
    """Only who leads the boutique sets its rules aside."""

    kind = Kind.FORBIDDEN
    slug = "override-is-managers"
    en = "Only a manager of the boutique may set a rule aside."
    zh = "仅精品店经理可例外处理预约规则。"


@dataclass(frozen=True)
class Policy:
    """How a brand lets its clients book."""

    hold: timedelta = timedelta(minutes=5)
    most_holds: int = 3  # that one client may keep at a time, or she could close a boutique's day
    most_open: int = 10
    no_shows: int = 3
    no_show_window: timedelta = timedelta(days=180)
    no_show_consequence: Consequence = Consequence.APPROVAL
    proposal: timedelta = timedelta(hours=24)

    def judge(self, *, actor: Actor, holds: int, open_visits: int, no_shows: int) -> None:
        """Raise TooManyHolds, TooManyBookings or BookThroughBoutique. The house's own people are under no limit."""
        if actor is not Actor.CLIENT:
            return
        if self.no_show_consequence is Consequence.BOUTIQUE and no_shows >= self.no_shows:
            raise BookThroughBoutique
        if holds >= self.most_holds:
            raise TooManyHolds
        if holds + open_visits >= self.most_open:
            raise TooManyBookings(most_open=self.most_open)

    def needs_approval(self, *, by_experience: bool, actor: Actor, no_shows: int) -> ApprovalFor | None:
        """Why a visit that she, or somebody who may not approve it, confirms has to be approved."""
        if by_experience:
            return ApprovalFor.EXPERIENCE
        if actor is Actor.CLIENT and self.no_show_consequence is Consequence.APPROVAL and no_shows >= self.no_shows:
            return ApprovalFor.NO_SHOWS
        return None

    def answer_until(self, *, now: datetime, starts_at: datetime, visit_at: datetime) -> datetime:
        """Until when a proposal stands: never longer than both times are to come.

        Whoever is late may still be offered another time, until that one begins.
        """
        return min(now + self.proposal, starts_at, visit_at if visit_at > now else starts_at)


def approve_until(within: timedelta | None, *, now: datetime, starts_at: datetime) -> datetime:
    """Until when somebody may approve it: the experience's time, or two hours before the start, whichever is sooner.

    Raises TooSoonToApprove when that is over.
    """
    last = starts_at - LEAD
    if within is not None:
        last = min(last, now + within)
    if last <= now:
        raise TooSoonToApprove
    return last
