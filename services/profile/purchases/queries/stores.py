"""What is bought where: receipts counted by the type of their store."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# A client who bought in two stores of one type is one client; a receipt that is nobody's counts for no client.
_BY_TYPE = text(
    """
    with bought as (
        select boutique.boutique_type, purchase.currency, purchase.purchase_id, line.quantity, line.net_minor,
            line.category, line.is_limited, coalesce(alias.canonical_id, purchase.client_id) as client_id
        from purchase
        join purchase_line line on line.brand_id = purchase.brand_id and line.purchase_id = purchase.purchase_id
        left join boutique on boutique.brand_id = purchase.brand_id and boutique.code = purchase.store_code
        left join client_alias alias on alias.brand_id = purchase.brand_id and alias.client_id = purchase.client_id
        where purchase.brand_id = :brand and purchase.purchased_at >= :begins and purchase.purchased_at < :ends
            and (cast(:boutiques as uuid[]) is null or purchase.boutique_id = any(:boutiques))
    )
    select boutique_type, currency, category, grouping(category) = 1 as is_whole,
        count(distinct purchase_id) filter (where quantity > 0) as receipts,
        count(distinct purchase_id) filter (where quantity > 0 and client_id is not null) as known_receipts,
        count(distinct client_id) filter (where quantity > 0) as clients,
        coalesce(sum(quantity) filter (where quantity > 0), 0) as pieces,
        coalesce(sum(net_minor) filter (where quantity > 0), 0) as sold_minor,
        -coalesce(sum(net_minor) filter (where quantity < 0), 0) as returned_minor,
        coalesce(sum(quantity) filter (where quantity > 0 and is_limited), 0) as limited_pieces
    from bought group by grouping sets ((boutique_type, currency), (boutique_type, currency, category))
    order by boutique_type nulls last, currency, sold_minor desc, category
    """
)
_ZONES = text(
    "select boutique_id, zone from boutique where brand_id = :brand and boutique_id = any(:ids) and zone is not null"
)


@dataclass(frozen=True, slots=True)
class Bought:
    """What was bought in the stores of one type in one currency: all of it, or of one category.

    `boutique_type` is None for stores that the directory does not know, `category` where no till has said one.
    """

    boutique_type: str | None
    currency: str
    category: str | None
    is_whole: bool
    receipts: int
    known_receipts: int
    clients: int
    pieces: int
    sold_minor: int
    returned_minor: int
    limited_pieces: int


async def by_type(
    tx: AsyncSession, *, begins: datetime, ends: datetime, boutiques: Collection[UUID] | None
) -> list[Bought]:
    """What was bought from one moment to another, by type of store; only at some boutiques, if named."""
    asked = {"brand": tx.info["brand_id"], "begins": begins, "ends": ends}
    rows = await tx.execute(_BY_TYPE, asked | {"boutiques": None if boutiques is None else list(boutiques)})
    return [Bought(*row) for row in rows]


async def zones(tx: AsyncSession, boutique_ids: Collection[UUID]) -> dict[UUID, str]:
    """The IANA zones by whose clocks boutiques work; those that nobody has told are absent."""
    rows = await tx.execute(_ZONES, {"brand": tx.info["brand_id"], "ids": list(boutique_ids)})
    return {row.boutique_id: row.zone for row in rows}
