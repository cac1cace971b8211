"""Entries, stays, where people come from, and how many of them bought."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.reports.queries.scope import GROUPED, PLACES, Asked, Group, by_group, group

MOST_CITIES = 20
# The field's figures: a stay is half an hour on average, five minutes to two hours.
SHORTEST, USUAL_LONGEST = 5, 120  # minutes

_PERIOD = "date_trunc(cast(:interval as text), {day})::date as period"
_HERS = "(cast(:advisor as uuid) is null or coalesce(v.served_by, v.advisor_id) = :advisor)"
_SETS = " group by grouping sets ((period), (period, region_id), (period, boutique_id))"

_VISITS = (
    PLACES  # noqa: S608 - our own words
    + f"""
, seen as (
    select v.*, place.region_id, {_PERIOD.format(day="v.on_day")},
        extract(epoch from v.left_at - v.arrived_at) / 60 as stayed, v.left_how = 'recorded' as is_known
    from visit v join place on place.boutique_id = v.boutique_id
    where v.brand_id = :brand and v.on_day >= :first and v.on_day < :until and {_HERS}
)
select period,{GROUPED}
    , count(*) as counted,
    count(client_id) as known,
    count(appointment_id) as booked,
    sum(party_size) as people,
    count(party_size) as parties,
    count(*) filter (where is_known) as stays,
    count(*) filter (where not is_known) as forgotten,
    count(*) filter (where is_known and stayed between :shortest and :longest) as usual,
    avg(stayed) filter (where is_known) as mean,
    percentile_cont(array[0.25, 0.5, 0.75]) within group (order by stayed) filter (where is_known) as quartiles,
    count(*) filter (where visits_this_month = '1') as once,
    count(*) filter (where visits_this_month = '2-3') as some,
    count(*) filter (where visits_this_month = '4+') as many
from seen
"""  # noqa: S608 - our own words
    + _SETS
)
# What somebody entered by hand stands in place of what the door had counted in that stretch of the day.
_BY_HAND = (
    PLACES  # noqa: S608 - our own words
    + f"""
, said as (
    select t.boutique_id, place.region_id, {_PERIOD.format(day="t.on_day")}, t.entries, t.entries - (
            select count(*) from visit v where v.brand_id = :brand and v.boutique_id = t.boutique_id
            and v.on_day = t.on_day
            and extract(epoch from cast((v.arrived_at at time zone place.zone) as time)) / 60 >= t.starts
            and extract(epoch from cast((v.arrived_at at time zone place.zone) as time)) / 60 < t.ends
        ) as more
    from visit_tally t join place on place.boutique_id = t.boutique_id
    where t.brand_id = :brand and t.on_day >= :first and t.on_day < :until
)
select period,{GROUPED}, sum(entries) as entered, sum(more) as more from said
"""  # noqa: S608 - our own words
    + _SETS
)
# A client who comes twice on a day has come on that day; whichever of her records it was, it was she.
_CONVERSION = (
    PLACES  # noqa: S608 - our own words
    + f"""
, bought as (
    select s.purchase_id, s.boutique_id, place.region_id,
        coalesce(alias.canonical_id, s.client_id) as client_id,
        cast((s.purchased_at at time zone place.zone) as date) as on_day
    from sale s join place on place.boutique_id = s.boutique_id
    left join client_alias alias on alias.brand_id = :brand and alias.client_id = s.client_id
    where s.brand_id = :brand and s.purchased_at >= :since_at and s.purchased_at < :until_at
    group by 1, 2, 3, 4, 5
    having sum(s.sold) > 0
), known as (
    select distinct coalesce(alias.canonical_id, v.client_id) as client_id, v.boutique_id, place.region_id, v.on_day
    from visit v join place on place.boutique_id = v.boutique_id
    left join client_alias alias on alias.brand_id = :brand and alias.client_id = v.client_id
    where v.brand_id = :brand and v.on_day >= :first and v.on_day < :until and v.client_id is not null and {_HERS}
), told as (
    select known.boutique_id, known.region_id, known.on_day, 1 as came, 0 as receipts, cast(exists (
            select from bought where bought.client_id = known.client_id and bought.boutique_id = known.boutique_id
            and bought.on_day = known.on_day
        ) as int) as buyers
    from known
    union all
    select boutique_id, region_id, on_day, 0, 1, 0 from bought where on_day >= :first and on_day < :until
), placed as (
    select told.*, {_PERIOD.format(day="told.on_day")} from told
)
select period,{GROUPED}, sum(came) as came, sum(buyers) as buyers, sum(receipts) as receipts from placed
"""  # noqa: S608 - our own words
    + _SETS
)
_CITIES = (
    PLACES  # noqa: S608 - our own words
    + f"""
