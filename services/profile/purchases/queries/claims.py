"""Reading what a claim is held against."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from services.profile.purchases.queries.receipts import COLUMNS, Purchase
from services.profile.purchases.rules.claims import Attempts

_MARKS = text("select purchased_in, masked_phone from purchase where brand_id = :brand and purchase_id = :id")
# Locked in the order in which batches lock them.
_LEFT_WITH = text(
    f"select {COLUMNS} from purchase where brand_id = :brand and phone_blind = :phone"  # noqa: S608
    " and client_id is null and purchased_at >= :since order by pos, receipt for update"
)
_ATTEMPTS = text("select began_at, tried from claim_attempt where brand_id = :brand and who = :who for update")


async def marks(tx: AsyncSession, purchase_id: UUID) -> tuple[str | None, str | None]:
    """What else a claim is held against: the year or month of an old receipt, and what an e-shop shows of a phone."""
    row = (await tx.execute(_MARKS, {"brand": tx.info["brand_id"], "id": purchase_id})).one()
    sealed = row.masked_phone
    masked = keyring(tx).open("purchase", "masked_phone", purchase_id, sealed) if sealed is not None else None
    return row.purchased_in, masked


async def left_with(tx: AsyncSession, number: str, *, since: datetime) -> list[Purchase]:
    """The anonymous receipts that this number was left with, nobody else's to claim until this transaction ends."""
    asked = {"brand": tx.info["brand_id"], "phone": phone_blind(tx, number), "since": since}
    return [Purchase(**row) for row in (await tx.execute(_LEFT_WITH, asked)).mappings()]


async def attempts(tx: AsyncSession, who: bytes) -> Attempts | None:
    """The tries of one claimant or at one receipt, locked; None before the first."""
    row = (await tx.execute(_ATTEMPTS, {"brand": tx.info["brand_id"], "who": who})).one_or_none()
    return Attempts(*row) if row else None


def phone_blind(tx: AsyncSession, number: str) -> bytes:
    """The blind index of the number that somebody left with a receipt."""
    return keyring(tx).blind("purchase.phone", number)
