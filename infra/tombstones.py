"""Tombstones: what was buried, so that no follower, import or restore brings it back."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# The cursors' locks first: what a follower had begun about the aggregate is committed, and visible to whoever deletes
# next; what it takes afterwards meets the tombstone.
_HALT = text("select follower from follower_cursor order by follower for update")
_BURY = text(
    "insert into tombstone (brand_id, aggregate, buried_at) values (:brand, :aggregate, :now)"
    " on conflict (brand_id, aggregate) do nothing"
)
_BURIED = """
select brand_id, aggregate from tombstone
where (brand_id, aggregate) in (select * from unnest($1::text[], $2::text[]))
"""

Aggregate = tuple[str, str]  # brand and key, such as client:<id>


async def bury(tx: AsyncSession, aggregate: str, *, now: datetime) -> None:
    """Let no follower of this database take a fact about this aggregate any more. Safe to repeat.

    Call it before deleting what the aggregate left behind, in the same transaction, and with the transaction's brand.
    """
    await tx.execute(_HALT)
    await tx.execute(_BURY, {"brand": tx.info["brand_id"], "aggregate": aggregate, "now": now})


async def buried(tx: AsyncSession, aggregates: Collection[Aggregate]) -> set[Aggregate]:
    """Which of these are buried, as far as the transaction sees their brands."""
    if not aggregates:
        return set()
    asked = sorted(set(aggregates))
    connection = await tx.connection()
    rows = await connection.exec_driver_sql(_BURIED, ([brand for brand, _ in asked], [key for _, key in asked]))
    return {(row.brand_id, row.aggregate) for row in rows}
