"""What segments do on facts: whoever bought, or is found to have bought, is reckoned anew, if she lets us."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import chain
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.profile.consents.rules import Purpose
from services.profile.segments import actions
from services.profile.touchpoints.reactions.purchases import PurchaseClaimed, PurchaseRecorded, PurchaseTakenBack


class IdentitiesMerged(Slice):
    """Two records turned out to be one person."""

    type: ClassVar[str] = "profile.identities-merged.v1"

    client_id: UUID
    merged_client_id: UUID


class IdentitiesSeparated(Slice):
    """They are two people after all."""

    type: ClassVar[str] = "profile.identities-separated.v1"

    client_id: UUID
    merged_client_id: UUID
    known_as_client_id: UUID


class ConsentGiven(Slice):
    """She allows a purpose."""

    type: ClassVar[str] = "profile.consent-given.v1"

    client_id: UUID
    purpose: str


class ConsentWithdrawn(Slice):
    """She no longer allows it."""

    type: ClassVar[str] = "profile.consent-withdrawn.v1"

    client_id: UUID
    purpose: str


class ProcessingResumed(Slice):
    """What is known of her may be used again."""

    type: ClassVar[str] = "profile.processing-resumed.v1"

    client_id: UUID


def reactions(clock: Callable[[], datetime]) -> list[Reaction]:
    """The reactions. The segment is the one of today by the service's clock, also for a receipt of long ago."""

    async def after_purchases(
        tx: AsyncSession,
        facts: Sequence[Delivered[PurchaseRecorded]]
        | Sequence[Delivered[PurchaseClaimed]]
        | Sequence[Delivered[PurchaseTakenBack]],
    ) -> None:
        """Reckon each client once, however many receipts of hers come together."""
        clients = {delivered.fact.client_id for delivered in facts if delivered.fact.client_id is not None}
        await actions.recompute(tx, clients, now=clock())

    async def after_merges(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
        """The surviving record has the receipts of both."""
        both = {(delivered.fact.client_id, delivered.fact.merged_client_id) for delivered in facts}
        await actions.recompute(tx, set(chain.from_iterable(both)), now=clock())

    async def after_separations(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]]) -> None:
        """Each has her own receipts again."""
        both = {(delivered.fact.known_as_client_id, delivered.fact.merged_client_id) for delivered in facts}
        await actions.recompute(tx, set(chain.from_iterable(both)), now=clock())

    async def after_decisions(
        tx: AsyncSession, facts: Sequence[Delivered[ConsentGiven]] | Sequence[Delivered[ConsentWithdrawn]]
    ) -> None:
        """Whoever switched profiling off has no segment any more, and whoever switched it on has one again."""
        decided = {told.fact.client_id for told in facts if told.fact.purpose == Purpose.PERSONALISATION}
        await actions.recompute(tx, decided, now=clock())

    async def after_resumptions(tx: AsyncSession, facts: Sequence[Delivered[ProcessingResumed]]) -> None:
        """What she bought meanwhile counts from now on."""
        await actions.recompute(tx, {told.fact.client_id for told in facts}, now=clock())

    return [
        on(PurchaseRecorded, after_purchases),
        on(PurchaseClaimed, after_purchases),
        on(PurchaseTakenBack, after_purchases),
        on(IdentitiesMerged, after_merges),
        on(IdentitiesSeparated, after_separations),
        on(ConsentGiven, after_decisions),
        on(ConsentWithdrawn, after_decisions),
        on(ProcessingResumed, after_resumptions),
    ]
