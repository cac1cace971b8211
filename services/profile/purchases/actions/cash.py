"""Telling headquarters of large sums of cash."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.ids import new_id
from services.profile.identities import queries as identities
from services.profile.purchases.events import CashFlagged
from services.profile.purchases.queries import cash as queries
from services.profile.purchases.rules import cash as rules

# `xmax = 0`: the row is new, and not one that was there and has grown.
_FLAG = """
insert into cash_flag as held (brand_id, flag_id, client_id, purchase_id, cash_on, cash_minor, flagged_at)
values (:brand, :flag_id, :client_id, :purchase_id, :cash_on, :cash_minor, :now)
on conflict {} do update set cash_minor = greatest(held.cash_minor, excluded.cash_minor) returning xmax = 0 as is_new
"""
_FLAG_CLIENT = text(_FLAG.format("(brand_id, client_id, cash_on)"))
_FLAG_RECEIPT = text(_FLAG.format("(brand_id, purchase_id)"))


async def look_for_cash(tx: AsyncSession, purchase_ids: Sequence[UUID], *, now: datetime) -> None:
    """Flag the days of clients, and the anonymous receipts, that these receipts bring to the limit. Safe to repeat.

    Over all stores and all records that are she; a receipt that is nobody's is looked at alone.
    """
    days: set[tuple[UUID, date]] = set()
    for paid in await queries.paid(tx, purchase_ids):
        day = rules.day_of(paid.purchased_at)
        minor = rules.cash_in(paid.payments, paid.currency)
        if minor and paid.client_id is not None:
            days.add((await identities.canonical(tx, paid.client_id), day))
        elif rules.is_flagged(minor):
            await _flag(tx, None, paid.purchase_id, day, minor, now=now)
    for client_id, day in sorted(days):
        receipts = await queries.paid_on(tx, client_id, rules.bounds(day))
        minor = sum(rules.cash_in(one.payments, one.currency) for one in receipts)
        if rules.is_flagged(minor):
            await _flag(tx, client_id, None, day, minor, now=now)


async def _flag(
    tx: AsyncSession, client_id: UUID | None, purchase_id: UUID | None, day: date, minor: int, *, now: datetime
) -> None:
    flag_id = new_id()
    row = {
        "brand": tx.info["brand_id"],
        "flag_id": flag_id,
        "client_id": client_id,
        "purchase_id": purchase_id,
        "cash_on": day,
        "cash_minor": minor,
        "now": now,
    }
    if (await tx.execute(_FLAG_CLIENT if client_id else _FLAG_RECEIPT, row)).scalar_one():
        record(
            tx,
            CashFlagged(
                flag_id=flag_id,
                client_id=client_id,
                purchase_id=purchase_id,
                cash_on=day,
                currency=rules.CURRENCY,
                cash_minor=minor,
            ),
        )
