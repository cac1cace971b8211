"""Reports on the wire: every share says what it is of."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from infra.wire import View
from services.appointments.reports.queries.bookings import Booked, Offered
from services.appointments.reports.queries.scope import Group
from services.appointments.reports.queries.visits import Bought, Entered
from services.appointments.reports.rules.figures import Level, share
from services.appointments.reports.rules.showing import Basis

Of = Literal[
    "minutes-worked",
    "minutes-open-by-rooms",
    "visits-that-came-about-or-not",
    "stays-seen-to-their-end",
    "client-days",
    "entries",
]


class ShareView(View):
    """So much out of so much; `share` is null of nothing.

    `of`, minutes-worked: advisors' shifts without absences and leave; minutes-open-by-rooms: opening hours times rooms,
    without closures; visits-that-came-about-or-not: agreed and not cancelled, over or under way; client-days: days on
    which a client whom we know came to a boutique; entries: everyone who entered, by the door's count, or by hand.
    """

    counted: float
    out_of: float
    of: Of
    share: float | None

    @classmethod
    def to(cls, counted: float, out_of: float, of: Of) -> "ShareView":
        """So much of so much."""
        return cls(counted=counted, out_of=out_of, of=of, share=share(counted, out_of))


class QuartilesView(View):
    """The middle of some numbers, and between what the half around it lies; null of none. In the unit it says."""

    of: int
    unit: Literal["days", "minutes"]
    quarter: float | None
    median: float | None
    three_quarters: float | None

    @classmethod
    def to(cls, found: list[float], of: int, unit: Literal["days", "minutes"]) -> "QuartilesView":
        """Of `of` values."""
        low, middle, high = (round(one, 2) for one in found) if found else (None, None, None)
        return cls(of=of, unit=unit, quarter=low, median=middle, three_quarters=high)


class LineView(View):
    """For whom, and from which day on: a week from its Monday, a month from its first."""

    level: Level
    region_id: UUID | None
    boutique_id: UUID | None
    period_on: date


class BookingsLineView(LineView):
    """What was agreed for a period and what became of it. `rooms` is null where a person is meant."""

    agreed: int
    cancelled: int
    no_shows: ShareView
    lead_time: QuartilesView
    advisors: ShareView
    rooms: ShareView | None

    @classmethod
    def of(cls, line: Group, booked: Booked, offered: Offered) -> "BookingsLineView":
        """One line."""
        alone = line.level is Level.ADVISOR
        rooms = ShareView.to(booked.room_minutes, offered.rooms, "minutes-open-by-rooms")
        return cls(
            level=line.level,
            region_id=line.region_id,
            boutique_id=line.boutique_id,
            period_on=line.period,
            agreed=booked.agreed,
            cancelled=booked.cancelled,
            no_shows=ShareView.to(booked.missed, booked.came + booked.missed, "visits-that-came-about-or-not"),
            lead_time=QuartilesView.to(list(booked.lead_days), booked.agreed, "days"),
            advisors=ShareView.to(booked.advisor_minutes, offered.advisors, "minutes-worked"),
            rooms=None if alone else rooms,
        )


class BookingsReportView(View):
    """Lead time, no-shows and utilisation."""

    interval: str
    lines: list[BookingsLineView]


class DwellView(View):
    """Time in store. `usual`: between five minutes and two hours; `forgotten`: nobody saw them end, in no figure."""

    mean_minutes: float | None
    quartiles: QuartilesView
    usual: ShareView
    forgotten: int


class OftenView(View):
    """How often in a month they come, of those who said it."""

    once: int
    two_or_three: int
    four_or_more: int


class CityView(View):
    """A city (GB/T 2260) or country (ISO 3166-1), and how many came from there."""

    home_city: str
    visits: int


class VisitsLineView(LineView):
    """Who entered. `entries` counts what somebody entered by hand in place of what was counted then.

    `buyers`: of the client-days, those with a receipt of hers there on which something was sold. `receipts`: all such
    receipts, of known clients and others, per entry; null where a person is meant, for a receipt is not hers.
    """

    entries: int
    counted: int
    entered_by_hand: int
    known: int
    booked: int
    people: int
    parties: int
    dwell: DwellView
    often: OftenView
    home_cities: list[CityView]
    buyers: ShareView
    receipts: ShareView | None

    @classmethod
    def of(
        cls,
        line: Group,
        seen: Entered,
        by_hand: tuple[int, int],
        bought: Bought,
        cities: list[tuple[str, int]],
    ) -> "VisitsLineView":
        """One line."""
        entries = seen.counted + by_hand[1]
        return cls(
            level=line.level,
            region_id=line.region_id,
            boutique_id=line.boutique_id,
            period_on=line.period,
            entries=entries,
            counted=seen.counted,
            entered_by_hand=by_hand[0],
            known=seen.known,
            booked=seen.booked,
            people=seen.people,
            parties=seen.parties,
            dwell=DwellView(
                mean_minutes=round(seen.mean, 2) if seen.mean is not None else None,
                quartiles=QuartilesView.to(list(seen.quartiles), seen.stays, "minutes"),
                usual=ShareView.to(seen.usual, seen.stays, "stays-seen-to-their-end"),
                forgotten=seen.forgotten,
            ),
            often=OftenView(once=seen.once, two_or_three=seen.some, four_or_more=seen.many),
            home_cities=[CityView(home_city=city, visits=visits) for city, visits in cities],
            buyers=ShareView.to(bought.buyers, bought.came, "client-days"),
            receipts=None if line.level is Level.ADVISOR else ShareView.to(bought.receipts, entries, "entries"),
        )


class VisitsReportView(View):
    """Entries, time in store, where people come from, and how many bought."""

    interval: str
    lines: list[VisitsLineView]


class ExpectedNoShowsView(View):
    """How many of a day's visits are expected not to take place, in halves, for planning: never about one of them.

    `expected` is null while there is nothing to reckon with (`basis` none), and of fewer than five visits. `auc`: how
    well the model told the brand's latest visits apart, 0.5 is not at all.
    """

    boutique_id: UUID
    on_day: date
    agreed: int
    expected: float | None
    basis: Basis
    fitted_at: datetime | None
    auc: float | None
