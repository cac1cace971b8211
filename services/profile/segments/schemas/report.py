"""The report of shares and flows, and what was fitted, on the wire."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from infra.wire import View
from services.profile.segments.queries.fits import Fit, Fitted
from services.profile.segments.queries.kept import Report
from services.profile.segments.rules import Segment


class SegmentShareView(View):
    """One segment among those who bought in the twelve months; each share says what it is a share of.

    `clients_share` is of all `clients` of the report, `revenue_share` of its `revenue_minor`; `categories_a_year` is
    the mean over `clients_with_categories`, of whom a till said what they bought; `monthly_buyers_share` is of the
    segment's own clients. A share of nothing is null.
    """

    segment: Segment
    clients: int
    clients_share: float | None
    revenue_minor: int
    revenue_share: float | None
    clients_with_categories: int
    categories_a_year: float | None
    monthly_buyers: int
    monthly_buyers_share: float | None


class FlowView(View):
    """So many clients went from one segment to another; null is who bought nothing in those twelve months."""

    before: Segment | None
    after: Segment | None
    clients: int


class SegmentReportView(View):
    """Who bought in the twelve months to `as_of`, by segment; amounts in minor units of `currency`.

    Where boutiques are named: those who bought there, and what they spent there; their segment is by all they spent.
    `not_reckoned` are those who let nobody reckon them up, `anonymous_minor` what no client is known of; neither is
    part of the shares. `flows` compare with `compared_on`, both days reckoned by the policy of now.
    `reckoned_at` is the moment whose receipts these are: now, or for a large house when it was made in the background.
    """

    as_of: date
    from_on: date
    currency: str
    boutique_ids: list[UUID] | None
    clients: int
    revenue_minor: int
    segments: list[SegmentShareView]
    not_reckoned_clients: int
    not_reckoned_minor: int
    anonymous_minor: int
    compared_on: date | None
    flows: list[FlowView]
    reckoned_at: datetime

    @classmethod
    def of(cls, found: Report, *, compared_on: date | None, boutique_ids: list[UUID] | None) -> "SegmentReportView":
        """The report."""
        shares, flows = found.shares, found.flows
        clients = sum(one.clients for one in shares.segments)
        revenue = sum(one.revenue_minor for one in shares.segments)
        return cls(
            as_of=shares.as_of,
            from_on=shares.from_on,
            currency=shares.currency,
            boutique_ids=boutique_ids,
            clients=clients,
            revenue_minor=revenue,
            segments=[
                SegmentShareView(
                    segment=one.segment,
                    clients=one.clients,
                    clients_share=_share(one.clients, clients),
                    revenue_minor=one.revenue_minor,
                    revenue_share=_share(one.revenue_minor, revenue),
                    clients_with_categories=one.with_categories,
                    categories_a_year=_share(one.categories, one.with_categories),
                    monthly_buyers=one.monthly,
                    monthly_buyers_share=_share(one.monthly, one.clients),
                )
                for one in shares.segments
            ],
            not_reckoned_clients=shares.not_reckoned,
            not_reckoned_minor=shares.not_reckoned_minor,
            anonymous_minor=shares.anonymous_minor,
            compared_on=compared_on,
            flows=[FlowView.model_validate(one) for one in flows],
            reckoned_at=found.reckoned_at,
        )


class FitView(View):
    """What was fitted for the brand last, whether it is used, and if not why (`unusable`).

    `measures` of `value`: repeat buyers, log-likelihoods, and how many days lie between two purchases of half, three
    quarters and nine tenths of them. Of `future`: rows, Brier score beside that of guessing, AUC, and by tenths of the
    held-back clients what was foretold and what came.
    """

    fit: Fit
    fitted_at: datetime
    clients: int
    currency: str
    unusable: str | None
    parameters: dict[str, Any]
    measures: dict[str, Any]

    @classmethod
    def of(cls, fitted: Fitted) -> "FitView":
        """The view of a fit."""
        return cls(
            fit=fitted.kind,
            fitted_at=fitted.fitted_at,
            clients=fitted.clients,
            currency=fitted.currency,
            unusable=fitted.unusable,
            parameters=dict(fitted.parameters),
            measures=dict(fitted.measures),
        )


class FitsView(View):
    """The latest fits."""

    items: list[FitView]


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
