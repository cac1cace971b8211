"""Telling headquarters of large sums of cash."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.ids import new_id
from services.profile.identities import queries as identities
from services.profile.purchases.events import CashFlagged, CashFlagWithdrawn
from services.profile.purchases.queries import cash as queries
from services.profile.purchases.rules import cash as rules

# New is a flag that was not there, or was withdrawn: a day that has grown is not told of again. What the till says of a
# day counts, and not what was said of it while others' receipts were taken for hers.
_FLAG = """
insert into cash_flag as held (brand_id, flag_id, client_id, purchase_id, cash_on, cash_minor, flagged_at)
values (:brand, :flag_id, :client_id, :purchase_id, :cash_on, :cash_minor, :now)
on conflict {} do update set cash_minor = excluded.cash_minor, withdrawn_at = null
returning new.flag_id, old.flag_id is null or old.withdrawn_at is not null as is_new
"""
_FLAG_CLIENT = text(_FLAG.format("(brand_id, client_id, cash_on)"))
_FLAG_RECEIPT = text(_FLAG.format("(brand_id, purchase_id)"))
# Below the limit since somebody turned out to be another person.
_WITHDRAW = text(
    "update cash_flag set withdrawn_at = :now where brand_id = :brand and client_id = :client_id"
    " and cash_on = any(:days) and withdrawn_at is null returning flag_id"
)


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
        await _look_at(tx, client_id, {day}, now=now)


async def reckon_anew(tx: AsyncSession, client_ids: Iterable[UUID], *, now: datetime) -> None:
    """Look at all days of clients whose records were merged or separated: each has other receipts now. Safe to repeat.

    A flag that only others' cash had raised is withdrawn and announced; one of a record that became part of another is
    told under the client, whose day has all of it.
    """
    for client_id in sorted(set((await identities.canonicals(tx, list(client_ids))).values())):
        taken = await queries.paid_in_cash(tx, client_id)
        days = {rules.day_of(one.purchased_at) for one in taken if rules.cash_in(one.payments, one.currency)}
        await _look_at(tx, client_id, days | set(await queries.flagged_days(tx, client_id)), now=now)


async def _look_at(tx: AsyncSession, client_id: UUID, days: Collection[date], *, now: datetime) -> None:
    below = []
    for day in sorted(days):
        receipts = await queries.paid_on(tx, client_id, rules.bounds(day))
        minor = sum(rules.cash_in(one.payments, one.currency) for one in receipts)
        if rules.is_flagged(minor):
            await _flag(tx, client_id, None, day, minor, now=now)
        else:
            below.append(day)
    gone = {"brand": tx.info["brand_id"], "client_id": client_id, "days": below, "now": now}
    for flag_id in (await tx.execute(_WITHDRAW, gone)).scalars():
        record(tx, CashFlagWithdrawn(flag_id=flag_id))


async def _flag(
    tx: AsyncSession, client_id: UUID | None, purchase_id: UUID | None, day: date, minor: int, *, now: datetime
) -> None:
    row = {
        "brand": tx.info["brand_id"],
        "flag_id": new_id(),
        "client_id": client_id,
        "purchase_id": purchase_id,
        "cash_on": day,
        "cash_minor": minor,
        "now": now,
    }
    kept = (await tx.execute(_FLAG_CLIENT if client_id else _FLAG_RECEIPT, row)).one()
    if kept.is_new:
        record(
            tx,
            CashFlagged(
                flag_id=kept.flag_id,
                client_id=client_id,
                purchase_id=purchase_id,
                cash_on=day,
                currency=rules.CURRENCY,
                cash_minor=minor,
            ),
        )
