"""Phone numbers and other identifiers in the one form in which they are compared, and masked."""

import phonenumbers

from infra.refusal import Kind, Refusal

HOME = "CN"  # a number without a country is read as one of this region
TAIL = 4  # digits of a phone that a client may be found by
_POSSIBLE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}


class PhoneUnreadable(Refusal):
    """Not a mobile number of any country."""

    kind = Kind.INVALID
    slug = "phone-unreadable"
    en = "This is not a mobile number. Give it with its country code, or as eleven digits for mainland China."
    zh = "手机号码无法识别。请填写国家或地区代码，中国大陆号码请填写 11 位数字。"


def e164(typed: str) -> str:
    """A mobile number as E.164 (`+8613800138000`), from any way people write it; raises PhoneUnreadable."""
    try:
        number = phonenumbers.parse(typed, HOME)
    except phonenumbers.NumberParseException:
        raise PhoneUnreadable from None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _POSSIBLE:
        raise PhoneUnreadable
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked_phone(number: str) -> str:
    """`138****8000` for a mainland number, `+852****4567` for the others."""
    if number.startswith("+86"):
        return f"{number[3:6]}****{number[-TAIL:]}"
    country = phonenumbers.parse(number).country_code
    return f"+{country}****{number[-TAIL:]}"


def masked_name(name: str) -> str:
    """The first character only: enough to ask "Ms Li?", too little to learn a name."""
    return f"{name[0]}**"
