"""What the gateway does on others' facts: it knows which boutique lies in which region, and ends sign-ins as two."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity.tables import BoutiqueRegion, Session
from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on


class BoutiqueOpened(Slice):
    """A boutique and the region it lies in."""

    type: ClassVar[str] = "appointments.boutique-opened.v1"

    boutique_id: UUID
    region_id: UUID


class IdentitiesSeparated(Slice):
    """Two records that were read as one client are two clients again."""

    type: ClassVar[str] = "profile.identities-separated.v1"

    client_id: UUID
    merged_client_id: UUID
    known_as_client_id: UUID


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


def reactions(clock: Callable[[], datetime]) -> list[Reaction]:
    """The reactions. A session ends by the gateway's own clock, by which its instances look for those that ended."""

    async def sign_out(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]]) -> None:
        """End what was signed in as any of the records: which of the two has that phone, WeChat alone can tell."""
        for told in facts:
            fact = told.fact
            ids = [fact.client_id, fact.merged_client_id, fact.known_as_client_id]
            ended = update(Session).where(
                Session.brand_id == told.brand_id, Session.client_id.in_(ids), Session.revoked_at.is_(None)
            )
            await tx.execute(ended.values(revoked_at=clock(), revoked_because="identities-separated"))

    return [on(BoutiqueOpened, place, fills=("boutique_region",)), on(IdentitiesSeparated, sign_out)]
