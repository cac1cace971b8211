"""The receipts of an erasing: the list at the bottom shows whose."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.erasure import Erased
from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.profile.rights.actions import erasing


class ErasedInAppointments(Slice):
    """Nothing of her is left there."""

    type: ClassVar[str] = "appointments.client-data-erased.v1"

    erasure_id: UUID
    erased: list[Erased]


class ErasedInFeedback(Slice):
    """Nothing of her is left there."""

    type: ClassVar[str] = "feedback.client-data-erased.v1"

    erasure_id: UUID
    erased: list[Erased]


class ErasedInRecommend(Slice):
    """Nothing of her is left there."""

    type: ClassVar[str] = "recommend.client-data-erased.v1"

    erasure_id: UUID
    erased: list[Erased]


class ErasedAtGateway(Slice):
    """She has no sign-in left."""

    type: ClassVar[str] = "gateway.client-data-erased.v1"

    erasure_id: UUID
    erased: list[Erased]


Receipts = (
    Sequence[Delivered[ErasedInAppointments]]
    | Sequence[Delivered[ErasedInFeedback]]
    | Sequence[Delivered[ErasedInRecommend]]
    | Sequence[Delivered[ErasedAtGateway]]
)


async def keep_receipt(tx: AsyncSession, facts: Receipts) -> None:
    """Put it into the certificate."""
    for told in facts:
        service = told.fact.type.partition(".")[0]
        await erasing.answer(tx, told.fact.erasure_id, service, told.fact.erased, now=told.occurred_at)


REACTIONS: list[Reaction] = [
    on(ErasedInAppointments, keep_receipt),
    on(ErasedInFeedback, keep_receipt),
    on(ErasedInRecommend, keep_receipt),
    on(ErasedAtGateway, keep_receipt),
]
