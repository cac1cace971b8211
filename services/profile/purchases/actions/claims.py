"""Giving anonymous receipts to whom they are."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.database import Database
from infra.eventlog.outbox import record
from infra.identity import Caller
from services.profile.identities import queries as identities
from services.profile.identities.models import fits
from services.profile.identities.queries import Known
from services.profile.purchases.events import PurchaseClaimed
from services.profile.purchases.queries import claims as queries
from services.profile.purchases.queries import receipts
from services.profile.purchases.queries.receipts import Purchase
from services.profile.purchases.rules import claims as rules
from services.profile.purchases.rules.claims import ClaimNotProven, Proof, ReceiptClaimed, TooManyClaims

_GIVE = text("update purchase set client_id = :client_id where brand_id = :brand and purchase_id = any(:ids)")
_FIRST_TRY = text(
    "insert into claim_attempt (brand_id, who, began_at, tried) values (:brand, :who, :now, 0) on conflict do nothing"
)
_TRIED = text("update claim_attempt set began_at = :began_at, tried = :tried where brand_id = :brand and who = :who")
_FORGET = text("delete from claim_attempt where brand_id = :brand and began_at <= :before")


async def count_try(database: Database, by: Caller, name: tuple[str, str], *, now: datetime) -> None:
    """Count that a client tries her luck at a receipt, right or wrong; raises TooManyClaims.

    In a transaction of its own: what is refused afterwards has still been tried.
    """
    async with database.transaction(by.brand_id) as tx:
        await tx.execute(_FORGET, {"brand": by.brand_id, "before": now - rules.WINDOW})
        wait = await _draw(tx, f"client\n{by.client_id}", most=rules.TRIES_OF_ONE, now=now)
        if wait == 0:
            # Not drawn for what was refused above: one client alone could keep others from their receipt.
            wait = await _draw(tx, "receipt\n" + "\n".join(name), most=rules.TRIES_AT_ONE, now=now)
    if wait:
        raise TooManyClaims(retry_after=wait)


async def _draw(tx: AsyncSession, whose: str, *, most: int, now: datetime) -> int:
    row = {"brand": tx.info["brand_id"], "who": keyring(tx).blind("claim", whose), "now": now}
    await tx.execute(_FIRST_TRY, row)
    # The lock makes tries at once take turns.
    counted, wait = rules.one_more(await queries.attempts(tx, row["who"]), most=most, now=now)
    await tx.execute(_TRIED, row | {"began_at": counted.began_at, "tried": counted.tried})
    return wait


async def claim(
    tx: AsyncSession, client_id: UUID, name: tuple[str, str], *, proof: Proof | None, phones: Sequence[str]
) -> UUID:
    """Give a receipt to a canonical record; of two claimants at once, one gets it. Safe to repeat.

    `phones` are hers: one of them has to be behind the mask of an e-shop's order. Raises ClaimNotProven, and
    ReceiptClaimed to who proves as much of a receipt that is somebody's already.
    """
    purchase = (await receipts.locked(tx, [name])).get(name)
    if purchase is None:
        raise ClaimNotProven
    purchased_in, masked = await queries.marks(tx, purchase.purchase_id)
    if proof is not None and not rules.proves(
        proof, purchased_at=purchase.purchased_at, purchased_in=purchased_in, net_minor=purchase.net_minor
    ):
        raise ClaimNotProven
    if masked is not None and not any(fits(phone, masked) for phone in phones):
        raise ClaimNotProven
    if purchase.client_id is not None:
        if await identities.canonical(tx, purchase.client_id) != client_id:
            raise ReceiptClaimed
        return purchase.purchase_id
    await _give(tx, client_id, [purchase])
    return purchase.purchase_id


async def claim_by_phone(tx: AsyncSession, client_id: UUID, number: str, *, now: datetime) -> list[UUID]:
    """Give a canonical record the receipts of late that her number was left with; raises ClaimNotProven.

    Hers is a number that she has shown to be hers herself.
    """
    known = Known("phone", number)
    holder = (await identities.holders(tx, [known])).get(known)
    if holder is None or holder.canonical_id != client_id or holder.confirmed_at is None:
        raise ClaimNotProven
    found = await queries.left_with(tx, number, since=now - rules.BY_PHONE_WITHIN)
    await _give(tx, client_id, found)
    return [purchase.purchase_id for purchase in found]


async def _give(tx: AsyncSession, client_id: UUID, purchases: Sequence[Purchase]) -> None:
    ids = [purchase.purchase_id for purchase in purchases]
    await tx.execute(_GIVE, {"brand": tx.info["brand_id"], "client_id": client_id, "ids": ids})
    for purchase in purchases:
        record(
            tx,
            PurchaseClaimed(
                purchase_id=purchase.purchase_id,
                client_id=client_id,
                boutique_id=purchase.boutique_id,
                purchased_at=purchase.purchased_at,
                currency=purchase.currency,
            ),
        )
