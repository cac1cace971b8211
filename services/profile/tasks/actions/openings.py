"""What facts ask for: thanks and a call after a purchase, a word after a repair, a first contact, winning her back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.clients.models import workdays
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.purchases.queries import stores
from services.profile.segments import queries as segments
from services.profile.segments.rules import day_of
from services.profile.tasks.actions import closing
from services.profile.tasks.actions.opening import Wanted, open_all
from services.profile.tasks.queries import policy as policies
from services.profile.tasks.rules.kinds import Kind
from services.profile.tasks.rules.steps import Why

# Of these sales, and those from which pieces came back with these receipts, those of which nothing is left with her:
# a till may tell of the return first.
_RETURNED = text(
    """
    with sale as (
        select distinct line.sale_pos as pos, line.sale_receipt as receipt from purchase_line line
        where line.brand_id = :brand and line.purchase_id = any(:ids) and line.sale_pos is not null
        union
        select pos, receipt from purchase where brand_id = :brand and purchase_id = any(:ids)
    )
    select purchase.purchase_id from sale
    join purchase on purchase.brand_id = :brand and purchase.pos = sale.pos and purchase.receipt = sale.receipt
    where (select coalesce(sum(sold.quantity), 0) from purchase_line sold
            where sold.brand_id = :brand and sold.purchase_id = purchase.purchase_id and sold.quantity > 0)
        + (select coalesce(sum(back.quantity), 0) from purchase_line back
            where back.brand_id = :brand and back.sale_pos = sale.pos and back.sale_receipt = sale.receipt
            and back.quantity < 0) <= 0
    """
)


@dataclass(frozen=True, slots=True)
class Bought:
    """A receipt of hers: with something sold on it, something that came back, or both, which is an exchange."""

    purchase_id: UUID
    client_id: UUID
    boutique_id: UUID | None
    purchased_at: datetime
    is_sale: bool = True
    is_return: bool = False


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was wrong for her is put right."""

    work_order_id: UUID
    client_id: UUID
    boutique_id: UUID
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class Came:
    """A client whom we know is in a boutique, and who is to be told of it."""

    visit_id: UUID
    client_id: UUID
    advisor_id: UUID
    boutique_id: UUID
    arrived_at: datetime

    @property
    def key(self) -> str:
        """The name of her task: of a visit whose client was corrected, each of them has one."""
        return f"{self.visit_id}:{self.client_id}"


async def after_purchases(tx: AsyncSession, bought: Sequence[Bought], *, now: datetime) -> None:
    """Open a thank-you and a call for each sale, by working days from its day in the boutique; a call for an exchange.

    Key is the receipt: further lines of it, or telling it again, open nothing.
    """
    sales = [one for one in bought if one.is_sale]
    if not sales:
        return
    policy, brand_zone = (await policies.policy(tx)).policy, (await segments.policy(tx)).policy.zone
    zones = await stores.zones(tx, {one.boutique_id for one in sales if one.boutique_id is not None})
    wanted = []
    for one in sales:
        zone = zones.get(one.boutique_id, brand_zone) if one.boutique_id else brand_zone
        day, key = day_of(one.purchased_at, zone), str(one.purchase_id)
        asked = [(Kind.AFTER_SALES_CALL, policy.after_sales_days)]
        if not one.is_return:
            asked.append((Kind.THANK_YOU, policy.thank_you_days))
        wanted += [
            Wanted(
                kind,
                one.client_id,
                workdays.after(day, count),
                key,
                subject_id=one.purchase_id,
                boutique_id=one.boutique_id,
            )
            for kind, count in asked
        ]
    await open_all(tx, wanted, now=now)


async def after_returns(tx: AsyncSession, purchase_ids: Sequence[UUID], *, now: datetime) -> None:
    """Cancel thanks and calls for sales of which everything has come back, as these receipts tell."""
    rows = await tx.execute(_RETURNED, {"brand": tx.info["brand_id"], "ids": list(purchase_ids)})
    kinds = (Kind.THANK_YOU, Kind.AFTER_SALES_CALL)
    await closing.cancel_about(tx, kinds, list(rows.scalars()), Why.RETURNED, now=now)


async def recover(tx: AsyncSession, repaired: Sequence[Repaired], *, now: datetime) -> None:
    """Ask her, some working days after it was put right, whether it is."""
    policy, brand_zone = (await policies.policy(tx)).policy, (await segments.policy(tx)).policy.zone
    zones = await stores.zones(tx, {one.boutique_id for one in repaired})
    wanted = [
        Wanted(
            Kind.RECOVERY,
            one.client_id,
            workdays.after(day_of(one.closed_at, zones.get(one.boutique_id, brand_zone)), policy.recovery_days),
            str(one.work_order_id),
            subject_id=one.work_order_id,
            boutique_id=one.boutique_id,
        )
        for one in repaired
    ]
    await open_all(tx, wanted, now=now)


async def win_back(tx: AsyncSession, lapsing: Sequence[tuple[UUID, date]], *, now: datetime) -> None:
    """Turn to clients who began to lapse on a day; not to who switched profiling off, for nobody may reckon that."""
    if not lapsing:
        return
    heads = await identities.canonicals(tx, sorted({client_id for client_id, _ in lapsing}))
    off = await consents.profiling_off(tx, sorted(set(heads.values())))
    days = (await policies.policy(tx)).policy.lapse_days
    wanted = [
        Wanted(Kind.LAPSE, client_id, workdays.after(as_of, days), f"{client_id}:{as_of}")
        for client_id, as_of in lapsing
        if heads[client_id] not in off
    ]
    await open_all(tx, wanted, now=now)


async def introduce(tx: AsyncSession, met: Sequence[tuple[UUID, UUID, date]], *, now: datetime) -> None:
    """Let the successor turn to her first: handover, client, and the day by which."""
    wanted = [
        Wanted(Kind.HANDOVER, client_id, due_on, introduction(handover_id, client_id), subject_id=handover_id)
        for handover_id, client_id, due_on in met
    ]
    await open_all(tx, wanted, now=now)


def introduction(handover_id: UUID, client_id: UUID) -> str:
    """The name of the first contact after a handover."""
    return f"{handover_id}:{client_id}"


async def greet(tx: AsyncSession, come: Sequence[Came], *, now: datetime) -> None:
    """Let those who receive them know at once who is there; of use on that day alone."""
    brand_zone = (await segments.policy(tx)).policy.zone
    zones = await stores.zones(tx, {one.boutique_id for one in come})
    wanted = []
    for one in come:
        day = day_of(one.arrived_at, zones.get(one.boutique_id, brand_zone))
        wanted.append(
            Wanted(
                Kind.ARRIVAL,
                one.client_id,
                day,
                one.key,
                advisor_id=one.advisor_id,
                subject_id=one.visit_id,
                boutique_id=one.boutique_id,
                over_on=day,
            )
        )
    await open_all(tx, wanted, now=now)


async def greet_again(tx: AsyncSession, come: Sequence[Came], *, now: datetime) -> None:
    """The same of a visit that was another's, or nobody's: what was taken back opens anew, what is done stays done."""
    await closing.reopen_keyed(tx, Kind.ARRIVAL, [one.key for one in come], Why.NO_REASON)
    await greet(tx, come, now=now)
