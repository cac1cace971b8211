"""What the gateway does on others' facts: it keeps a copy of which boutique lies in which region."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity.tables import BoutiqueRegion
from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import on


class BoutiqueOpened(Slice):
    """A boutique and the region it lies in."""

    type: ClassVar[str] = "appointments.boutique-opened.v1"

    boutique_id: UUID
    region_id: UUID


async def place(tx: AsyncSession, facts: Sequence[Delivered[BoutiqueOpened]]) -> None:
    """Remember the region of each boutique; the last fact about one is right."""
    latest = {(told.brand_id, told.fact.boutique_id): told.fact.region_id for told in facts}
    rows = [
        {"brand_id": brand_id, "boutique_id": boutique_id, "region_id": region_id}
        for (brand_id, boutique_id), region_id in latest.items()
    ]
    adding = insert(BoutiqueRegion).values(rows)
    await tx.execute(
        adding.on_conflict_do_update(
            index_elements=["brand_id", "boutique_id"], set_={"region_id": adding.excluded.region_id}
        )
    )


REACTIONS = [on(BoutiqueOpened, place, fills=("boutique_region",))]
