"""Routes of reports."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.openapi import refuses
from infra.wire import Spelled
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import DAY, reaches, wall
from services.appointments.directory.schemas.places import Day
from services.appointments.reports.queries import bookings, showing, visits
from services.appointments.reports.queries.bookings import Booked, Offered
from services.appointments.reports.queries.scope import Asked, Scope
from services.appointments.reports.queries.visits import Bought, Entered
from services.appointments.reports.rules.figures import DayHasPassed, Interval, judge_days
from services.appointments.reports.rules.showing import Basis, forecast
from services.appointments.reports.schemas import (
    BookingsLineView,
    BookingsReportView,
    ExpectedNoShowsView,
    VisitsLineView,
    VisitsReportView,
)

routes = router()

SEES = (Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
PLANS = (Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
YEAR = timedelta(days=365)
First = Annotated[Day, Spelled, Query(alias="from")]
Until = Annotated[Day, Spelled, Query(alias="to")]


@routes.get("/reports/bookings", responses=refuses(404))
@permit(*SEES)
async def read_bookings(
    *,
    first: First,
    until: Until,
    interval: Interval = Interval.MONTH,
    boutique_id: UUID | None = None,
    tx: Transaction,
    by: By,
) -> BookingsReportView:
    """Utilisation, lead time and no-shows of the days from `from` to before `to`, by week or month.

    An advisor's own; a manager's and a regional manager's boutiques; the brand by region and boutique.
    """
    judge_days(first, until)
    asked = Asked(Scope.of(by, boutique_id), first, until, interval)
    booked, offered = await bookings.booked(tx, asked), await bookings.available(tx, asked)
    return BookingsReportView(
        interval=interval,
        lines=[
            BookingsLineView.of(line, booked.get(line, Booked()), offered.get(line, Offered()))
            for line in sorted({*booked, *offered}, key=lambda one: one.order)
        ],
    )


@routes.get("/reports/visits", responses=refuses(404))
@permit(*SEES)
async def read_visits(
    *,
    first: First,
    until: Until,
    interval: Interval = Interval.MONTH,
    boutique_id: UUID | None = None,
    tx: Transaction,
    by: By,
) -> VisitsReportView:
    """Entries, time in store, home cities and conversion of the days from `from` to before `to`, by week or month."""
    judge_days(first, until)
    asked = Asked(Scope.of(by, boutique_id), first, until, interval)
    seen, by_hand = await visits.entered(tx, asked), await visits.by_hand(tx, asked)
    bought, cities = await visits.bought(tx, asked), await visits.cities(tx, asked)
    return VisitsReportView(
        interval=interval,
        lines=[
            VisitsLineView.of(
                line,
                seen.get(line, Entered()),
                by_hand.get(line, (0, 0)),
                bought.get(line, Bought()),
                list(cities.get(line, ())),
            )
            for line in sorted({*seen, *by_hand, *bought}, key=lambda one: one.order)
        ],
    )


@routes.get("/reports/expected-no-shows", responses=refuses(404))
@permit(*PLANS)
async def read_expected_no_shows(
    *, boutique_id: UUID, on: Annotated[Day, Spelled, Query()], tx: Transaction, by: By, now: Now
) -> ExpectedNoShowsView:
    """How many of the visits that a boutique still expects on a day will not take place: for its planning alone.

    It is never said of one visit, and nothing of it is kept or shown beside a client.
    """
    boutique = await directory.own_boutique(tx, boutique_id, by)
    zone = ZoneInfo(boutique.zone)
    if on < wall(now, zone).date():
        raise DayHasPassed
    starts_at, ends_at = reaches(_midnight(on), zone), reaches(_midnight(on) + DAY, zone)
    cases = await showing.expected(tx, boutique, starts_at, ends_at, now=now)
    missed, out_of = await showing.missed_of(tx, since=now - YEAR, until=now)
    fit = await showing.last_fit(tx)
    model = fit.model if fit is not None else None
    found = forecast(cases, model, no_shows=missed, out_of=out_of)
    modelled = fit is not None and found.basis is Basis.MODEL
    return ExpectedNoShowsView(
        boutique_id=boutique_id,
        on_day=on,
        agreed=found.agreed,
        expected=found.expected,
        basis=found.basis,
        fitted_at=fit.fitted_at if fit is not None and modelled else None,
        auc=round(fit.auc, 3) if fit is not None and modelled and fit.auc is not None else None,
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock has no zone
