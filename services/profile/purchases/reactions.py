"""What purchases do on others' facts."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.profile.purchases import actions


class BoutiqueOpened(Slice):
    """The code under which a till names a boutique."""

    type: ClassVar[str] = "appointments.boutique-opened.v1"

    boutique_id: UUID
    code: str


async def know_boutiques(tx: AsyncSession, facts: Sequence[Delivered[BoutiqueOpened]]) -> None:
    """Keep which boutique a store code means."""
    for delivered in facts:
        await actions.open_boutique(tx, delivered.fact.code, delivered.fact.boutique_id)


async def place_receipts(tx: AsyncSession, facts: Sequence[Delivered[BoutiqueOpened]]) -> None:
    """Say of the receipts that came before the boutique where they were made."""
    for delivered in facts:
        await actions.place_receipts(tx, delivered.fact.code, delivered.fact.boutique_id)


REACTIONS: list[Reaction] = [
    on(BoutiqueOpened, know_boutiques, fills=("boutique",)),
    on(BoutiqueOpened, place_receipts),
]
