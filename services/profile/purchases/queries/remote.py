"""Reading sales by chat."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.refusal import NotFound
from services.profile.identities import queries as identities
from services.profile.purchases.rules.remote import Status

_REMOTE = (
    "select remote_sale_id, client_id, boutique_id, piece_code, price_minor, currency, status, link, courier, tracking,"
    " reserved_at, changed_at, version from remote_sale where brand_id = :brand"
)
_REMOTE_SALE = _REMOTE + " and remote_sale_id = :id"
_REMOTE_SALES = text(
    _REMOTE + " and client_id = any(:ids) and (cast(:after as uuid) is null or remote_sale_id < :after)"
    " order by remote_sale_id desc limit :limit"
)


@dataclass(frozen=True, slots=True)
class RemoteSale:
    """A sale by chat, opened."""

    remote_sale_id: UUID
    client_id: UUID
    boutique_id: UUID
    piece_code: str
    price_minor: int
    currency: str
    status: Status
    link: str | None
    courier: str | None
    tracking: str | None
    reserved_at: datetime
    changed_at: datetime
    version: int


async def remote_sale(tx: AsyncSession, sale_id: UUID, *, lock: bool = False) -> RemoteSale:
    """One sale by chat, locked if its caller means to change it; raises NotFound."""
    statement = text(_REMOTE_SALE + (" for update" if lock else ""))
    row = (await tx.execute(statement, {"brand": tx.info["brand_id"], "id": sale_id})).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _remote(tx, row)


async def remote_sales(tx: AsyncSession, client_id: UUID, *, after: UUID | None, limit: int) -> list[RemoteSale]:
    """A client's sales by chat, the latest first, over all records that are she."""
    ids = await identities.family(tx, client_id)
    rows = await tx.execute(_REMOTE_SALES, {"brand": tx.info["brand_id"], "ids": ids, "after": after, "limit": limit})
    return [_remote(tx, row) for row in rows.mappings()]


def _remote(tx: AsyncSession, row: Any) -> RemoteSale:
    opened = dict(row)
    for name in ("link", "tracking"):
        if row[name] is not None:
            opened[name] = keyring(tx).open("remote_sale", name, row["remote_sale_id"], row[name])
    return RemoteSale(**{**opened, "status": Status(row["status"])})
