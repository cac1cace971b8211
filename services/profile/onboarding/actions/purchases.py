"""Purchases of an old system: through the very act that tills' receipts go through."""

from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.identities.queries import Known
from services.profile.onboarding.actions import whose
from services.profile.onboarding.actions.effects import Effect
from services.profile.onboarding.actions.outcomes import Outcome, Outcomes
from services.profile.onboarding.actions.said import PurchaseLine, Refused
from services.profile.onboarding.rules.fields import Plan
from services.profile.onboarding.rules.reasons import Reason
from services.profile.onboarding.rules.tally import Fate
from services.profile.purchases.actions import receipts
from services.profile.purchases.actions.drafts import About, Receipt

_ORDINALS = """
insert into import_receipt as seen (brand_id, import_id, receipt, line_count)
select $1, $2, item.* from unnest($3::text[], $4::int[]) as item (receipt, line_count) order by item.receipt
on conflict (brand_id, import_id, receipt) do update set line_count = seen.line_count + excluded.line_count
returning receipt, line_count
"""
# One by one through the index, whatever the planner believes of a table that has just been filled.
_THERE = """
select kept.purchase_id, kept.client_id from unnest($2::text[], $3::text[]) as asked (pos, receipt)
cross join lateral (
    select purchase_id, client_id from purchase where brand_id = $1 and pos = asked.pos and receipt = asked.receipt
    offset 0
) kept
"""
_OWNERS = "select purchase_id, client_id from purchase where brand_id = $1 and purchase_id = any($2::uuid[])"


async def bring(
    tx: AsyncSession,
    import_id: UUID,
    lines: Sequence[PurchaseLine | Refused],
    receipts_of: Sequence[str],
    plan: Plan,
    *,
    now: datetime,
) -> Outcomes:
    """Keep these lines. `receipts_of` names each line's receipt, as far as it can be told, also of a refused one.

    A file that numbers no lines has them numbered by their order within the receipt, over the whole file: a bad line
    takes its number too, for mending it must not renumber those behind it.
    """
    done, ordinals = Outcomes(), await _ordinals(tx, import_id, receipts_of)
    read = [line for line in lines if isinstance(line, PurchaseLine)]
    house = await whose.known(tx, [line.whom for line in read if line.whom is not None])
    offered: list[tuple[PurchaseLine, Receipt]] = []
    for line, ordinal in zip(lines, ordinals, strict=True):
        if isinstance(line, Refused):
            done.refuse(line.number, line.code, worth=line.worth, ordinal=ordinal)
            continue
        customer: Known | None = None
        if line.whom is not None:
            found = house.find(line.whom)
            # The till goes on recording what she buys whose data is restricted, and so does this.
            if found.client_id is None:
                done.refuse(line.number, found.why or Reason.CLIENT_UNKNOWN, worth=line.worth, ordinal=ordinal)
                continue
            customer = next(one for one in line.whom.known if one in house.held and one not in found.others)
        number = line.line.line if line.numbered else ordinal
        offered.append((line, _receipt(line, number, customer, plan)))
    if not offered:
        return done
    before = await _there(tx, {(receipt.pos, receipt.receipt) for _, receipt in offered})
    outcomes = await receipts.keep(tx, [receipt for _, receipt in offered], now=now)
    owners = await _owners(tx, [one.purchase_id for one in outcomes if one.purchase_id is not None])
    claimed = {one for one, owner in before.items() if owner is None and owners.get(one) is not None}
    for (line, receipt), outcome in zip(offered, outcomes, strict=True):
        number = receipt.lines[0].line
        effects: list[Effect] = []
        if outcome.purchase_id in claimed:
            # It was there, and nobody's: now it is hers, and everybody has been told.
            claimed.discard(outcome.purchase_id)
            effects.append(Effect(line.number, "claim", outcome.purchase_id))
        if outcome.lines.rejected:
            told = None if line.numbered else number
            done.refuse(line.number, outcome.lines.rejected[0][1].value, worth=line.worth, ordinal=told)
        elif outcome.lines.repeated or outcome.purchase_id is None:
            fate = Fate.AMENDED if effects else Fate.UNCHANGED
            done.put(Outcome(line.number, fate, effects=tuple(effects), worth=line.worth))
        else:
            owner = owners.get(outcome.purchase_id)
            effects.append(Effect(line.number, "purchase-line", outcome.purchase_id, part=number, before_id=owner))
            done.put(Outcome(line.number, Fate.CREATED, effects=tuple(effects), worth=line.worth))
    return done


async def _ordinals(tx: AsyncSession, import_id: UUID, receipts_of: Sequence[str]) -> list[int]:
    counts = Counter(receipts_of)
    connection = await tx.connection()
    asked = (tx.info["brand_id"], import_id, list(counts), list(counts.values()))
    seen = {row.receipt: row.line_count for row in await connection.exec_driver_sql(_ORDINALS, asked)}
    before = {receipt: seen[receipt] - count for receipt, count in counts.items()}
    found = []
    for receipt in receipts_of:
        before[receipt] += 1
        found.append(before[receipt])
    return found


def _receipt(line: PurchaseLine, number: int, customer: Known | None, plan: Plan) -> Receipt:
    channel = plan.constants.get("channel")
    about = About(
        channel=channel if channel in _CHANNELS else None,  # type: ignore[arg-type]
        purchased_in=line.when.period if line.when.on is None else None,
    )
    return Receipt(
        pos=line.pos,
        receipt=line.receipt,
        store_code=line.store,
        purchased_at=line.purchased_at,
        currency=line.currency,
        customer=customer,
        lines=(replace(line.line, line=number),),
        about=about if about != About() else None,
    )


_CHANNELS = frozenset({"boutique", "e-shop", "overseas", "remote", "legacy"})


async def _there(tx: AsyncSession, names: AbstractSet[tuple[str, str]]) -> dict[UUID, UUID | None]:
    """The receipts of these names that are there already, and whose they are."""
    connection = await tx.connection()
    asked = (tx.info["brand_id"], [pos for pos, _ in names], [receipt for _, receipt in names])
    return {row.purchase_id: row.client_id for row in await connection.exec_driver_sql(_THERE, asked)}


async def _owners(tx: AsyncSession, purchase_ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
    connection = await tx.connection()
    rows = await connection.exec_driver_sql(_OWNERS, (tx.info["brand_id"], list(set(purchase_ids))))
    return {row.purchase_id: row.client_id for row in rows}
