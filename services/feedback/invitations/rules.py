"""The life of an invitation and of its link, and the few words it travels with."""

import hashlib
import re
from datetime import date, datetime, timedelta
from enum import StrEnum

from infra.refusal import Kind, Refusal
from services.feedback.journeys.rules import Trigger

PURPOSE = "survey"  # of the messages that profile is asked for
LIFETIME = timedelta(days=14)  # of a link, from the moment the invitation is due
LEASE = timedelta(seconds=30)  # a claimed invitation is left alone that long: ten times the peer's time-out
_LONGEST_WAIT = 300  # seconds between two tries
RESTRICTED = "restricted"  # why an invitation is refused whose client's data is not to be used
UNREADABLE = "link-unreadable"  # why an invitation is refused whose token cannot be opened: no try helps

# brand slug, dot, 256 bits in base64url
_TOKEN = re.compile(r"([a-z0-9][a-z0-9_-]{0,62})\.([A-Za-z0-9_-]{43})")


class LinkUsed(Refusal):
    """The link has been answered before."""

    kind = Kind.GONE
    slug = "survey-answered"
    en = "Thank you: this survey has already been answered."
    zh = "感谢您，该问卷已提交过。"


class ProcessingRestricted(Refusal):
    """She had the use of her data restricted: she is not asked."""

    kind = Kind.ABSENT
    slug = "processing-restricted"
    en = (
        "At the client's wish her data is stored but not used. Ask the data protection officer to lift the restriction."
    )
    zh = "应客户本人要求，其信息仅存储、不作使用。如需解除限制，请联系个人信息保护负责人。"


class LinkExpired(Refusal):
    """The link is too old, or was withdrawn."""

    kind = Kind.GONE
    slug = "survey-expired"
    en = "This survey is closed. Your advisor is glad to hear from you at any time."
    zh = "该问卷已关闭，欢迎随时联系您的客户顾问。"


class Status(StrEnum):
    """Where an invitation stands. `scheduled` waits for its time, `due` for the messages service."""

    SCHEDULED = "scheduled"
    DUE = "due"
    SENT = "sent"
    REFUSED = "refused"
    ANSWERED = "answered"
    EXPIRED = "expired"


# At most 20 characters, as WeChat's `thing` wants.
_WORDS = {
    Trigger.VISIT_COMPLETED: "感谢您到店，您的感受如何？",
    Trigger.WORK_ORDER_CLOSED: "您反馈的事，我们处理得如何？",
    Trigger.MANUAL: "期待听到您的感受",
}


def words(trigger: Trigger) -> str:
    """The sentence of the invitation."""
    return _WORDS[trigger]


def spelled(day: date) -> str:
    """A day as WeChat's `date` wants it: 2026年5月3日."""
    return f"{day.year}年{day.month}月{day.day}日"


def digest(token: str) -> bytes:
    """What is kept of a token. It has 256 random bits, so a plain SHA-256 cannot be guessed back."""
    return hashlib.sha256(token.encode()).digest()


def brand_of(token: str) -> str | None:
    """The brand a link names, None for what cannot be a link of ours."""
    match = _TOKEN.fullmatch(token)
    return match[1] if match else None


def check_open(status: Status, *, expires_at: datetime, now: datetime) -> None:
    """Raise LinkUsed or LinkExpired unless the link may be answered.

    A `due` one may: her message can arrive before the dispatcher has written down that it went.
    """
    if status is Status.ANSWERED:
        raise LinkUsed
    if status not in {Status.DUE, Status.SENT} or expires_at <= now:
        raise LinkExpired


def wait_after(attempts: int) -> timedelta:
    """How long to wait after that many tries that found nobody: 1 s, doubled each time, at most 5 minutes."""
    return timedelta(seconds=min(2 ** min(attempts - 1, 16), _LONGEST_WAIT))
