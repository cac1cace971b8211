"""The report of shares and flows: who is in which segment, what she brings, and where people came from.

Reckoned anew from the receipts for whatever days are asked, by the policy of now and without any grace: two days are
compared by one measure, late receipts and merges count as if they had always been there, and no history of labels is
kept. `rules.standing` is the specification of the spend; a test holds this statement to it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.direct import driver
from infra.ids import NOBODY
from services.profile.segments import rules
from services.profile.segments.queries.setting import STRETCHES, SegmentPolicy
from services.profile.segments.rules import Segment

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
_HABITS = ("with_categories", "categories", "monthly")
MONTHLY = 12  # days with a purchase in twelve months: one a month on average

# Whom nobody may reckon up: her last word on it was no, or her data is not to be used; by surviving record.
_BARRED = """
barred as (
    select client_id from (
        select distinct on (coalesce(alias.canonical_id, consent.client_id))
            coalesce(alias.canonical_id, consent.client_id) as client_id, consent.withdrawn_at
        from consent left join client_alias alias
            on alias.brand_id = consent.brand_id and alias.client_id = consent.client_id
        where consent.brand_id = :brand and consent.purpose = 'personalisation' and consent.replaced_at is null
        order by 1, coalesce(consent.withdrawn_at, consent.given_at) desc, consent.consent_id desc
    ) word where withdrawn_at is not null
    union
    select coalesce(alias.canonical_id, restriction.client_id)
    from restriction left join client_alias alias
        on alias.brand_id = restriction.brand_id and alias.client_id = restriction.client_id
    where restriction.brand_id = :brand
)
"""
_RECEIPT = """
receipt as (
    select nullif(coalesce(alias.canonical_id, purchase.client_id), :nobody) as client_id, purchase.purchase_id,
        purchase.day,
        purchase.net_minor, purchase.net_minor * stretch.factor as worth,
        cast(:boutiques as uuid[]) is null or purchase.boutique_id = any(:boutiques) as is_here
    from (
        select *, (purchased_at at time zone cast(:zone as text))::date as day from purchase
        where brand_id = :brand and purchased_at >= :since and purchased_at < :until
    ) purchase
    left join client_alias alias on alias.brand_id = purchase.brand_id and alias.client_id = purchase.client_id
    left join stretch on stretch.currency = purchase.currency
        and purchase.day >= stretch.from_on and purchase.day < stretch.before
)
"""
_PLACED = (
    "case when {spend} >= :vic then 'vic' when {spend} >= :core then 'core' when {spend} >= :potential"
    " then 'potential' else 'occasional' end"
)
_SHARES = text(
    f"""
    with {STRETCHES}, {_BARRED}, {_RECEIPT}, spent as (
        select client_id, round(coalesce(sum(worth), 0)) as spend, sum(worth) filter (where is_here) as here,
            count(distinct day) filter (where net_minor > 0) as days
        from receipt group by client_id having bool_or(is_here)
    ), placed as (
        select spent.*, case when client_id is null then 'nobody' when barred.client_id is null
            then {_PLACED.format(spend="spend")} end as segment
        from spent left join barred using (client_id)
    ), category as (
        select receipt.client_id, count(distinct line.category) as categories
        from receipt join purchase_line line on line.brand_id = :brand and line.purchase_id = receipt.purchase_id
        where line.quantity > 0 and line.category is not null group by receipt.client_id
    )
    select segment, count(*) as clients, round(coalesce(sum(here), 0)) as revenue_minor,
        count(categories) as with_categories, coalesce(sum(categories), 0) as categories,
        count(*) filter (where days >= :monthly) as monthly
    from placed left join category using (client_id) group by segment
    """  # noqa: S608 - our own words
)
_FLOWS = text(
    f"""
    with {STRETCHES}, {_BARRED}, {_RECEIPT}, spent as (
        select client_id,
            round(coalesce(sum(worth) filter (where day between :from_before and :to_before), 0)) as before,
            round(coalesce(sum(worth) filter (where day between :from_after and :to_after), 0)) as after,
            bool_or(day between :from_before and :to_before) as was_here,
            bool_or(day between :from_after and :to_after) as is_here
        from receipt where client_id is not null group by client_id having bool_or(is_here)
    )
    select case when was_here then {_PLACED.format(spend="before")} end as before,
        case when is_here then {_PLACED.format(spend="after")} end as after, count(*) as clients
    from spent where (is_here or was_here) and client_id not in (select client_id from barred) group by 1, 2
    """  # noqa: S608 - our own words
)


@dataclass(frozen=True, slots=True)
class Share:
    """One segment in the report: those who bought in the twelve months, what they brought, and how they buy.

    `categories` is the sum over the `with_categories` clients of whom a till said what they bought; `monthly` is who
    bought on twelve days or more.
    """

    segment: Segment
    clients: int
    revenue_minor: int
    with_categories: int
    categories: int
    monthly: int


@dataclass(frozen=True, slots=True)
class Shares:
    """The twelve months to a day. Not reckoned is who let nobody reckon her up; nobody's receipts are anonymous."""

    as_of: date
    from_on: date
    currency: str
    segments: tuple[Share, ...]
    not_reckoned: int
    not_reckoned_minor: int
    anonymous_minor: int


