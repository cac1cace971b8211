"""When pieces are chosen without anybody asking: a visit is agreed or moved, or we know or may use more or less.

What these facts say of her is kept by taste's reactions, which come first.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.recommend.assortments import actions
from services.recommend.taste.queries import PERSONALISATION


class VisitAgreed(Slice):
    """A visit has its time and place."""

    type: ClassVar[str] = "appointments.confirmed.v1"
    appointment_id: UUID


class VisitMoved(Slice):
    """It has another."""

    type: ClassVar[str] = "appointments.moved.v1"
    appointment_id: UUID


class ConsentGiven(Slice):
    """She allowed a purpose."""

    type: ClassVar[str] = "profile.consent-given.v1"
    client_id: UUID
    purpose: str


class ConsentWithdrawn(Slice):
    """She no longer allows it."""

    type: ClassVar[str] = "profile.consent-withdrawn.v1"
    client_id: UUID
    purpose: str


class IdentitiesMerged(Slice):
    """Two clients turned out to be one."""

    type: ClassVar[str] = "profile.identities-merged.v1"
    client_id: UUID


class IdentitiesSeparated(Slice):
    """They are two clients after all."""

    type: ClassVar[str] = "profile.identities-separated.v1"
    merged_client_id: UUID
    known_as_client_id: UUID


class ProcessingResumed(Slice):
    """What is known of her may be used again."""

    type: ClassVar[str] = "profile.processing-resumed.v1"
    client_id: UUID


async def prepare(tx: AsyncSession, facts: Sequence[Delivered[VisitAgreed]] | Sequence[Delivered[VisitMoved]]) -> None:
    """Choose pieces for the visit as it is agreed now."""
    visits: dict[UUID, datetime] = {told.fact.appointment_id: told.occurred_at for told in facts}
    for appointment_id, at in visits.items():
        await actions.prepare_if_allowed(tx, appointment_id, now=at)


async def renew(
    tx: AsyncSession, facts: Sequence[Delivered[ConsentGiven]] | Sequence[Delivered[ConsentWithdrawn]]
) -> None:
    """Choose anew for her visits to come, with what we know of her or without it."""
    clients = {told.fact.client_id for told in facts if told.fact.purpose == PERSONALISATION}
    await actions.renew(tx, clients, now=facts[-1].occurred_at)


async def forget_why(tx: AsyncSession, facts: Sequence[Delivered[ConsentWithdrawn]]) -> None:
    """Nothing that was chosen for her goes on saying what she is like, and what comes is chosen anew."""
    await renew(tx, facts)
    await actions.forget_why(tx, {told.fact.client_id for told in facts if told.fact.purpose == PERSONALISATION})


async def recognise(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Choose anew for who has turned out to be somebody we know."""
    await actions.renew(tx, {told.fact.client_id for told in facts}, now=facts[-1].occurred_at)


async def part(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]]) -> None:
    """Choose anew for both: nothing of the one chooses for the other."""
    both = {one for told in facts for one in (told.fact.known_as_client_id, told.fact.merged_client_id)}
    await actions.renew(tx, both, now=facts[-1].occurred_at)


async def resume(tx: AsyncSession, facts: Sequence[Delivered[ProcessingResumed]]) -> None:
    """Choose for her visits to come, those too that were agreed meanwhile."""
    clients = {told.fact.client_id for told in facts}
    await actions.renew(tx, clients, now=facts[-1].occurred_at, also_unprepared=True)


REACTIONS: list[Reaction] = [
    on(VisitAgreed, prepare),
    on(VisitMoved, prepare),
    on(ConsentGiven, renew),
    on(ConsentWithdrawn, forget_why),
    on(IdentitiesMerged, recognise),
    on(IdentitiesSeparated, part),
    on(ProcessingResumed, resume),
]
