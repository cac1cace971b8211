"""What messages are for and which people may send, and the ways to her."""

from enum import StrEnum

from infra.refusal import Kind, Refusal


class Purpose(StrEnum):
    """What a message is for. Service is what she asked for herself: her booking, her repair, an answer."""

    SERVICE = "service"
    SURVEY = "survey"
    MARKETING = "marketing"


class Channel(StrEnum):
    """A way to her."""

    SUBSCRIBE = "wechat-subscribe"
    WECOM = "wecom"
    SMS = "sms"
    EMAIL = "email"


NEEDS_CONSENT = frozenset({Purpose.SURVEY, Purpose.MARKETING})
# What she waits for herself is neither too much nor at a wrong hour.
EXEMPT = frozenset({Purpose.SERVICE})
# Surveys come from their journeys, never by hand.
BY_HAND = frozenset({Purpose.SERVICE, Purpose.MARKETING})


class PurposeNotOpen(Refusal):
    """Somebody wants to send by hand what only a journey sends."""

    kind = Kind.FORBIDDEN
    slug = "purpose-not-open"
    en = "Surveys are sent by their journeys. Choose service or marketing."
    zh = "问卷由客户旅程自动发送，请选择服务或营销用途。"


def check_purpose(purpose: Purpose, *, by_hand: bool) -> None:
    """Raise PurposeNotOpen for what people may not send themselves."""
    if by_hand and purpose not in BY_HAND:
        raise PurposeNotOpen
