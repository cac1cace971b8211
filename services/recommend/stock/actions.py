"""What tills and warehouses say of stock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from services.recommend.stock.events import StockChanged

# Sorted, so that two batches lock their rows in the same order. None where there was none is no change.
_SET = """
insert into stock as held (brand_id, boutique_id, piece_code, quantity, changed_at)
select :brand, item.boutique_id, item.piece_code, item.quantity, :now from unnest(
    cast(:boutiques as uuid[]), cast(:codes as text[]), cast(:quantities as int[])
) as item (boutique_id, piece_code, quantity)
where item.quantity > 0 or exists (
    select from stock s
    where s.brand_id = :brand and s.boutique_id = item.boutique_id and s.piece_code = item.piece_code
)
order by item.boutique_id, item.piece_code
on conflict (brand_id, boutique_id, piece_code) do update set
    quantity = excluded.quantity, changed_at = excluded.changed_at
where held.quantity <> excluded.quantity
returning boutique_id, piece_code, quantity
"""


async def set_quantities(tx: AsyncSession, quantities: Sequence[Mapping[str, Any]], *, now: datetime) -> int:
    """Set quantities; of two for one place the later counts. Answers how many changed."""
    last = {(item["boutique_id"], item["piece_code"]): item for item in quantities}
    changed = await tx.execute(
        text(_SET),
        {
            "brand": tx.info["brand_id"],
            "now": now,
            "boutiques": [item["boutique_id"] for item in last.values()],
            "codes": [item["piece_code"] for item in last.values()],
            "quantities": [item["quantity"] for item in last.values()],
        },
    )
    rows = changed.all()
    for row in rows:
        record(
            tx,
            StockChanged(
                stock_id=f"{row.boutique_id}:{row.piece_code}",
                boutique_id=row.boutique_id,
                piece_code=row.piece_code,
                quantity=row.quantity,
            ),
        )
    return len(rows)
