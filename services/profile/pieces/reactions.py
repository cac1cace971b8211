"""What pieces do on facts: what has a serial on a receipt is owned by somebody from then on, or by nobody again."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered
from infra.eventlog.follower import Reaction, on
from services.profile.pieces import actions
from services.profile.purchases.reactions import PurchaseClaimed, PurchaseRecorded


async def follow(
    tx: AsyncSession, facts: Sequence[Delivered[PurchaseRecorded]] | Sequence[Delivered[PurchaseClaimed]]
) -> None:
    """Let the pieces on these receipts change hands."""
    ids = sorted({delivered.fact.purchase_id for delivered in facts})
    await actions.follow(tx, ids, now=max(delivered.occurred_at for delivered in facts))


REACTIONS: list[Reaction] = [on(PurchaseRecorded, follow), on(PurchaseClaimed, follow)]
