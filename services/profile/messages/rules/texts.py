"""Words of the house by kind of personal message, in Chinese and English, with places for what she knows we know.

A sentence that names a fact nobody has is left out.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from services.profile.messages.rules import visits
from services.profile.messages.rules.purposes import Purpose


class Named(StrEnum):
    """What a message may name of her. Nothing else goes into a draft, and nothing else to the assistant.

    All of it she has told the house herself or done before its eyes, and it is no secret of hers: never a segment, a
    score, an amount, what somebody wrote about her, a measurement or another sensitive item, a present for somebody.
    """

    SALUTATION = "salutation"  # as she is spoken to
    PIECE = "piece"  # the one she bought last, for herself
    VISIT_ON = "visit_on"  # the day of her last visit
    WISH = "wish"  # what she asked for and has not got yet


# Why she knows that we know.
NAMEABLE: Mapping[Named, str] = {
    Named.SALUTATION: "she gave us her name",
    Named.PIECE: "she bought it from us",
    Named.VISIT_ON: "she was there",
    Named.WISH: "she asked for it",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of personal message: its purpose, an e-mail's subject, its sentences by language."""

    purpose: Purpose
    subject: Mapping[str, str]
    sentences: Mapping[str, Sequence[str]]


KINDS: Mapping[str, Kind] = {
    "reply": Kind(
        Purpose.SERVICE,
        {"zh": "回复您的咨询", "en": "Your question"},
        {
            "zh": ("{salutation}，您好。", "感谢您的来信，我来为您解答。"),
            "en": ("Dear {salutation},", "Thank you for your message."),
        },
    ),
    "introduction": Kind(
        Purpose.SERVICE,
        {"zh": "您的新客户顾问", "en": "Your new advisor"},
        {
            "zh": ("{salutation}，您好。", "今后由我为您服务，很高兴认识您。", "有任何需要，请随时告诉我。"),
            "en": (
                "Dear {salutation},",
                "I have the pleasure of looking after you from now on.",
                "Please let me know whatever I can do for you.",
            ),
        },
    ),
    "thank-you": Kind(
        Purpose.MARKETING,
        {"zh": "感谢您的光临", "en": "Thank you"},
        {
            "zh": ("{salutation}，您好。", "感谢您{visit_on}的光临。", "很高兴您选择了{piece}。", "期待再次与您相见。"),
            "en": (
                "Dear {salutation},",
                "Thank you for your visit on {visit_on}.",
                "I am delighted that you chose {piece}.",
                "I look forward to seeing you again.",
            ),
        },
    ),
    "after-care": Kind(
        Purpose.MARKETING,
        {"zh": "一切还合意吗", "en": "How is everything?"},
        {
            "zh": ("{salutation}，您好。", "{piece}用得还合意吗？", "如需保养或调整，请随时告诉我。"),
            "en": (
                "Dear {salutation},",
                "I hope {piece} gives you pleasure.",
                "Should it need care or an adjustment, please let me know.",
            ),
        },
    ),
    "birthday": Kind(
        Purpose.MARKETING,
        {"zh": "生日快乐", "en": "Happy birthday"},
        {
            "zh": ("{salutation}，祝您生日快乐。", "愿您新的一岁平安喜乐。"),
            "en": ("Dear {salutation},", "I wish you a very happy birthday."),
        },
    ),
    "festival": Kind(
        Purpose.MARKETING,
        {"zh": "节日祝福", "en": "Warm wishes"},
        {
            "zh": ("{salutation}，您好。", "佳节将至，祝您与家人安康喜乐。"),
            "en": ("Dear {salutation},", "My warmest wishes to you and your family."),
        },
    ),
    "wish-arrived": Kind(
        Purpose.MARKETING,
        {"zh": "您心仪的作品", "en": "The piece you asked for"},
        {
            "zh": ("{salutation}，您好。", "您曾问起的{wish}现在可以看到了。", "若您方便，我为您预留时间。"),
            "en": (
                "Dear {salutation},",
                "{wish}, which you asked me about, is here now.",
                "I would be glad to keep a time for you.",
            ),
        },
    ),
    "new-arrival": Kind(
        Purpose.MARKETING,
        {"zh": "新品到店", "en": "New pieces"},
        {
            "zh": ("{salutation}，您好。", "有几件新作到店，与您的{piece}颇为相衬。", "若您有兴趣，我为您安排品鉴。"),
            "en": (
                "Dear {salutation},",
                "A few new pieces have arrived that would go well with {piece}.",
                "Should you like to see them, I would be glad to arrange it.",
            ),
        },
    ),
    "occasion-invitation": Kind(
        Purpose.MARKETING,
        {"zh": "诚邀您出席", "en": "An invitation"},
        {
            "zh": ("{salutation}，您好。", "诚邀您出席我们的活动，期待您的回复。"),
            "en": (
                "Dear {salutation},",
                "We would be delighted to welcome you at our occasion.",
                "I look forward to your reply.",
            ),
        },
    ),
    "seat-offer": Kind(
        Purpose.SERVICE,
        {"zh": "您候补的席位", "en": "A seat for you"},
        {
            "zh": ("{salutation}，您好。", "您候补的活动现有席位为您保留，请尽快确认。"),
            "en": (
                "Dear {salutation},",
                "A seat you were waiting for is free and kept for you.",
                "Please confirm it soon.",
            ),
        },
    ),
    "occasion-cancelled": Kind(
        Purpose.SERVICE,
        {"zh": "活动取消", "en": "Your occasion is cancelled"},
        {
            "zh": ("{salutation}，您好。", "很抱歉，您的活动因故取消，期待下次相聚。"),
            "en": (
                "Dear {salutation},",
                "I am sorry that the occasion you were coming to has been cancelled.",
                "I hope to welcome you at the next one.",
            ),
        },
    ),
    "waitlist-offer": Kind(
        Purpose.SERVICE,
        {"zh": "您候补的时段", "en": "A time for you"},
        {
            "zh": ("{salutation}，您好。", "您候补的时段现为您保留，请尽快确认。"),
            "en": (
                "Dear {salutation},",
                "A time you were waiting for is free and kept for you.",
                "Please confirm it soon.",
            ),
        },
    ),
}
PURPOSES: Mapping[str, Purpose] = {name: kind.purpose for name, kind in KINDS.items()}
# What a message of a service says where words are needed: by e-mail and WeCom. What is not told leaves it unsaid.
SERVICE_TEXTS: Mapping[str, Mapping[str, str]] = {
    "survey-invitation": {"zh": "{text}\n{link}", "en": "{text}\n{link}"},
    **visits.TEXTS,
}

ZH = "zh"

_PLACE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Filled:
    """Words with her facts in them, and the facts that they name."""

    text: str = field(repr=False)
    named: frozenset[Named]


def languages(kind: Kind, language: str) -> str:
    """Her language, where the house has words in it; English otherwise, Chinese for every kind of Chinese."""
    short = language.partition("-")[0].lower()
    return short if short in kind.sentences else "en"


def fill(sentences: Sequence[str], facts: Mapping[Named, str], *, language: str) -> Filled:
    """The sentences whose places can all be filled, in order."""
    kept, named = [], set[Named]()
    for sentence in sentences:
        places = {Named(place) for place in _PLACE.findall(sentence)}
        if places <= set(facts):
            kept.append(_PLACE.sub(lambda place: facts[Named(place[1])], sentence))
            named |= places
    return Filled(("" if language == "zh" else " ").join(kept), frozenset(named))


def places(text: str) -> set[str]:
    """The names of all places in a text."""
    return set(_PLACE.findall(text))


def nameless(text: str, salutation: str | None) -> str:
    """The text as it would be to anybody: without her name, and without what is only set differently."""
    bare = text.replace(salutation, "") if salutation else text
    return "".join(char.casefold() for char in bare if char.isalnum())
