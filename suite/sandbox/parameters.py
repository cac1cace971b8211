"""The type rules of template parameters, as WeChat applies them.

Written apart from infra.wechat.subscribe on purpose: a double that shared its code could not find its mistakes.
"""

import re
from collections.abc import Callable
from unicodedata import category

_DIGITS = r"[0-9]"
_CLOCK = rf"(?:[01]?{_DIGITS}|2[0-3]):[0-5]{_DIGITS}(?::[0-5]{_DIGITS})?"
_DAY = rf"{_DIGITS}{{4}}年(?:1[0-2]|0?[1-9])月(?:3[01]|[12]{_DIGITS}|0?[1-9])日"
_MOMENT = rf"(?:{_DAY} ?)?{_CLOCK}"
_DATE = rf"{_DAY}(?: ?{_CLOCK})?"


def _han(char: str) -> bool:
    point = ord(char)
    return 0x3400 <= point <= 0x4DBF or 0x4E00 <= point <= 0x9FFF or 0xF900 <= point <= 0xFAFF or point >= 0x20000


def _symbol(char: str) -> bool:
    return category(char)[0] in "PSZ"


def _name(text: str) -> bool:
    if any(_han(char) for char in text):
        return len(text) <= 10
    return len(text) <= 20 and all(char.isalpha() or _symbol(char) for char in text)


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


RULES: dict[str, Callable[[str], bool]] = {
    "thing": lambda text: len(text) <= 20,
    "number": lambda text: len(text) <= 32 and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) is not None,
    "letter": _matches(r"[A-Za-z]{1,32}"),
    "symbol": lambda text: len(text) <= 5 and all(_symbol(char) for char in text),
    "character_string": _matches(r"[\x20-\x7e]{1,32}"),
    "time": _matches(rf"{_MOMENT}(?:~{_MOMENT})?"),
    "date": _matches(rf"{_DATE}(?:~{_DATE})?"),
    "amount": _matches(r"[¥￥$€£]?[0-9]{1,10}(?:\.[0-9]+)?元?"),
    "phone_number": _matches(r"[0-9+()\- ]{1,17}"),
    "car_number": lambda text: len(text) <= 8,
    "name": _name,
    "phrase": lambda text: len(text) <= 5 and all(_han(char) for char in text),
    "enum": lambda _: True,
}


def allowed(key: str, text: str) -> bool:
    """Whether a non-empty value fits the type its key begins with; keys of unknown types never fit."""
    rule = RULES.get(key.rstrip("0123456789"))
    return rule is not None and rule(text)