@dataclass(frozen=True, slots=True)
class Flow:
    """So many clients went from one segment to another; None is who bought nothing in those twelve months."""

    before: Segment | None
    after: Segment | None
    clients: int


async def shares(
    tx: AsyncSession, setting: SegmentPolicy, as_of: date, *, boutiques: Collection[UUID] | None, within: timedelta
) -> Shares:
    """Clients and revenue by segment; only who bought at some boutiques, and what she spent there, if named.

    Raises asyncpg.QueryCanceledError where it takes longer than `within`.
    """
    rules.check_day(as_of)
    from_on = rules.window_from(as_of)
    asked = _asked(tx, setting, boutiques, from_on, as_of)
    rows = {row["segment"]: row for row in await _rows(tx, _SHARES, asked | {"monthly": MONTHLY}, within=within)}
    found = tuple(
        Share(segment, *(int(row[name]) for name in ("clients", "revenue_minor", *_HABITS)))
        for segment in Segment
        if (row := rows.get(segment.value)) is not None
    )
    barred, nobodys = rows.get(None), rows.get("nobody")
    return Shares(
        as_of=as_of,
        from_on=from_on,
        currency=setting.policy.currency,
        segments=found,
        not_reckoned=barred["clients"] if barred else 0,
        not_reckoned_minor=int(barred["revenue_minor"]) if barred else 0,
        anonymous_minor=int(nobodys["revenue_minor"]) if nobodys else 0,
    )


async def flows(
    tx: AsyncSession,
    setting: SegmentPolicy,
    *,
    before: date,
    after: date,
    boutiques: Collection[UUID] | None,
    within: timedelta,
) -> list[Flow]:
    """How many clients went from which segment to which, between two days; those of some boutiques, if named.

    Raises asyncpg.QueryCanceledError where it takes longer than `within`.
    """
    for day in (before, after):
        rules.check_day(day)
    windows = {
        "from_before": rules.window_from(before),
        "to_before": before,
        "from_after": rules.window_from(after),
        "to_after": after,
    }
    asked = _asked(tx, setting, boutiques, windows["from_before"], after)
    rows = await _rows(tx, _FLOWS, asked | windows, within=within)
    order = [*Segment, None]
    found = [Flow(_segment(row["before"]), _segment(row["after"]), row["clients"]) for row in rows]
    return sorted(found, key=lambda flow: (order.index(flow.before), order.index(flow.after)))


async def _rows(
    tx: AsyncSession, statement: TextClause, asked: Mapping[str, object], *, within: timedelta
) -> list[Any]:
    # By the driver itself: the pool's own patience is meant for readers.
    compiled = statement.compile(dialect=_DIALECT)
    connection = await driver(await tx.connection())
    await connection.execute(f"set local statement_timeout = {round(within.total_seconds() * 1000)}")
    values = [asked[name] for name in compiled.positiontup or ()]
    return await connection.fetch(str(compiled), *values, timeout=within.total_seconds() + 1)


def _segment(named: str | None) -> Segment | None:
    return Segment(named) if named else None


def _asked(
    tx: AsyncSession, setting: SegmentPolicy, boutiques: Collection[UUID] | None, first: date, last: date
) -> dict[str, object]:
    policy = setting.policy
    return {
        "brand": tx.info["brand_id"],
        "nobody": NOBODY,  # what was bought by whoever was erased since
        "since": setting.midnight(first),
        "until": setting.ends(last),
        "boutiques": None if boutiques is None else sorted(boutiques),
        "vic": policy.vic_minor,
        "core": policy.core_minor,
        "potential": policy.potential_minor,
        **setting.worths,
    }
