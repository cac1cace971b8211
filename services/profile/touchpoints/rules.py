"""The kinds of contact a client's timeline knows, and what may be reported of one."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from infra.refusal import Kind, Refusal

CLOCK_SLACK = timedelta(days=1)  # a reporter's clock may be wrong by a time zone
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # no system that reports contacts is older


class Contact(StrEnum):
    """What happened between her and the house."""

    PURCHASE = "purchase"
    VISIT_BOOKED = "visit-booked"
    VISIT_MOVED = "visit-moved"
    VISIT_CANCELLED = "visit-cancelled"
    ARRIVED = "arrived"
    VISIT_COMPLETED = "visit-completed"
    NO_SHOW = "no-show"
    SURVEY_DUE = "survey-due"
    ANSWER = "answer"
    WORK_ORDER_OPENED = "work-order-opened"
    WORK_ORDER_CLOSED = "work-order-closed"
    LOOP_CLOSED = "loop-closed"
    MESSAGE_SENT = "message-sent"
    MENU_CLICK = "menu-click"
    POST_INTERACTION = "post-interaction"
    MESSAGING = "messaging"
    QR_SCAN = "qr-scan"
    PAGE_VIEW = "page-view"
    CART = "cart"
    SHARE = "share"
    CALL = "call"
    DOOR = "door"
    SHOWN = "shown"
    TRIED = "tried"
    WISHED = "wished"
    MISSED = "missed"


# What she does in WeChat, as the index of official accounts counts it; the index is each one's share of the four.
WECHAT = (Contact.MENU_CLICK, Contact.POST_INTERACTION, Contact.MESSAGING, Contact.QR_SCAN)
ONLINE = (*WECHAT, Contact.PAGE_VIEW, Contact.CART, Contact.SHARE)
# With a piece in her hands, or asked for and not there.
PIECES = (Contact.SHOWN, Contact.TRIED, Contact.WISHED, Contact.MISSED)


class WhyNot(StrEnum):
    """Why she did not take a piece."""

    PRICE = "price"
    SIZE_MISSING = "size-missing"
    NOT_IN_STOCK = "not-in-stock"
    STYLE = "style"
    COLOUR = "colour"
    COMFORT = "comfort"
    QUALITY = "quality"
    THINKS_IT_OVER = "thinks-it-over"
    OTHER = "other"


# She would have taken it, had it been there.
NOT_THERE = (WhyNot.SIZE_MISSING, WhyNot.NOT_IN_STOCK)


class Taken(StrEnum):
    """That a reported contact is kept: now, or before."""

    CREATED = "created"
    REPEATED = "repeated"


class Fault(StrEnum):
    """Why a reported contact is not taken."""

    PERSON_UNCLEAR = "person-unclear"
    CLIENT_UNKNOWN = "client-unknown"
    DATE_IMPOSSIBLE = "date-impossible"
    PIECE_MISSING = "piece-missing"
    REASON_MISPLACED = "reason-misplaced"
    CONTACT_DIFFERS = "contact-differs"


class PeriodTooWide(Refusal):
    """Reports reckon a year at most."""

    kind = Kind.INVALID
    slug = "report-period-too-wide"
    en = "Ask for a period between `from` and a later `to`, at most 366 days apart."
    zh = "报表期间的 to 须晚于 from，且相隔不超过 366 天。"


class ReasonMisplaced(Refusal):
    """A reason for not taking a piece stands where nothing was offered."""

    kind = Kind.INVALID
    slug = "reason-misplaced"
    en = "Say why she did not take a piece only of pieces that she was shown or tried."
    zh = "“未购买原因”只能用于展示过或试戴/试穿过的单品。"


def fault(
    kind: Contact, occurred_at: datetime, *, piece_code: str | None, why_not: WhyNot | None, now: datetime
) -> Fault | None:
    """What makes a reported contact unacceptable, whoever she is: the first thing wrong with it."""
    if not EARLIEST <= occurred_at <= now + CLOCK_SLACK:
        return Fault.DATE_IMPOSSIBLE
    if kind in PIECES and piece_code is None:
        return Fault.PIECE_MISSING
    if why_not is not None and kind not in {Contact.SHOWN, Contact.TRIED}:
        return Fault.REASON_MISPLACED
    return None
