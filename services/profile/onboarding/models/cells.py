"""What one cell says: dates, phones, amounts and names as people and Excel write them."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, DecimalException
from zoneinfo import ZoneInfo

from services.profile.clients.models.days import Day
from services.profile.clients.rules import Calendar
from services.profile.identities.models import PhoneUnreadable, e164
from services.profile.onboarding.rules.reasons import Reason

# ISO 4217: how many digits the minor unit has, where it is not two.
_DIGITS = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF", "ESP", "ITL", "PTE"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_CURRENCIES = {
    "人民币": "CNY", "RMB": "CNY", "￥": "CNY", "¥": "CNY", "元": "CNY", "港币": "HKD", "港元": "HKD", "HK$": "HKD",
    "美元": "USD", "US$": "USD", "$": "USD", "欧元": "EUR", "€": "EUR", "英镑": "GBP", "£": "GBP", "日元": "JPY",
    "澳门币": "MOP", "澳门元": "MOP", "新台币": "TWD", "NT$": "TWD", "瑞士法郎": "CHF", "韩元": "KRW",
    "新加坡元": "SGD",
}  # fmt: skip
_SERIALS = range(10_000, 80_000)  # Excel's days: 1927 to 2119; shorter numbers are years
_EPOCH = date(1899, 12, 30)
_DAY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})(?:日|号)?")
_MONTH = re.compile(r"^(\d{4})[-/.年](\d{1,2})月?$")
_YEAR = re.compile(r"^(\d{4})年?$")
_PACKED = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_NO_YEAR = re.compile(r"^(\d{1,2})[-/.月](\d{1,2})(?:日|号)?$")
_MARK = re.compile(r"\s*([年月日号])\s*")
_TIME = re.compile(r"^[ T]*(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?(?:Z|\+00:00)?$")
_SERIAL = re.compile(r"^(\d{5})(\.\d+)?$")
_EXPONENT = re.compile(r"^\d(?:\.(\d+))?E\+?(\d+)$", re.IGNORECASE)
_MANY = re.compile(r"[/,;、，；|\n]|或")
_SALUTATIONS = ("女士", "先生", "小姐", "太太", "夫人")
_TITLES = re.compile(r"^(mrs|mr|ms|miss|mme|dr)\.?\s+", re.IGNORECASE)
_MONEY = re.compile(r"[^\d.\-()E+]")
LONGEST_NUMBER = 200


class Unreadable(Exception):
    """A cell that does not say what its column is for; `code` says why."""

    def __init__(self, code: Reason) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class When:
    """A day, or as much of it as an old ledger knows; `at` only where the cell tells the time."""

    year: int
    month: int | None = None
    day: int | None = None
    at: datetime | None = None

    @property
    def on(self) -> date | None:
        """The day, where it is known."""
        return date(self.year, self.month, self.day) if self.month and self.day else None

    @property
    def period(self) -> str:
        """The year, or the month."""
        return f"{self.year:04d}-{self.month:02d}" if self.month else f"{self.year:04d}"


def plain(cell: str) -> str:
    """A cell without what Excel and people put around it: full width as half, no apostrophe in front, one blank."""
    return " ".join(unicodedata.normalize("NFKC", cell).split()).lstrip("'`").strip()


def number_of(cell: str) -> str:
    """A member's or receipt's number; raises Unreadable for one that Excel has rounded."""
    text = plain(cell)
    if found := _EXPONENT.match(text):
        if len(found[1] or "") < int(found[2]):
            raise Unreadable(Reason.NUMBER_ROUNDED)
        text = str(int(Decimal(text)))
    text = re.sub(r"^(\d+)\.0+$", r"\1", text)
    if len(text) > LONGEST_NUMBER:
        raise Unreadable(Reason.NUMBER_TOO_LONG)
    return text


def phones(cell: str) -> list[str]:
    """Every phone in a cell, as E.164; raises Unreadable for one that is none, or that Excel has rounded."""
    found = []
    for part in _MANY.split(unicodedata.normalize("NFKC", cell)):
        try:
            text = number_of(part)
        except Unreadable:
            raise Unreadable(Reason.PHONE_ROUNDED) from None
        if not text:
            continue
        try:
            found.append(e164(text))
        except PhoneUnreadable:
            raise Unreadable(Reason.PHONE_UNREADABLE) from None
    return list(dict.fromkeys(found))


def when(cell: str, zone: ZoneInfo) -> When:
    """A date in any of the ways people and Excel write it; raises Unreadable."""
    text = _MARK.sub(r"\1", plain(cell))
    try:
        if found := _SERIAL.match(text):
            return _serial(found, zone)
        if found := _PACKED.match(text):
            return _whole(int(found[1]), int(found[2]), int(found[3]))
        if found := _DAY.match(text):
            day = _whole(int(found[1]), int(found[2]), int(found[3]))
            return _timed(day, text[found.end() :], zone)
        if found := _MONTH.match(text):
            return _whole(int(found[1]), int(found[2]))
        if found := _YEAR.match(text):
            return _whole(int(found[1]))
    except (ValueError, OverflowError):
        pass
    raise Unreadable(Reason.DATE_UNREADABLE)


def _serial(found: re.Match[str], zone: ZoneInfo) -> When:
    if int(found[1]) not in _SERIALS:
        raise ValueError
    day = _EPOCH + timedelta(days=int(found[1]))
    whole = When(day.year, day.month, day.day)
    if not found[2] or not float(found[2]):
        return whole
    seconds = round(float(found[2]) * 86_400)
    at = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(seconds=seconds)
    return When(day.year, day.month, day.day, at.astimezone(UTC))


def _whole(year: int, month: int | None = None, day: int | None = None) -> When:
    date(year, month or 1, day or 1)
    return When(year, month, day)


def _timed(day: When, rest: str, zone: ZoneInfo) -> When:
    if not rest:
        return day
    found = _TIME.match(rest)
    if found is None or day.month is None or day.day is None:
        raise ValueError
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    at = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone)
    return When(day.year, day.month, day.day, at.astimezone(UTC))


def birthday(cell: str, zone: ZoneInfo) -> Day:
    """A birthday, by the moon where the cell says so; raises Unreadable, also for one without its day."""
    text = plain(cell)
    calendar = Calendar.SOLAR
    for mark in ("农历", "阴历", "旧历"):
        if mark in text:
            calendar, text = Calendar.LUNAR, text.replace(mark, "").strip("() ")
    leap = calendar is Calendar.LUNAR and "闰" in text
    text = text.replace("闰", "")
    if found := _NO_YEAR.match(text):
        month, day = int(found[1]), int(found[2])
        if not 1 <= month <= 12:  # noqa: PLR2004 - months
            raise Unreadable(Reason.DATE_UNREADABLE)
        return Day(calendar, month, day, None, leap)
    if calendar is Calendar.LUNAR and (lunar := _DAY.match(text)):  # its 30th of February is no solar day
        return Day(calendar, int(lunar[2]), int(lunar[3]), int(lunar[1]), leap)
    read = when(text, zone)
    if read.month is None or read.day is None:
        raise Unreadable(Reason.DATE_PARTIAL)
    return Day(calendar, read.month, read.day, read.year, leap)


def whole(cell: str, why: Reason) -> int:
    """A whole number; raises Unreadable with `why`."""
    text = plain(cell).replace(",", "")
    try:
        value = Decimal(text)
        if value.is_finite() and abs(value) < 10**12 and value == int(value):
            return int(value)
    except DecimalException:
        pass
    raise Unreadable(why)


def minor(cell: str, currency: str) -> int:
    """An amount in minor units: ￥1,234.50, 1234.5元, (1,234.50) for what was paid back; raises Unreadable."""
    text = _MONEY.sub("", plain(cell).upper())
    if text.startswith("(") and text.endswith(")"):
        text = f"-{text[1:-1]}"
    try:
        value = Decimal(text)
        # Before any arithmetic, which would overflow: 1E9999999 is a Decimal too.
        if not value.is_finite() or abs(value) > 10**16:
            raise Unreadable(Reason.PRICE_UNREADABLE)
        # Excel's own sums carry the dust of binary fractions.
        exact = round(value, 8).scaleb(_DIGITS.get(currency, 2))
    except DecimalException:
        raise Unreadable(Reason.PRICE_UNREADABLE) from None
    if exact != int(exact):
        raise Unreadable(Reason.PRICE_NOT_MINOR)
    return int(exact)


def currency_of(cell: str) -> str:
    """A currency's code, as it is or as people call it."""
    text = plain(cell).upper()
    return _CURRENCIES.get(text, text)


def called(name: str) -> tuple[str, str | None]:
    """A name without the salutation that stands in it, and the salutation."""
    for one in _SALUTATIONS:
        if name.endswith(one) and len(name) > len(one):
            return name[: -len(one)].strip(), one
    if (found := _TITLES.match(name)) and name[found.end() :].strip():
        return name[found.end() :].strip(), found[1].capitalize()
    return name, None
