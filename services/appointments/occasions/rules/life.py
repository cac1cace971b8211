"""The life of an invitation: which step may follow which, and what a guest is told when it may not."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from infra.refusal import Kind, Refusal

LEASE = timedelta(seconds=30)  # a claimed telling is left alone that long: ten times the peer's time-out
LONGEST_WAIT = 300  # seconds between two tries
# After a door that refused, she is asked again for a seat no sooner: it would refuse again.
COOL_DOWN = timedelta(hours=6)


class OccasionKind(StrEnum):
    """What sort of occasion it is: two of a kind in a row tire a guest."""

    LAUNCH = "launch"
    WORKSHOP = "workshop"
    MASTER_CLASS = "master-class"
    PRIVATE_PREVIEW = "private-preview"


class Standing(StrEnum):
    """Where an occasion stands; guests hear of it once it is published."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class Segment(StrEnum):
    """As profile tells it. For the house's planning alone: never shown to a client."""

    VIC = "vic"
    CORE = "core"
    POTENTIAL = "potential"
    OCCASIONAL = "occasional"
    NEWCOMER = "newcomer"


class Status(StrEnum):
    """Where an invitation stands. `due` waits for its window or for profile's door, `waiting` for a seat."""

    DUE = "due"
    INVITED = "invited"
    UNREACHABLE = "unreachable"
    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    ATTENDED = "attended"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """What can be done with it."""

    SEND = "send"
    FAIL = "fail"
    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    WAIT = "wait"
    OFFER = "offer"
    LAPSE = "lapse"
    CHECK_IN = "check-in"
    CANCEL = "cancel"


# The whole life. A pair that is missing here is refused. Whom no message reached may still be answered for by hand.
NEXT: Mapping[tuple[Status, Step], Status] = {
    (Status.DUE, Step.SEND): Status.INVITED,
    (Status.DUE, Step.FAIL): Status.UNREACHABLE,
    (Status.DUE, Step.CANCEL): Status.CANCELLED,
    (Status.INVITED, Step.FAIL): Status.UNREACHABLE,
    (Status.INVITED, Step.ACCEPT): Status.ACCEPTED,
    (Status.INVITED, Step.DECLINE): Status.DECLINED,
    (Status.INVITED, Step.WAIT): Status.WAITING,
    (Status.INVITED, Step.CANCEL): Status.CANCELLED,
    (Status.UNREACHABLE, Step.ACCEPT): Status.ACCEPTED,
    (Status.UNREACHABLE, Step.DECLINE): Status.DECLINED,
    (Status.UNREACHABLE, Step.WAIT): Status.WAITING,
    (Status.UNREACHABLE, Step.CANCEL): Status.CANCELLED,
    (Status.WAITING, Step.OFFER): Status.OFFERED,
    (Status.WAITING, Step.ACCEPT): Status.ACCEPTED,
    (Status.WAITING, Step.DECLINE): Status.DECLINED,
    (Status.WAITING, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.WAITING, Step.WAIT): Status.WAITING,
    (Status.WAITING, Step.CANCEL): Status.CANCELLED,
    (Status.OFFERED, Step.ACCEPT): Status.ACCEPTED,
    (Status.OFFERED, Step.DECLINE): Status.DECLINED,
    (Status.OFFERED, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.OFFERED, Step.LAPSE): Status.INVITED,
    (Status.OFFERED, Step.FAIL): Status.WAITING,
    (Status.OFFERED, Step.CANCEL): Status.CANCELLED,
    (Status.ACCEPTED, Step.ACCEPT): Status.ACCEPTED,
    (Status.ACCEPTED, Step.WITHDRAW): Status.WITHDRAWN,
    (Status.ACCEPTED, Step.CHECK_IN): Status.ATTENDED,
    (Status.ACCEPTED, Step.CANCEL): Status.CANCELLED,
    (Status.DECLINED, Step.ACCEPT): Status.ACCEPTED,
    (Status.DECLINED, Step.WAIT): Status.WAITING,
    (Status.DECLINED, Step.CANCEL): Status.CANCELLED,
    (Status.WITHDRAWN, Step.ACCEPT): Status.ACCEPTED,
    (Status.WITHDRAWN, Step.WAIT): Status.WAITING,
    (Status.WITHDRAWN, Step.CANCEL): Status.CANCELLED,
}
# They have seats that are counted.
SEATED = frozenset({Status.OFFERED, Status.ACCEPTED, Status.ATTENDED})
# They count on coming, or hope to.
EXPECTING = frozenset({Status.WAITING, Status.OFFERED, Status.ACCEPTED})


