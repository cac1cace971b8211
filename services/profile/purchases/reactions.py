"""What purchases do on others' facts."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.profile.purchases.actions import boutiques


class BoutiqueOpened(Slice):
    """The code under which a till names a boutique, and what sort of boutique it is."""

    type: ClassVar[str] = "appointments.boutique-opened.v1"

    boutique_id: UUID
    code: str
    boutique_type: str | None = None


async def know_boutiques(tx: AsyncSession, facts: Sequence[Delivered[BoutiqueOpened]]) -> None:
    """Keep which boutique a store code means."""
    for delivered in facts:
        one = delivered.fact
        await boutiques.open_boutique(tx, one.code, one.boutique_id, one.boutique_type)


async def place_receipts(tx: AsyncSession, facts: Sequence[Delivered[BoutiqueOpened]]) -> None:
    """Say of the receipts that came before the boutique where they were made."""
    for delivered in facts:
        await boutiques.place_receipts(tx, delivered.fact.code, delivered.fact.boutique_id)


REACTIONS: list[Reaction] = [
    on(BoutiqueOpened, know_boutiques, fills=("boutique",)),
    on(BoutiqueOpened, place_receipts),
]
