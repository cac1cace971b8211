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
# A receipt that was flagged while it was nobody's counts for its client since she claimed it.
_CASH_FLAGS = text(
    "select flag_id, client_id, purchase_id, cash_on, cash_minor, flagged_at from cash_flag"
    " where brand_id = :brand and (cast(:after as uuid) is null or flag_id < :after)"
    " and not exists (select from purchase where purchase.brand_id = cash_flag.brand_id"
    " and purchase.purchase_id = cash_flag.purchase_id and purchase.client_id is not null)"
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


async def cash_flags(tx: AsyncSession, *, after: UUID | None, limit: int) -> list[CashFlag]:
    """What was flagged for its cash, the latest first."""
    rows = await tx.execute(_CASH_FLAGS, {"brand": tx.info["brand_id"], "after": after, "limit": limit})
    return [CashFlag(*row) for row in rows]
