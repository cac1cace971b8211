"""What is told of a visit and when, and what no longer stands and is told to nobody."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from infra.refusal import Kind as Refused
from infra.refusal import Refusal

LEADS = (24 * 60, 2 * 60)  # minutes before a visit, where a brand has set nothing
SHORTEST, LONGEST, MOST = 15, 14 * 24 * 60, 4  # minutes, minutes, reminders of one visit
THING = 20  # characters of the shortest of WeChat's fields that names go into
UNSENT = "not-sent-in-time"  # why a notice is refused that nobody could be asked to send while it was of use
# Not the machine's locale.
_MONTHS = ("Jan.", "Feb.", "March", "April", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec.")
MEANWHILE = "changed"  # why a notice is dropped: the visit is no longer what it says


class LeadsUnfit(Refusal):
    """Reminders at the same time, too many, too early or too late."""

    kind = Refused.INVALID
    slug = "reminder-leads-unfit"
    en = "Name up to four different times, each between fifteen minutes and fourteen days before the visit."
    zh = "最多可设置四个不同的提醒时间，每个须在到店前十五分钟至十四天之间。"


class NothingToTelephone(Refusal):
    """She has the message, or it is not to be sent: there is nothing to say on the telephone."""

    kind = Refused.CONFLICT
    slug = "nothing-to-telephone"
    en = "Only what did not reach the client is told by telephone. Reload the list."
    zh = "仅未送达的通知需要电话联系，请刷新列表。"


class Kind(StrEnum):
    """What is told. Its template is `visit-` and this."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    MOVED = "moved"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    PROPOSED = "proposed"
    KEPT = "kept"
    REASSIGNED = "reassigned"
    DISRUPTED = "disrupted"
    REMINDER = "reminder"


class Status(StrEnum):
    """Where a notice stands. `dropped`: not to be told any more. `recalled`: taken back after profile had it."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    DROPPED = "dropped"
    RECALLED = "recalled"


_AGREED = frozenset({"confirmed"})
# In which states of the appointment a kind is still true.
STANDS: dict[Kind, frozenset[str]] = {
    Kind.REQUESTED: frozenset({"pending"}),
    Kind.CONFIRMED: _AGREED,
    Kind.MOVED: _AGREED,
    Kind.CANCELLED: frozenset({"cancelled"}),
    Kind.REFUSED: frozenset({"refused", "expired"}),
    Kind.PROPOSED: _AGREED | {"pending"},
    Kind.KEPT: _AGREED,
    Kind.REASSIGNED: _AGREED,
    Kind.DISRUPTED: _AGREED | {"pending"},
    Kind.REMINDER: _AGREED,
}
# Of these the time has to be the same, too.
OF_ITS_TIME = frozenset(
    {Kind.REQUESTED, Kind.CONFIRMED, Kind.MOVED, Kind.KEPT, Kind.REASSIGNED, Kind.DISRUPTED, Kind.REMINDER}
)
# What nobody says of a visit for which the house itself has looked for another time and has not found one with her.
NOT_OF_UPSET = frozenset({Kind.KEPT, Kind.REMINDER})
# A tap leads to the file for her calendar.
WITH_FILE = frozenset({Kind.CONFIRMED, Kind.MOVED, Kind.REMINDER})


def stands(kind: Kind, *, about: datetime, status: str, starts_at: datetime) -> bool:
    """Whether a notice about a visit at `about` is true of an appointment that is in this status, at this time."""
    return status in STANDS[kind] and (kind not in OF_ITS_TIME or about == starts_at)


def check_leads(leads: Sequence[int]) -> list[int]:
    """The minutes before a visit at which a brand reminds, the longest first; raises LeadsUnfit."""
    if len(leads) > MOST or len(set(leads)) < len(leads) or not all(SHORTEST <= one <= LONGEST for one in leads):
        raise LeadsUnfit
    return sorted(leads, reverse=True)


def due_lead(leads: Sequence[int], *, starts_at: datetime, told_at: datetime, now: datetime) -> int | None:
    """Which reminder is due, in minutes before the visit; None for none.

    Of several whose time has come only the last counts: what was missed while we were away is not made good twice. And
    none whose time had come before she was told of this very time (`told_at`): she has just agreed to it.
    """
    if now >= starts_at:
        return None
    come = [lead for lead in leads if starts_at - timedelta(minutes=lead) <= now]
    if not come:
        return None
    lead = min(come)
    return lead if told_at < starts_at - timedelta(minutes=lead) else None


def spelled(local: datetime) -> str:
    """A wall time as WeChat's `time` wants it: 2026年5月3日 15:00."""
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def spelled_en(local: datetime) -> str:
    """The same in English: 3 May 2026, 15:00."""
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}, {local:%H:%M}"


def clipped(name: str) -> str:
    """A name as far as WeChat's `thing` takes it: twenty characters, the last one a sign that there were more."""
    return name if len(name) <= THING else f"{name[: THING - 1]}…"


# What a template's short field says, at most twenty characters.
_SENTENCES = {
    Kind.REQUESTED: "我们已收到，将尽快确认",
    Kind.CONFIRMED: "预约成功，期待您的光临",
    Kind.MOVED: "预约时间已变更",
    Kind.CANCELLED: "预约已取消",
    Kind.REFUSED: "很抱歉，该时段无法安排",
    Kind.PROPOSED: "建议更改时间，请您确认",
    Kind.KEPT: "预约时间保持不变",
    Kind.REASSIGNED: "时间不变，由另一位顾问接待",
    Kind.DISRUPTED: "很抱歉，需要为您改期",
    Kind.REMINDER: "您的预约即将开始",
}
_VIDEO = "视频预约，届时请进入小程序"


def sentence(kind: Kind, *, is_video: bool) -> str:
    """The sentence for a template's short field."""
    return _VIDEO if is_video and kind in WITH_FILE else _SENTENCES[kind]
