"""What an import wrote, kept so that it can be taken back: ids alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.ids import new_id

Kind = Literal["client", "identity", "name", "birthday", "consent", "withdrawal", "note", "purchase-line", "claim"]

_KEEP = """
insert into import_effect (brand_id, import_id, effect_id, line, kind, row_id, part, before_id, was)
select $1, $2, item.*
from unnest($3::uuid[], $4::int[], $5::text[], $6::uuid[], $7::int[], $8::uuid[], $9::text[]) as item
"""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing written for a line of the file; what `part` and `before_id` are depends on the kind.

    Of a purchase's line: its number, and whose the receipt was then. Of a consent: the one it replaced. Of a birthday:
    the version of her record; of a name also what the house called her while it knew none.
    """

    line: int
    kind: Kind
    row_id: UUID
    part: int | None = None
    before_id: UUID | None = None
    was: str | None = None


# Comparing takes longer than registering: it waits until everybody is there.
_SEEK = text(
    "insert into duplicate_search (brand_id, client_id)"
    " select distinct e.brand_id, coalesce(i.client_id, e.row_id) from import_effect e"
    " left join identity i on e.kind = 'identity' and i.brand_id = e.brand_id and i.identity_id = e.row_id"
    " where e.brand_id = :brand and e.import_id = :id and e.kind in ('client', 'identity', 'name')"
    " order by 2 on conflict (brand_id, client_id) do nothing"
)


async def seek(tx: AsyncSession, import_id: UUID) -> None:
    """Have everybody whom an import brought or changed compared with those who resemble them."""
    await tx.execute(_SEEK, {"brand": tx.info["brand_id"], "id": import_id})


async def keep(tx: AsyncSession, import_id: UUID, effects: Sequence[Effect]) -> None:
    """Keep what was written, in the transaction that wrote it."""
    if not effects:
        return
    connection = await tx.connection()
    await connection.exec_driver_sql(
        _KEEP,
        (
            tx.info["brand_id"],
            import_id,
            [new_id() for _ in effects],
            [one.line for one in effects],
            [one.kind for one in effects],
            [one.row_id for one in effects],
            [one.part for one in effects],
            [one.before_id for one in effects],
            [one.was for one in effects],
        ),
    )