, seen as (
    select v.home_city, v.boutique_id, place.region_id, {_PERIOD.format(day="v.on_day")}
    from visit v join place on place.boutique_id = v.boutique_id
    where v.brand_id = :brand and v.on_day >= :first and v.on_day < :until and v.home_city is not null and {_HERS}
), counted as (
    select period,{GROUPED}, home_city, count(*) as visits from seen
    group by grouping sets ((period, home_city), (period, home_city, region_id), (period, home_city, boutique_id))
), ordered as (
    select counted.*, row_number() over (
        partition by period, by_region, by_boutique, region_id, boutique_id order by visits desc, home_city) as place_of
    from counted
)
select * from ordered where place_of <= :most order by place_of
"""  # noqa: S608 - our own words
)


@dataclass(frozen=True, slots=True)
class Entered:
    """Who entered in a period. `quartiles`: a quarter, half, three quarters of the stays whose end somebody saw."""

    counted: int = 0
    known: int = 0
    booked: int = 0
    people: int = 0
    parties: int = 0
    stays: int = 0
    forgotten: int = 0
    usual: int = 0
    mean: float | None = None
    quartiles: Sequence[float] = field(default_factory=list)
    once: int = 0
    some: int = 0
    many: int = 0


@dataclass(frozen=True, slots=True)
class Bought:
    """Days on which known clients came, on how many of them they bought there; and all receipts with something sold."""

    came: int = 0
    buyers: int = 0
    receipts: int = 0


async def entered(tx: AsyncSession, asked: Asked) -> Mapping[Group, Entered]:
    """Who entered, as the door counted them."""
    usual = {"shortest": SHORTEST, "longest": USUAL_LONGEST}
    rows = await tx.execute(text(_VISITS), asked.named(tx, _VISITS) | usual)
    return {
        line: Entered(
            counted=row.counted,
            known=row.known,
            booked=row.booked,
            people=int(row.people or 0),
            parties=row.parties,
            stays=row.stays,
            forgotten=row.forgotten,
            usual=row.usual,
            mean=float(row.mean) if row.mean is not None else None,
            quartiles=list(row.quartiles or ()),
            once=row.once,
            some=row.some,
            many=row.many,
        )
        for line, row in by_group(asked.scope, rows).items()
    }


async def by_hand(tx: AsyncSession, asked: Asked) -> Mapping[Group, tuple[int, int]]:
    """What was entered by hand, and how many more (or fewer) that are than the door had counted."""
    if asked.scope.advisor_id is not None:
        return {}
    rows = await tx.execute(text(_BY_HAND), asked.named(tx, _BY_HAND))
    return {line: (int(row.entered), int(row.more)) for line, row in by_group(asked.scope, rows).items()}


async def bought(tx: AsyncSession, asked: Asked) -> Mapping[Group, Bought]:
    """Visits of known clients joined with receipts of the same boutique and day."""
    rows = await tx.execute(text(_CONVERSION), asked.named(tx, _CONVERSION))
    return {
        line: Bought(int(row.came), int(row.buyers), int(row.receipts))
        for line, row in by_group(asked.scope, rows).items()
    }


async def cities(tx: AsyncSession, asked: Asked) -> Mapping[Group, Sequence[tuple[str, int]]]:
    """Where those who said it come from, the most frequent cities first; at most `MOST_CITIES`."""
    found: dict[Group, list[tuple[str, int]]] = defaultdict(list)
    for row in await tx.execute(text(_CITIES), asked.named(tx, _CITIES) | {"most": MOST_CITIES}):
        line = group(asked.scope, row)
        if line is not None:
            found[line].append((row.home_city, row.visits))
    return found
