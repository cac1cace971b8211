"""Reading what was fitted for a brand, and what comes of it for a client."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.segments.queries.setting import STRETCHES, SegmentPolicy
from services.profile.segments.queries.standing import MEMBER
from services.profile.segments.rules.future import Model
from services.profile.segments.rules.value import Buying, History, Spending, Value, value

_LATEST = text(
    "select distinct on (kind) kind, fitted_at, clients, currency, unusable, cast(parameters as text) as parameters,"
    " cast(measures as text) as measures from segment_model"
    " where brand_id = :brand and (not :usable or unusable is null) order by kind, fitted_at desc"
)
# A day on which she bought is one purchase; what she brought back is no purchase. The first day is none of the repeats.
_HISTORIES = text(
    f"""
    with {MEMBER}, {STRETCHES}, receipt as (
        select member.client_id, (purchase.purchased_at at time zone cast(:zone as text))::date as day,
            purchase.currency, purchase.net_minor
        from member join purchase on purchase.brand_id = :brand and purchase.client_id = member.member_id
        where purchase.purchased_at < :until and purchase.net_minor > 0
    ), bought as (
        select receipt.client_id, receipt.day, sum(receipt.net_minor * stretch.factor) as worth,
            min(receipt.day) over (partition by receipt.client_id) as first_on
        from receipt left join stretch on stretch.currency = receipt.currency
            and receipt.day >= stretch.from_on and receipt.day < stretch.before
        group by receipt.client_id, receipt.day
    )
    select client_id, count(*) - 1 as repeats, max(day) - first_on as recency, cast(:as_of as date) - first_on as age,
        avg(worth) filter (where day > first_on) as mean_minor
    from bought group by client_id, first_on
    """  # noqa: S608 - our own words
)


class Fit(StrEnum):
    """What is fitted for a brand."""

    VALUE = "value"
    FUTURE = "future"


@dataclass(frozen=True, slots=True)
class Fitted:
    """One fit; `unusable` says why there is nothing to use, and is None where there is."""

    kind: Fit
    fitted_at: datetime
    clients: int
    currency: str
    unusable: str | None
    parameters: Mapping[str, Any]
    measures: Mapping[str, Any]


async def latest(tx: AsyncSession, *, usable: bool) -> dict[Fit, Fitted]:
    """The latest fits of the brand; with `usable`, the latest of those that may be used."""
    rows = await tx.execute(_LATEST, {"brand": tx.info["brand_id"], "usable": usable})
    return {
        Fit(row.kind): Fitted(
            Fit(row.kind),
            row.fitted_at,
            row.clients,
            row.currency,
            row.unusable,
            json.loads(row.parameters),
            json.loads(row.measures),
        )
        for row in rows
    }


async def histories(tx: AsyncSession, ids: Sequence[UUID], setting: SegmentPolicy, as_of: date) -> dict[UUID, History]:
    """What the value models need of surviving records; of whoever has not bought by that day, nothing."""
    asked = {"brand": tx.info["brand_id"], "ids": list(ids), "until": setting.ends(as_of), "as_of": as_of}
    rows = await tx.execute(_HISTORIES, asked | setting.worths)
    return {
        row.client_id: History(
            row.repeats, row.recency, row.age, float(row.mean_minor) if row.mean_minor is not None else None
        )
        for row in rows
    }


async def value_of(
    tx: AsyncSession, client_id: UUID, setting: SegmentPolicy, as_of: date, fitted: Fitted | None
) -> Value | None:
    """What is to be expected of a surviving record; None before she has bought, or before there is a fit.

    A fit in another currency than the policy's is none: the next one comes within a week.
    """
    if fitted is None or fitted.currency != setting.policy.currency:
        return None
    history = (await histories(tx, [client_id], setting, as_of)).get(client_id)
    if history is None:
        return None
    found = fitted.parameters
    return value(
        history,
        Buying(found["r"], found["alpha"], found["a"], found["b"]),
        Spending(found["p"], found["q"], found["v"]),
    )


def model_of(fitted: Fitted) -> Model:
    """The future-VIC model of a fit."""
    found = fitted.parameters
    return Model(
        means=tuple(found["means"]),
        deviations=tuple(found["deviations"]),
        weights=tuple(found["weights"]),
        intercept=found["intercept"],
        slope=found["slope"],
        offset=found["offset"],
        base_rate=found["base_rate"],
    )
