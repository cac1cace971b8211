"""The few words of messages about occasions and offers, as WeChat's templates can hold them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

THING = 20  # characters that WeChat's `thing` holds
PURPOSES = {
    "occasion-invitation": "marketing",
    "seat-offer": "service",
    "occasion-cancelled": "service",
    "waitlist-offer": "service",
}
_SENTENCES = {
    "occasion-invitation": "诚邀您出席{occasion}({date}，{place})，期待您的回复。",
    "seat-offer": "您候补的{occasion}({date}，{place})现有席位为您保留，请在{until}前确认。",
    "occasion-cancelled": "很抱歉，{occasion}({date}，{place})因故取消，期待下次相聚。",
    "waitlist-offer": "您候补的{experience}({date}，{place})现有时段为您保留，请在{until}前确认。",
}


def cut(text: str) -> str:
    """No longer than WeChat's `thing`."""
    return text if len(text) <= THING else f"{text[: THING - 1]}…"


def spelled(moment: datetime, zone: ZoneInfo) -> str:
    """An instant as WeChat's `time` wants it, by the clock on the wall there: 2026年5月3日 14:30."""
    shown = moment.astimezone(zone)
    return f"{shown.year}年{shown.month}月{shown.day}日 {shown:%H:%M}"


def sentence(template: str, **values: str) -> str:
    """The whole message, for channels that have no template."""
    return _SENTENCES[template].format(**values)


def until(*moments: datetime | None) -> datetime | None:
    """The first of these moments; None where there is none."""
    return min((one for one in moments if one is not None), default=None)


def offer_until(now: datetime, minutes: int, starts_at: datetime) -> datetime:
    """Until when a seat is kept: for its minutes, and never past the beginning."""
    return min(now + timedelta(minutes=minutes), starts_at)
