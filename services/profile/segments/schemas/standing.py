"""A client's segment, stage of life, engagement and value on the wire, for those who serve her."""

from dataclasses import asdict
from datetime import date, datetime

from infra.wire import View
from services.profile.segments.queries.picture import Picture
from services.profile.segments.rules import Lifecycle, Segment, received_as
from services.profile.segments.rules.engagement import Part
from services.profile.segments.rules.future import WORDS, Feature


class UnconvertedView(View):
    """Spent in a currency without a rate, and so not counted."""

    currency: str
    net_minor: int


class KeptView(View):
    """Why a better segment than the reckoned one holds: she had it on `had_on` by that spend, and only time took it.

    It holds through `until`, unless she brings something back.
    """

    had_on: date
    spend_minor: int
    until: date


class ShareView(View):
    """What one part brings to the engagement: how much there was (visits, hours, contacts), and its points by now."""

    part: Part
    amount: float
    points: float


class EngagementView(View):
    """From 0 to 100, and the parts it is the sum of."""

    score: int
    parts: list[ShareView]


class ValueView(View):
    """What the brand's models expect of her within twelve months of `as_of`, fitted on `fitted_at`.

    `lapse_probability` is null for who bought on one day only. The spend is in minor units of the policy's currency.
    """

    lapse_probability: float | None
    expected_purchases: float
    expected_spend_minor: int
    fitted_at: datetime


class ReasonView(View):
    """What speaks for her becoming a VIC, in words."""

    reason: Feature
    en: str
    zh: str

    @classmethod
    def of(cls, reason: Feature) -> "ReasonView":
        """A reason with its words."""
        en, zh = WORDS[reason]
        return cls(reason=reason, en=en, zh=zh)


class OutlookView(View):
    """The probability that she is a VIC in a year, what speaks for it most, and when the model was fitted."""

    score: float
    reasons: list[ReasonView]
    fitted_at: datetime


class SegmentView(View):
    """A client's segment as of a day: the net spend from `from_on` to `as_of`, both days included.

    `segment` is the one that holds, `reckoned` what those twelve months alone make; where they differ, `kept` says why
    and until when. `received_as` is how she is to be received: a newcomer as a VIC. `value` is null before her first
    purchase and without a fit, `future_vic` for a VIC, without a fit, and for days that are past.
    """

    segment: Segment
    reckoned: Segment
    kept: KeptView | None
    received_as: Segment
    lifecycle: Lifecycle
    as_of: date
    from_on: date
    spend_minor: int
    currency: str
    receipts: int
    unconverted: list[UnconvertedView]
    engagement: EngagementView
    value: ValueView | None
    future_vic: OutlookView | None

    @classmethod
    def of(cls, picture: Picture) -> "SegmentView":
        """The view of all that was reckoned."""
        standing = picture.standing
        value, outlook = picture.value, picture.outlook
        return cls(
            segment=standing.segment,
            reckoned=standing.reckoned,
            kept=KeptView.model_validate(standing.kept) if standing.kept else None,
            received_as=received_as(standing.segment),
            lifecycle=standing.lifecycle,
            as_of=standing.as_of,
            from_on=standing.from_on,
            spend_minor=standing.spend_minor,
            currency=standing.currency,
            receipts=standing.receipts,
            unconverted=[UnconvertedView.model_validate(one) for one in standing.unconverted],
            engagement=EngagementView.model_validate(picture.engagement),
            value=ValueView(**asdict(value[0]), fitted_at=value[1]) if value else None,
            future_vic=OutlookView(
                score=outlook[0].score,
                reasons=[ReasonView.of(reason) for reason in outlook[0].reasons],
                fitted_at=outlook[1],
            )
            if outlook
            else None,
        )
