"""How much a message may say: WeChat's parameters by their type, SMS in segments, WeCom in bytes."""

import re
from collections.abc import Mapping

from infra.refusal import Kind, Refusal

# Longest value of a subscribe message's parameter, in characters (names: see `longest`).
LONGEST: Mapping[str, int] = {
    "thing": 20,
    "number": 32,
    "letter": 32,
    "symbol": 5,
    "character_string": 32,
    "amount": 13,
    "phone_number": 17,
    "car_number": 8,
    "phrase": 5,
}
_NAME, _CHINESE_NAME = 20, 10
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
WECOM_BYTES = 4000
SMS_ONE, SMS_PART, SMS_CHARACTERS = 70, 67, 500  # of a single SMS, of each of several, of all of them
EMAIL_CHARACTERS = 20_000


class TooLongForTemplate(Refusal):
    """A value is longer than its place; `parameter` names it, `limit` is in `unit`. The value is never repeated."""

    kind = Kind.INVALID
    slug = "message-too-long"
    en = "One value is longer than its channel carries. Shorten it: see `parameter`, `limit` and `unit`."
    zh = "有一项内容超出该渠道的长度限制，请参考 parameter、limit 与 unit 缩短后重试。"


def longest(parameter: str, value: str) -> int | None:
    """How many characters a parameter such as thing3 takes; None where its form, not its length, is what counts."""
    kind = parameter.rstrip("0123456789")
    if kind == "name":
        return _CHINESE_NAME if _HAN.search(value) else _NAME
    return LONGEST.get(kind)


def check_parameters(values: Mapping[str, str]) -> None:
    """Raise TooLongForTemplate for the first parameter of a subscribe message that is."""
    for parameter, value in values.items():
        limit = longest(parameter, value)
        if limit is not None and len(value) > limit:
            raise TooLongForTemplate(parameter=parameter, limit=limit, unit="characters")


def segments(text: str) -> int:
    """In how many parts an SMS goes, its signature included, and is paid for."""
    return 1 if len(text) <= SMS_ONE else -(-len(text) // SMS_PART)


def check_sms(text: str) -> None:
    """Raise TooLongForTemplate for an SMS, signature included, that the carriers do not take."""
    if len(text) > SMS_CHARACTERS:
        raise TooLongForTemplate(parameter="sms", limit=SMS_CHARACTERS, unit="characters")


def check_wecom(text: str) -> None:
    """Raise TooLongForTemplate for a WeCom text above 4,000 bytes of UTF-8."""
    if len(text.encode()) > WECOM_BYTES:
        raise TooLongForTemplate(parameter="text", limit=WECOM_BYTES, unit="bytes")


def check_email(text: str) -> None:
    """Raise TooLongForTemplate for a letter nobody reads to its end."""
    if len(text) > EMAIL_CHARACTERS:
        raise TooLongForTemplate(parameter="text", limit=EMAIL_CHARACTERS, unit="characters")
