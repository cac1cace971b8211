"""The report of shares and flows, and what was fitted."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.identity import Caller, Role, permit
from infra.openapi import refuses
from infra.refusal import NotFound
from infra.wire import Spelled
from services.profile.segments import queries
from services.profile.segments.actions import reporting
from services.profile.segments.queries import fits
from services.profile.segments.queries.kept import Asked
from services.profile.segments.rules.reports import ReportBeingMade
from services.profile.segments.schemas.report import FitsView, FitView, SegmentReportView

routes = router()

OnDay = Annotated[date | None, Spelled]
Boutiques = Annotated[list[UUID] | None, Query(alias="boutique_id", max_length=200)]


@routes.get("/segments/report", responses=refuses(404, 503))
@permit(Role.HEADQUARTERS, Role.REGIONAL, Role.MANAGER)
async def segment_report(
    tx: Transaction,
    by: By,
    now: Now,
    kit: OfKit,
    *,
    as_of: OnDay = None,
    compared_on: OnDay = None,
    boutique_id: Boutiques = None,
) -> SegmentReportView:
    """Clients and revenue by segment in the twelve months to a day, and with `compared_on` who came from where.

    Of the whole brand for headquarters, otherwise of the caller's boutiques; or of those named among them. A region is
    its boutiques. Of a large house it is made in the background and kept: `reckoned_at` says when.
    """
    boutiques = within(by, boutique_id)
    setting = await queries.policy(tx)
    found = await reporting.find(tx, setting, as_of=as_of, compared_on=compared_on, boutiques=boutiques, now=now)
    if isinstance(found, Asked):
        # Not in this transaction, which the refusal takes along.
        await tx.rollback()
        async with kit.database.transaction(by.brand_id) as own:
            await reporting.want(own, found, now=now)
        raise ReportBeingMade(retry_after=30)
    return SegmentReportView.of(found, compared_on=compared_on, boutique_ids=boutiques)


@routes.get("/segments/models")
@permit(Role.HEADQUARTERS)
async def models(tx: Transaction) -> FitsView:
    """The latest fits of value and future VICs: parameters, measures, and why one is not used."""
    return FitsView(items=[FitView.of(one) for one in (await fits.latest(tx, usable=False)).values()])


def within(by: Caller, asked: list[UUID] | None) -> list[UUID] | None:
    """The boutiques a report is about, None for the whole brand; raises NotFound for one that is not the caller's."""
    if by.role is Role.HEADQUARTERS:
        return sorted(set(asked)) if asked else None
    chosen = set(asked) if asked else set(by.boutique_ids)
    if not chosen <= by.boutique_ids:
        raise NotFound
    return sorted(chosen)
