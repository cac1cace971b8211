"""Selling by chat: reserved, paid by a link, couriered, received."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.ids import new_id
from infra.wire import check_match
from services.profile.purchases.queries import remote as queries
from services.profile.purchases.queries.remote import RemoteSale
from services.profile.purchases.rules import remote as rules
from services.profile.purchases.rules.remote import Status, Step

_RESERVE = text(
    "insert into remote_sale (brand_id, remote_sale_id, client_id, boutique_id, piece_code, price_minor, currency,"
    " status, actor, reserved_at, changed_at) values (:brand, :id, :client_id, :boutique_id, :piece_code,"
    " :price_minor, :currency, 'reserved', :actor, :now, :now)"
)
_STEP = text(
    "update remote_sale set status = :status, link = coalesce(:link, link), courier = coalesce(:courier, courier),"
    " tracking = coalesce(:tracking, tracking), changed_at = :now, version = version + 1"
    " where brand_id = :brand and remote_sale_id = :id"
)


async def reserve(
    tx: AsyncSession,
    client_id: UUID,
    *,
    boutique_id: UUID,
    piece_code: str,
    price_minor: int,
    currency: str,
    actor: str,
    now: datetime,
) -> RemoteSale:
    """Keep a piece for a canonical record who buys it by chat."""
    sale_id = new_id()
    row = {"brand": tx.info["brand_id"], "id": sale_id, "client_id": client_id, "boutique_id": boutique_id}
    price = {"piece_code": piece_code, "price_minor": price_minor, "currency": currency}
    await tx.execute(_RESERVE, row | price | {"actor": actor, "now": now})
    return await queries.remote_sale(tx, sale_id)


async def take(
    tx: AsyncSession, sale_id: UUID, step: Step, told: Mapping[str, str | None], *, if_match: str, now: datetime
) -> RemoteSale:
    """Take one step; raises NotFound, Stale, StepNotPossible, StepIncomplete."""
    # The row lock makes two simultaneous steps take turns.
    sale = await queries.remote_sale(tx, sale_id, lock=True)
    check_match(if_match, sale.version)
    status: Status = rules.after(sale.status, step)
    rules.check_told(step, told)
    ring = keyring(tx)
    # Both lead to her: one is where she pays, the other where she lives.
    sealed = {
        name: ring.seal("remote_sale", name, sale_id, value) if (value := told.get(name)) is not None else None
        for name in ("link", "tracking")
    }
    row = {"brand": tx.info["brand_id"], "id": sale_id, "status": status.value, "courier": told.get("courier")}
    await tx.execute(_STEP, row | sealed | {"now": now})
    return await queries.remote_sale(tx, sale_id)
