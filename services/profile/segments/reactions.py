"""What segments do on facts: whoever bought, or is found to have bought, is reckoned anew."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import on
from services.profile.segments import actions


class PurchaseRecorded(Slice):
    """Somebody bought, or brought back; null: nobody knows who."""

    type: ClassVar[str] = "profile.purchase-recorded.v1"

    client_id: UUID | None


class PurchaseClaimed(Slice):
    """An anonymous receipt found its client."""

    type: ClassVar[str] = "profile.purchase-claimed.v1"

    client_id: UUID


class IdentitiesMerged(Slice):
    """Two records turned out to be one person."""

    type: ClassVar[str] = "profile.identities-merged.v1"

    client_id: UUID
    merged_client_id: UUID


async def after_purchases(
    tx: AsyncSession, facts: Sequence[Delivered[PurchaseRecorded]] | Sequence[Delivered[PurchaseClaimed]]
) -> None:
    """Reckon each client once, however many receipts of hers come together."""
    clients = {delivered.fact.client_id for delivered in facts if delivered.fact.client_id is not None}
    # The segment is the one of today, also for a receipt of long ago.
    await actions.recompute(tx, clients, now=datetime.now(UTC))


async def after_merges(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """The surviving record has the receipts of both."""
    both = {(delivered.fact.client_id, delivered.fact.merged_client_id) for delivered in facts}
    await actions.recompute(tx, set(chain.from_iterable(both)), now=datetime.now(UTC))


REACTIONS = [
    on(PurchaseRecorded, after_purchases),
    on(PurchaseClaimed, after_purchases),
    on(IdentitiesMerged, after_merges),
]
