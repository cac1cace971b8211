"""Tombstones: what was buried, so that no follower, import or restore brings it back."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.refusal import NotFound

# The cursors' locks first: what a follower had begun about the aggregate is committed, and visible to whoever deletes
# next; what it takes afterwards meets the tombstone.
_HALT = text("select follower from follower_cursor order by follower for update")
_BURY = text(
    "insert into tombstone (brand_id, aggregate, buried_at) values (:brand, :aggregate, :now)"
    # One that a restore brought in had waited for this.
    " on conflict (brand_id, aggregate) do update set restored_at = null where tombstone.restored_at is not null"
)
# A key of its own beside the tombstone, which nobody can lock before it is there.
_KEY = "hashtextextended('tombstone:' || :brand || ':' || :aggregate, 0)"
_ALONE = text(f"select pg_advisory_xact_lock({_KEY})")
# Sorted, as those who bury several sort them.
_SHARED = text(
    "select pg_advisory_xact_lock_shared(hashtextextended('tombstone:' || :brand || ':' || aggregate, 0))"
    " from (select unnest(cast(:aggregates as text[])) as aggregate order by 1) as asked"
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
    whose = {"brand": tx.info["brand_id"], "aggregate": aggregate}
    # After the cursors, which requests do not want: whoever has it spared is waited for, and none waits for us twice.
    await tx.execute(_ALONE, whose)
    await tx.execute(_BURY, whose | {"now": now})
    tx.info["has_buried"] = True


async def spare(tx: AsyncSession, aggregate: str) -> None:
    """Let nobody bury this aggregate before the transaction ends; raises NotFound if somebody has.

    For whoever is about to write something of it down in a request: `bury` waits for that, and what is deleted next
    includes it.
    """
    await spare_all(tx, [aggregate])
    if await buried(tx, [(tx.info["brand_id"], aggregate)]):
        raise NotFound


async def spare_all(tx: AsyncSession, aggregates: Collection[str]) -> None:
    """Let nobody bury any of these before the transaction ends. Whether somebody has is for the caller to see next."""
    await tx.execute(_SHARED, {"brand": tx.info["brand_id"], "aggregates": list(aggregates)})


def has_buried(tx: AsyncSession) -> bool:
    """Whether this transaction has buried something: what was asked before may have changed."""
    return bool(tx.info.get("has_buried"))


async def buried(tx: AsyncSession, aggregates: Collection[Aggregate]) -> set[Aggregate]:
    """Which of these are buried, as far as the transaction sees their brands."""
    if not aggregates:
        return set()
    asked = sorted(set(aggregates))
    connection = await tx.connection()
    rows = await connection.exec_driver_sql(_BURIED, ([brand for brand, _ in asked], [key for _, key in asked]))
    return {(row.brand_id, row.aggregate) for row in rows}
