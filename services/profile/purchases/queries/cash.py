"""Reading how receipts were paid, and what was flagged for its cash."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.identities import queries as identities

_PAID = "select purchase_id, client_id, purchased_at, currency, payments from purchase where brand_id = :brand"
_PAID_AT = text(_PAID + " and purchase_id = any(:ids) and payments is not null")
_PAID_ON = text(
    _PAID + " and client_id = any(:ids) and payments is not null and purchased_at >= :begins and purchased_at < :ends"
)
_IN_CASH = text(_PAID + ' and client_id = any(:ids) and payments @> \'[{"method": "cash"}]\'')
_DAYS = text(
    "select cash_on from cash_flag where brand_id = :brand and client_id = :client_id and withdrawn_at is null"
)
# A receipt that was flagged while it was nobody's counts for its client since she claimed it, and so does the day of a
# record that became part of hers.
_CASH_FLAGS = text(
    "select flag_id, client_id, purchase_id, cash_on, cash_minor, flagged_at from cash_flag"
    " where brand_id = :brand and withdrawn_at is null and (cast(:after as uuid) is null or flag_id < :after)"
    " and not exists (select from purchase where purchase.brand_id = cash_flag.brand_id"
    " and purchase.purchase_id = cash_flag.purchase_id and purchase.client_id is not null)"
    " and not exists (select from client_alias a join cash_flag own on own.brand_id = a.brand_id"
    " and own.client_id = a.canonical_id and own.cash_on = cash_flag.cash_on and own.withdrawn_at is null"
    " where a.brand_id = cash_flag.brand_id and a.client_id = cash_flag.client_id)"
    " order by flag_id desc limit :limit"
)


@dataclass(frozen=True, slots=True)
class Paid:
    """How a receipt was paid: `payments` are method and amount of each part."""

    purchase_id: UUID
    client_id: UUID | None
    purchased_at: datetime
    currency: str
    payments: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class CashFlag:
    """A day of a client, or an anonymous receipt, with much cash."""

    flag_id: UUID
    client_id: UUID | None
    purchase_id: UUID | None
    cash_on: date
    cash_minor: int
    flagged_at: datetime


async def paid(tx: AsyncSession, purchase_ids: Sequence[UUID]) -> list[Paid]:
    """How these receipts were paid, as far as their tills said it."""
    asked = {"brand": tx.info["brand_id"], "ids": list(purchase_ids)}
    return [Paid(*row) for row in await tx.execute(_PAID_AT, asked)]


async def paid_on(tx: AsyncSession, client_id: UUID, between: tuple[datetime, datetime]) -> list[Paid]:
    """How a client's receipts of some time were paid, over all records that are she."""
    ids = await identities.family(tx, client_id)
    asked = {"brand": tx.info["brand_id"], "ids": ids, "begins": between[0], "ends": between[1]}
    return [Paid(*row) for row in await tx.execute(_PAID_ON, asked)]


async def paid_in_cash(tx: AsyncSession, client_id: UUID) -> list[Paid]:
    """How a client's receipts with any cash were paid, over all records that are she."""
    asked = {"brand": tx.info["brand_id"], "ids": await identities.family(tx, client_id)}
    return [Paid(*row) for row in await tx.execute(_IN_CASH, asked)]


async def flagged_days(tx: AsyncSession, client_id: UUID) -> list[date]:
    """The days of this record that are flagged."""
    asked = {"brand": tx.info["brand_id"], "client_id": client_id}
    return list((await tx.execute(_DAYS, asked)).scalars())


async def cash_flags(tx: AsyncSession, *, after: UUID | None, limit: int) -> list[CashFlag]:
    """What was flagged for its cash, the latest first."""
    rows = await tx.execute(_CASH_FLAGS, {"brand": tx.info["brand_id"], "after": after, "limit": limit})
    return [CashFlag(*row) for row in rows]
