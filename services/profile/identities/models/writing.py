"""Identifiers in the one form in which they are compared, and what is shown of them."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from infra.refusal import Kind, Refusal

HOME = "CN"  # a number without a country is read as one of this region
TAIL = 4  # digits of a phone that a client may be found by
MASK = r"^[+0-9]{0,8}\*{2,12}[0-9]{2,4}$"  # what an e-shop shows of a phone: 138****8000
# What it shows of a name: 李**, t**8.
HIDDEN_NAME = r"^[0-9A-Za-z_·㐀-鿿]{0,15}[*＊]{1,10}[0-9A-Za-z_·㐀-鿿]{0,15}$"
_POSSIBLE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
_HIDDEN = re.compile(r"[*＊]+")


class PhoneUnreadable(Refusal):
    """Not a mobile number of any country."""

    kind = Kind.INVALID
    slug = "phone-unreadable"
    en = "This is not a mobile number. Give it with its country code, or as eleven digits for mainland China."
    zh = "手机号码无法识别。请填写国家或地区代码，中国大陆号码请填写 11 位数字。"


class EmailUnreadable(Refusal):
    """Not an address that a mail can be sent to."""

    kind = Kind.INVALID
    slug = "email-unreadable"
    en = "This is not an e-mail address. Give it alone, as name@example.com, without a display name or brackets."
    zh = "邮箱地址无法识别。请仅填写地址本身，例如 name@example.com，不含姓名或括号。"


def e164(typed: str) -> str:
    """A mobile number as E.164 (`+8613800138000`), from any way people write it; raises PhoneUnreadable."""
    try:
        number = phonenumbers.parse(typed, HOME)
    except phonenumbers.NumberParseException:
        raise PhoneUnreadable from None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _POSSIBLE:
        raise PhoneUnreadable
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mailbox(typed: str) -> str:
    """An e-mail address in one form: its domain in lower case and in ASCII; raises EmailUnreadable.

    The part before the @ stays as it is written: whether its case, a dot or a plus matters, only its own server knows
    (RFC 5321, 2.4).
    """
    try:
        read = validate_email(typed.strip(), check_deliverability=False)
    except EmailNotValidError:
        raise EmailUnreadable from None
    return f"{read.local_part}@{read.ascii_domain}"


def masked_phone(number: str) -> str:
    """`138****8000` for a mainland number, `+852****4567` for the others."""
    if number.startswith("+86"):
        return f"{number[3:6]}****{number[-TAIL:]}"
    country = phonenumbers.parse(number).country_code
    return f"+{country}****{number[-TAIL:]}"


def masked_name(name: str) -> str:
    """The first character only: enough to ask "Ms Li?", too little to learn a name."""
    return f"{name[0]}**"


def shown_of(name: str) -> str | None:
    """What a masked name shows, its beginning (`李**`); None for a name that hides nothing, or everything."""
    hidden = _HIDDEN.search(name)
    return name[: hidden.start()].casefold().strip() or None if hidden else None


def is_masked(name: str) -> bool:
    """Whether part of a name is hidden."""
    return _HIDDEN.search(name) is not None


def tail_of(number: str) -> str | None:
    """The last four digits of a number or of a mask; None where the mask shows fewer."""
    end = number[-TAIL:]
    return end if len(end) == TAIL and end.isdecimal() else None


def fits(number: str, masked: str) -> bool:
    """Whether an E.164 number can be the one behind a mask such as `138****8000`, wherever the mask begins."""
    head, _, tail = masked.partition("*")
    tail = tail.lstrip("*")
    head = head.lstrip("+")
    digits = number.lstrip("+")
    # With its country code or without.
    begins = any(digits[at:].startswith(head) for at in range(4))
    return begins and digits.endswith(tail) and len(head) + len(tail) <= len(digits)
