"""What the house does with its pieces."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from services.recommend.catalogue.events import PieceUpserted

# One statement for the batch; a piece that stands like that already is not touched, so it announces nothing.
_UPSERT = """
insert into piece as held (brand_id, piece_code, category, collection, name_zh, name_en, price_minor, currency, limited)
select :brand, item.* from unnest(
    cast(:codes as text[]), cast(:categories as text[]), cast(:collections as text[]), cast(:names_zh as text[]),
    cast(:names_en as text[]), cast(:prices as bigint[]), cast(:currencies as text[]), cast(:limited as boolean[])
) as item order by 1, 2
on conflict (brand_id, piece_code) do update set
    category = excluded.category, collection = excluded.collection, name_zh = excluded.name_zh,
    name_en = excluded.name_en, price_minor = excluded.price_minor, currency = excluded.currency,
    limited = excluded.limited, version = held.version + 1
where (held.category, held.collection, held.name_zh, held.name_en, held.price_minor, held.currency, held.limited)
    is distinct from (excluded.category, excluded.collection, excluded.name_zh, excluded.name_en,
        excluded.price_minor, excluded.currency, excluded.limited)
returning piece_code, category, collection
"""


async def upsert(tx: AsyncSession, pieces: Sequence[Mapping[str, Any]]) -> int:
    """Create or replace pieces; of two with one code the later counts. Answers how many changed."""
    last = {piece["piece_code"]: piece for piece in pieces}
    batch = [last[code] for code in sorted(last)]
    changed = await tx.execute(
        text(_UPSERT),
        {
            "brand": tx.info["brand_id"],
            "codes": [piece["piece_code"] for piece in batch],
            "categories": [piece["category"] for piece in batch],
            "collections": [piece["collection"] for piece in batch],
            "names_zh": [piece["name_zh"] for piece in batch],
            "names_en": [piece["name_en"] for piece in batch],
            "prices": [piece["price_minor"] for piece in batch],
            "currencies": [piece["currency"] for piece in batch],
            "limited": [piece["limited"] for piece in batch],
        },
    )
    rows = changed.all()
    for row in rows:
        record(
            tx,
            PieceUpserted(
                piece_id=row.piece_code, piece_code=row.piece_code, category=row.category, collection=row.collection
            ),
        )
    return len(rows)
