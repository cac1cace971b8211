"""Subscribe messages: their body, and values made to fit the types of template parameters."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from infra.wechat.errors import ParameterUnfit

_KEY = re.compile(r"([a-z_]+?)\d+")
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_CHINESE = re.compile(f"[{_HAN}]")
_DAY = r"\d{4}年(?:1[0-2]|0?[1-9])月(?:3[01]|[12]\d|0?[1-9])日"
_TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_MARKS = r"""!-/:-@\[-`{-~¥￥€£·…—、。，；：？！“”‘’（）《》【】"""


def _rule(pattern: str) -> re.Pattern[str]:
    # ASCII: WeChat's digits are 0 to 9.
    return re.compile(pattern, re.ASCII)


# What WeChat accepts whole; it refuses anything else with 47003.
RULES: Mapping[str, re.Pattern[str]] = {
    "thing": _rule(r"[^\n]{1,20}"),
    "number": _rule(r"(?=.{1,32}$)-?\d+(?:\.\d+)?"),
    "letter": _rule(r"[A-Za-z]{1,32}"),
    "symbol": _rule(rf"[{_MARKS}]{{1,5}}"),
    "character_string": _rule(r"[!-~]{1,32}"),
    "time": _rule(rf"(?:{_DAY} )?{_TIME}(?:~(?:{_DAY} )?{_TIME})?"),
    "date": _rule(rf"{_DAY}(?: {_TIME})?(?:~{_DAY}(?: {_TIME})?)?"),
    "amount": _rule(r"[¥￥$€£]?\d{1,10}(?:\.\d+)?元?"),
    "phone_number": _rule(r"[\d+()\- ]{1,17}"),
    "car_number": _rule(rf"[A-Z0-9{_HAN}]{{1,8}}"),
    # Letters of every script; which of them are letters is asked in `fit`.
    "name": _rule(r"[^\d\n]{1,20}"),
    "phrase": _rule(rf"[{_HAN}]{{1,5}}"),
    "enum": _rule(r"[^\n]+"),
}
_NAME_MARKS = frozenset(" .,'’·-()（）")

THING, NAME, CHINESE_NAME, PHRASE = 20, 20, 10, 5  # longest, in characters

_NAMED = re.compile(r"data\.([a-z_]+\d+)\.value")


@dataclass(frozen=True)
class SubscribeMessage:
    """One message of one template. `page` is a page of the mini-program, possibly with a query; empty: no jump."""

    openid: str = field(repr=False)
    template_id: str
    data: Mapping[str, str] = field(repr=False)
    page: str = field(default="", repr=False)
    state: Literal["developer", "trial", "formal"] = "formal"
    lang: Literal["zh_CN", "en_US", "zh_HK", "zh_TW"] = "zh_CN"

    def body(self) -> dict[str, object]:
        """What WeChat wants to read; every value made to fit. Raises ParameterUnfit."""
        return {
            "touser": self.openid,
            "template_id": self.template_id,
            "page": self.page,
            "miniprogram_state": self.state,
            "lang": self.lang,
            "data": {key: {"value": fit(key, text)} for key, text in self.data.items()},
        }


def fit(key: str, text: str) -> str:
    """`text` as the type of parameter `key` (such as thing3) allows it.

    Prose is shortened by characters; a number, a time or a code is never cut, because a part of it would be wrong.
    An `enum` is passed on: only WeChat knows its values. Raises ParameterUnfit, also for an empty text.
    """
    match = _KEY.fullmatch(key)
    kind = match[1] if match else ""
    value = _shortened(kind, " ".join(unicodedata.normalize("NFC", text).split()))
    rule = RULES.get(kind)
    if rule is None or rule.fullmatch(value) is None:
        raise ParameterUnfit(key)
    if kind == "name" and not all(char.isalpha() or char in _NAME_MARKS for char in value):
        raise ParameterUnfit(key)
    return value


def time_text(at: datetime, zone: ZoneInfo) -> str:
    """`2019年10月1日 15:01` on the wall clock of `zone`: the form WeChat documents, for `time` and `date`."""
    there = at.astimezone(zone)
    return f"{date_text(there.date())} {there:%H:%M}"


def date_text(on: date) -> str:
    """`2019年10月1日`."""
    return f"{on.year}年{on.month}月{on.day}日"


def named_parameter(errmsg: str) -> str:
    """The parameter that a 47003 names, or `data` when it names none."""
    found = _NAMED.search(errmsg)
    return found[1] if found else "data"


def _shortened(kind: str, text: str) -> str:
    match kind:
        case "thing":
            return text if len(text) <= THING else text[: THING - 1] + "…"
        case "name":
            return text[: CHINESE_NAME if _CHINESE.search(text) else NAME].strip()
        case "phrase":
            return text[:PHRASE]
        case _:
            return text