class InvitationStepNotPossible(Refusal):
    """The invitation does not stand where this step begins."""

    kind = Kind.CONFLICT
    slug = "invitation-step-not-possible"
    en = "This is not possible any more, or not yet: see where the invitation stands in `invitation_status`."
    zh = "邀请当前状态不允许此操作，当前状态见 invitation_status。"


class OccasionNotOpen(Refusal):
    """It is not published, or was called off."""

    kind = Kind.CONFLICT
    slug = "occasion-not-open"
    en = "This occasion is not open for replies. Your advisor is glad to tell you more."
    zh = "该活动目前不接受回复，欢迎向您的客户顾问了解详情。"


class ReplyTooLate(Refusal):
    """The day by which guests answer has passed, or the session has begun."""

    kind = Kind.CONFLICT
    slug = "reply-too-late"
    en = "It is too late to reply online. Please call your advisor, who can still help."
    zh = "已过线上回复时间，请致电您的客户顾问协助安排。"


class SeatOfferExpired(Refusal):
    """The seat was kept for a while and is free again."""

    kind = Kind.GONE
    slug = "seat-offer-expired"
    en = "The seat was kept for you until `expired_at` and has been given on. You may join the waiting list again."
    zh = "为您保留的席位已于 expired_at 到期并让出，您可再次加入候补名单。"


class SessionMissing(Refusal):
    """Whoever accepts or waits says for which session."""

    kind = Kind.INVALID
    slug = "session-missing"
    en = "Say which of the occasion's sessions you mean (`session_id`)."
    zh = "请指明场次(session_id)。"


class TooManyPlusOnes(Refusal):
    """More companions than the occasion allows."""

    kind = Kind.CONFLICT
    slug = "too-many-plus-ones"
    en = "You are welcome to bring at most `most_plus_ones` companions."
    zh = "您最多可携同 most_plus_ones 位同伴出席。"


class AlreadyArrived(Refusal):
    """A pass opens the door once."""

    kind = Kind.CONFLICT
    slug = "guest-already-arrived"
    en = "This guest was checked in at `arrived_at`."
    zh = "该来宾已于 arrived_at 签到。"


class OccasionStepNotPossible(Refusal):
    """The occasion is not where this begins."""

    kind = Kind.CONFLICT
    slug = "occasion-step-not-possible"
    en = "This is not possible as the occasion stands: see `occasion_status`."
    zh = "活动当前状态不允许此操作，见 occasion_status。"


def step(status: Status, wanted: Step) -> Status:
    """Where a step leads; raises InvitationStepNotPossible for every pair that is not drawn in NEXT."""
    after = NEXT.get((status, wanted))
    if after is None:
        raise InvitationStepNotPossible(invitation_status=status.value)
    return after


def judge_reply(*, standing: Standing, reply_by_at: datetime | None, now: datetime, by_client: bool) -> None:
    """Raise OccasionNotOpen, or ReplyTooLate: the house may answer for her after its own day, she may not."""
    if standing is not Standing.PUBLISHED:
        raise OccasionNotOpen
    if by_client and reply_by_at is not None and now >= reply_by_at:
        raise ReplyTooLate


def judge_session(*, starts_at: datetime, ends_at: datetime, now: datetime, by_client: bool) -> None:
    """Raise ReplyTooLate: a guest comes before it begins, and whom the house lets in late comes before it ends."""
    if now >= (starts_at if by_client else ends_at):
        raise ReplyTooLate


def is_open(reply_by_at: datetime | None, begin_at: Iterable[datetime], *, now: datetime) -> bool:
    """Whether a guest could still say yes: before the day to reply, and before the last of its sessions begins."""
    return (reply_by_at is None or now < reply_by_at) and any(now < one for one in begin_at)


def judge_offer(*, expires_at: datetime, now: datetime) -> None:
    """Raise SeatOfferExpired from the very instant on which the offer runs out."""
    if now >= expires_at:
        raise SeatOfferExpired(expired_at=expires_at.isoformat())


def judge_plus_ones(wanted: int, most: int) -> None:
    """Raise TooManyPlusOnes."""
    if wanted > most:
        raise TooManyPlusOnes(most_plus_ones=most)


def opening(
    segment: Segment | None,
    windows: Mapping[Segment, datetime],
    *,
    others: datetime | None,
    now: datetime,
) -> datetime:
    """From when on a client of this segment may be invited: her segment's window, the others', or at once."""
    window = windows.get(segment) if segment is not None else None
    return max(now, window or others or now)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after that many tries that found nobody: 1 s, doubled each time, at most 5 minutes."""
    return timedelta(seconds=min(2 ** min(attempts - 1, 16), LONGEST_WAIT))
