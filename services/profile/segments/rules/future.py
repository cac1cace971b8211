"""Who may become a VIC: a score out of what she does and what she told us herself, and the reasons for it in words.

Nothing here comes from outside the house, and nothing is guessed: milestones are those she told us. Inheritance is
never one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

REASONS = 3  # said of one client
CLEAR = 0.1  # log odds; less than that is no reason


class Feature(StrEnum):
    """What the score is made of, each of the twelve months before, as far as it was known on the day."""

    SPEND = "spend"
    SPEND_BEFORE = "spend-before"
    PURCHASE_DAYS = "purchase-days"
    LARGEST = "largest-purchase"
    CATEGORIES = "categories"
    YEARS = "years"
    QUIET = "quiet"
    VISITS = "visits"
    HOURS = "time-in-store"
    ENQUIRIES = "enquiries"
    SHARES = "shares"
    ANSWERS = "answers"
    PIECES = "pieces"
    WEDDING = "wedding-anniversary"
    SPOUSE = "spouse-birthday"
    CHILD = "child-birthday"
    OCCASIONS = "occasions"


# What is said of who has more of it than most. How long she has been quiet, or known, speaks for nobody.
WORDS: dict[Feature, tuple[str, str]] = {
    Feature.SPEND: ("She spent more in the last twelve months than most.", "近十二个月的消费高于多数客户。"),
    Feature.SPEND_BEFORE: ("She spent more in the year before than most.", "再前一年的消费高于多数客户。"),
    Feature.PURCHASE_DAYS: ("She buys more often than most.", "购买次数多于多数客户。"),
    Feature.LARGEST: ("Her largest purchase is higher than most.", "单笔最高消费高于多数客户。"),
    Feature.CATEGORIES: ("She buys across more categories than most.", "购买的品类多于多数客户。"),
    Feature.VISITS: ("She visits more often than most.", "到店次数多于多数客户。"),
    Feature.HOURS: ("She stays longer in the boutique than most.", "在店停留时间长于多数客户。"),
    Feature.ENQUIRIES: ("She asks more than most.", "咨询次数多于多数客户。"),
    Feature.SHARES: ("She shares more of the house than most.", "分享次数多于多数客户。"),
    Feature.ANSWERS: ("She tells us more often than most how it was.", "比多数客户更常反馈体验。"),
    Feature.PIECES: ("She tried, saw or wished for more pieces than most.", "试戴、鉴赏或心愿单品多于多数客户。"),
    Feature.WEDDING: ("She told us of her wedding anniversary.", "她告知了结婚纪念日。"),
    Feature.SPOUSE: ("She told us of her spouse's birthday.", "她告知了伴侣的生日。"),
    Feature.CHILD: ("She told us of a child's birthday.", "她告知了孩子的生日。"),
    Feature.OCCASIONS: ("She told us of occasions that matter to her.", "她告知了重要的场合。"),
}


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted logistic regression over standardised features, and Platt's scaling behind it.

    In the order of `Feature`; `base_rate` is the share of held-back clients who became VICs.
    """

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    slope: float
    offset: float
    base_rate: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """The probability that she is a VIC a year from now, and what speaks for it most."""

    score: float
    reasons: tuple[Feature, ...]


def outlook(model: Model, features: Sequence[float]) -> Outlook:
    """A client's outlook; `features` in the order of `Feature`."""
    apart = [
        (value - mean) / deviation
        for value, mean, deviation in zip(features, model.means, model.deviations, strict=True)
    ]
    parts = [weight * one for weight, one in zip(model.weights, apart, strict=True)]
    odds = model.slope * (model.intercept + sum(parts)) + model.offset
    said = [
        (part, feature)
        for part, one, feature in zip(parts, apart, Feature, strict=True)
        if feature in WORDS and one > 0 and model.slope * part >= CLEAR
    ]
    said.sort(key=lambda reason: -reason[0])
    score = 1 / (1 + math.exp(-max(-700.0, min(700.0, odds))))
    return Outlook(round(score, 4), tuple(feature for _, feature in said[:REASONS]))
