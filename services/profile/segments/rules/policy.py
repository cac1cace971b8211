"""How a brand reckons: thresholds, grace, the stages of life, what engagement is worth."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from infra.refusal import Kind, Refusal
from services.profile.segments.rules.rates import PIVOT, CurrencyWithoutRate, Rates


class ThresholdsOutOfOrder(Refusal):
    """VIC above core above potential, or the segments mean nothing."""

    kind = Kind.INVALID
    slug = "thresholds-out-of-order"
    en = "The threshold for VIC must be above the one for core, and that above the one for potential."
    zh = "顶级客户的门槛须高于核心客户，核心客户的门槛须高于潜力客户。"


class Segment(StrEnum):
    """Shown to those who serve her, never to the client."""

    VIC = "vic"
    CORE = "core"
    POTENTIAL = "potential"
    OCCASIONAL = "occasional"
    NEWCOMER = "newcomer"


class LifecycleOutOfOrder(Refusal):
    """Somebody would be lapsed before she was lapsing."""

    kind = Kind.INVALID
    slug = "lifecycle-out-of-order"
    en = "A client lapses before she has lapsed: `lapsing_days` must be fewer than `lapsed_days`."
    zh = "“即将流失”的天数(lapsing_days)须少于“已流失”的天数(lapsed_days)。"


@dataclass(frozen=True, slots=True)
class Policy:
    """A brand's settings; thresholds in minor units of `currency`, `zone` (IANA) says when its days begin.

    `grace_days` is how long she keeps a segment that time alone takes; 0 for not at all. She is lapsing after
    `lapsing_days` without a purchase, lapsed after `lapsed_days`, and back for `back_days` when she buys after that.
    Engagement: a contact counts its points when it happens, and half of them `half_life_days` later.
    """

    currency: str = PIVOT
    zone: str = "Asia/Shanghai"
    vic_minor: int = 50_000_00
    core_minor: int = 5_000_00
    potential_minor: int = 1_000_00
    grace_days: int = 30
    lapsing_days: int = 240
    lapsed_days: int = 365
    back_days: int = 90
    half_life_days: int = 90
    visit_points: int = 10
    hour_points: int = 10
    enquiry_points: int = 5
    share_points: int = 5
    answer_points: int = 8

    def check(self, rates: Rates, *, today: date) -> None:
        """Raise ThresholdsOutOfOrder, LifecycleOutOfOrder or CurrencyWithoutRate."""
        if not self.vic_minor > self.core_minor > self.potential_minor > 0:
            raise ThresholdsOutOfOrder
        if not self.lapsing_days < self.lapsed_days:
            raise LifecycleOutOfOrder
        if rates.on(self.currency, today) is None:
            raise CurrencyWithoutRate

    def segment(self, spend_minor: int) -> Segment:
        """The segment of someone who has bought; a threshold itself belongs to the segment above it."""
        if spend_minor >= self.vic_minor:
            return Segment.VIC
        if spend_minor >= self.core_minor:
            return Segment.CORE
        return Segment.POTENTIAL if spend_minor >= self.potential_minor else Segment.OCCASIONAL


def received_as(segment: Segment | None) -> Segment:
    """How she is received: whoever has not bought yet, or lets nobody reckon her up, as a VIC."""
    return Segment.VIC if segment in {None, Segment.NEWCOMER} else Segment(segment)
