"""What loyalty does on facts: receipts and contacts earn, returns take back."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered
from infra.eventlog.follower import Reaction, on
from services.profile.loyalty.actions import earning
from services.profile.loyalty.actions.earning import Counted
from services.profile.loyalty.queries import points as queries
from services.profile.loyalty.rules.earning import Counting
from services.profile.segments import queries as segments
from services.profile.segments.rules import day_of
from services.profile.touchpoints.reactions.purchases import PurchaseClaimed, PurchaseRecorded, PurchaseTakenBack
from services.profile.touchpoints.reactions.visits import ClientArrived, VisitCompleted
from services.profile.touchpoints.reactions.voice import AnswerSubmitted


async def after_purchases(
    tx: AsyncSession, facts: Sequence[Delivered[PurchaseRecorded]] | Sequence[Delivered[PurchaseClaimed]]
) -> None:
    """Each line of a receipt that is somebody's earns; what came back takes with it what its sale had earned."""
    ids = {delivered.fact.purchase_id for delivered in facts}
    await earning.reckon(tx, ids, now=max(delivered.occurred_at for delivered in facts))


async def after_taking_back(tx: AsyncSession, facts: Sequence[Delivered[PurchaseTakenBack]]) -> None:
    """What is not kept any more has earned nothing; a return that was none gives its sale's points back."""
    ids = {delivered.fact.purchase_id for delivered in facts}
    hers = {delivered.fact.client_id for delivered in facts if delivered.fact.client_id is not None}
    ids |= await queries.taken_back(tx, sorted(hers))
    await earning.reckon(tx, (), taken_back=ids, now=max(delivered.occurred_at for delivered in facts))


def _counts(reads: Any, kind: Counting, *, at: str | None = None) -> Reaction:
    """Let each fact count as a contact of a day. `at` is the field with its time; without it the fact's own counts."""

    async def count(tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
        if (await queries.policy(tx)).policy.engagement.get(kind, 0) == 0:
            return
        zone = (await segments.policy(tx)).policy.zone
        counted = [
            Counted(
                delivered.fact.client_id,
                kind.value,
                day_of(getattr(delivered.fact, at) if at else delivered.occurred_at, zone),
            )
            for delivered in facts
        ]
        await earning.count_contacts(tx, counted, now=max(delivered.occurred_at for delivered in facts))

    return on(reads, count)


REACTIONS: list[Reaction] = [
    on(PurchaseRecorded, after_purchases),
    on(PurchaseClaimed, after_purchases),
    on(PurchaseTakenBack, after_taking_back),
    _counts(ClientArrived, Counting.ARRIVED, at="arrived_at"),
    _counts(VisitCompleted, Counting.VISIT_COMPLETED, at="completed_at"),
    _counts(AnswerSubmitted, Counting.ANSWER),
]
