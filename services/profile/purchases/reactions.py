"""What purchases do on others' facts."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.profile.purchases.actions import boutiques, cash
from services.profile.purchases.actions.boutiques import Boutique


class BoutiqueOpened(Slice):
    """The code under which a till names a boutique, what sort of boutique it is, and in which region."""

    type: ClassVar[str] = "appointments.boutique-opened.v1"

    boutique_id: UUID
    code: str
    boutique_type: str | None = None
    region_id: UUID | None = None
    zone: str | None = None


async def know_boutiques(tx: AsyncSession, facts: Sequence[Delivered[BoutiqueOpened]]) -> None:
    """Keep which boutique a store code means."""
    for delivered in facts:
        one = delivered.fact
        opened = Boutique(one.code, one.boutique_id, one.boutique_type, one.region_id, one.zone)
        await boutiques.open_boutique(tx, opened)


async def place_receipts(tx: AsyncSession, facts: Sequence[Delivered[BoutiqueOpened]]) -> None:
    """Say of the receipts that came before the boutique where they were made."""
    for delivered in facts:
        await boutiques.place_receipts(tx, delivered.fact.code, delivered.fact.boutique_id)


class PurchaseRecorded(Slice):
    """A receipt, or further lines of one."""

    type: ClassVar[str] = "profile.purchase-recorded.v1"

    purchase_id: UUID


class PurchaseClaimed(Slice):
    """An anonymous receipt found its client."""

    type: ClassVar[str] = "profile.purchase-claimed.v1"

    purchase_id: UUID


async def look_for_cash(
    tx: AsyncSession, facts: Sequence[Delivered[PurchaseRecorded]] | Sequence[Delivered[PurchaseClaimed]]
) -> None:
    """Look whether so much cash came in that headquarters has to know."""
    ids = sorted({delivered.fact.purchase_id for delivered in facts})
    await cash.look_for_cash(tx, ids, now=max(delivered.occurred_at for delivered in facts))


class IdentitiesMerged(Slice):
    """Two records turned out to be one person."""

    type: ClassVar[str] = "profile.identities-merged.v1"

    client_id: UUID


class IdentitiesSeparated(Slice):
    """They are two people after all."""

    type: ClassVar[str] = "profile.identities-separated.v1"

    merged_client_id: UUID
    known_as_client_id: UUID


async def after_merges(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """What both paid in cash on one day is one client's."""
    ids = [delivered.fact.client_id for delivered in facts]
    await cash.reckon_anew(tx, ids, now=max(delivered.occurred_at for delivered in facts))


async def after_separations(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]]) -> None:
    """Each has paid what she paid herself."""
    ids = [
        client_id
        for delivered in facts
        for client_id in (delivered.fact.known_as_client_id, delivered.fact.merged_client_id)
    ]
    await cash.reckon_anew(tx, ids, now=max(delivered.occurred_at for delivered in facts))


REACTIONS: list[Reaction] = [
    on(BoutiqueOpened, know_boutiques, fills=("boutique",)),
    on(BoutiqueOpened, place_receipts),
    on(PurchaseRecorded, look_for_cash),
    on(PurchaseClaimed, look_for_cash),
    on(IdentitiesMerged, after_merges),
    on(IdentitiesSeparated, after_separations),
]
