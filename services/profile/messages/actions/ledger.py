"""The credits in the contact-permission ledger: each change under the lock of its row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_LOCK = text(
    "select openid_blind, remaining from message_credit"
    " where brand_id = :brand and appid = :appid and openid_blind = any(:blinds) and template_id = :template_id"
    # In one order everywhere: two senders that want the same credits take turns.
    " order by openid_blind for update"
)
_SPEND = text(
    "update message_credit set remaining = remaining - 1"
    " where brand_id = :brand and appid = :appid and openid_blind = :blind and template_id = :template_id"
)
# A rejection in between took what was given before it.
_GIVE_BACK = text(
    "update message_credit set remaining = remaining + 1"
    " where brand_id = :brand and appid = :appid and openid_blind = :blind and template_id = :template_id"
    " and (rejected_at is null or rejected_at < :since)"
)
_VOID = text(
    "update message_credit set remaining = 0"
    " where brand_id = :brand and appid = :appid and openid_blind = :blind and template_id = :template_id"
)
_GRANT = text(
    "insert into message_credit as held (brand_id, appid, openid_blind, template_id, remaining)"
    " values (:brand, :appid, :blind, :template_id, 1)"
    " on conflict (brand_id, appid, openid_blind, template_id) do update set remaining = held.remaining + 1"
    # Pushes overtake one another: what she gave before a rejection is gone with it.
    " where held.rejected_at is null or held.rejected_at <= :at"
)
_REJECT = text(
    "insert into message_credit as held (brand_id, appid, openid_blind, template_id, remaining, rejected_at)"
    " values (:brand, :appid, :blind, :template_id, 0, :at)"
    " on conflict (brand_id, appid, openid_blind, template_id) do update set remaining = 0,"
    " rejected_at = greatest(held.rejected_at, excluded.rejected_at)"
)


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """Whose credit: one WeChat user and one template. In the order in which several are locked."""

    appid: str
    blind: bytes
    template_id: str


async def locked(tx: AsyncSession, appid: str, blinds: Sequence[bytes], template_id: str) -> dict[bytes, int]:
    """What is left of these users' credits; nobody else's to spend until this transaction ends."""
    asked = {"brand": tx.info["brand_id"], "appid": appid, "blinds": list(blinds), "template_id": template_id}
    return {bytes(row.openid_blind): row.remaining for row in await tx.execute(_LOCK, asked)}


async def spend(tx: AsyncSession, account: Account) -> None:
    """Use one up."""
    await tx.execute(_SPEND, _row(tx, account))


async def give_back(tx: AsyncSession, account: Account, *, since: datetime) -> None:
    """Undo what was spent for a message asked for at `since` that WeChat has not carried."""
    await tx.execute(_GIVE_BACK, _row(tx, account) | {"since": since})


async def void(tx: AsyncSession, account: Account) -> None:
    """WeChat says there is none left, whatever we had counted."""
    await tx.execute(_VOID, _row(tx, account))


async def grant(tx: AsyncSession, account: Account, *, at: datetime) -> None:
    """She accepted: one more, unless she rejected the template since."""
    await tx.execute(_GRANT, _row(tx, account) | {"at": at})


async def reject(tx: AsyncSession, account: Account, *, at: datetime) -> None:
    """She turned the template off: nothing is left."""
    await tx.execute(_REJECT, _row(tx, account) | {"at": at})


def _row(tx: AsyncSession, account: Account) -> dict[str, object]:
    return {
        "brand": tx.info["brand_id"],
        "appid": account.appid,
        "blind": account.blind,
        "template_id": account.template_id,
    }
