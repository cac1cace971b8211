"""What others' facts mean for invitations."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import on
from services.feedback.invitations.actions import Touch, invite
from services.feedback.invitations.rules import Trigger
from services.feedback.invitations.tables import Boutique, ClientAlias
from services.feedback.journeys import queries as journeys
from services.feedback.journeys.rules import Touchpoint


class BoutiqueOpened(Slice):
    """A boutique, as texts name it."""

    type: ClassVar[str] = "appointments.boutique-opened.v1"

    boutique_id: UUID
    zone: str
    name_zh: str
    name_en: str


class IdentitiesMerged(Slice):
    """Two clients turned out to be one."""

    type: ClassVar[str] = "profile.identities-merged.v1"

    client_id: UUID
    merged_client_id: UUID


class VisitCompleted(Slice):
    """She has left the boutique."""

    type: ClassVar[str] = "appointments.visit-completed.v1"

    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    completed_at: datetime


class WorkOrderClosed(Slice):
    """What went wrong is said to be put right: ask her."""

    type: ClassVar[str] = "feedback.work-order-closed.v1"

    work_order_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID | None = None
    appointment_id: UUID | None = None
    closed_at: datetime


async def know_boutiques(tx: AsyncSession, facts: Sequence[Delivered[BoutiqueOpened]]) -> None:
    """Keep the names and the zone; a boutique announced again has new ones."""
    for told in facts:
        named = {"zone": told.fact.zone, "name_zh": told.fact.name_zh, "name_en": told.fact.name_en}
        row = insert(Boutique).values(brand_id=told.brand_id, boutique_id=told.fact.boutique_id, **named)
        await tx.execute(row.on_conflict_do_update(index_elements=["brand_id", "boutique_id"], set_=named))


async def know_merges(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Keep the edge; nothing is rewritten."""
    for told in facts:
        into = {"canonical_id": told.fact.client_id}
        row = insert(ClientAlias).values(brand_id=told.brand_id, client_id=told.fact.merged_client_id, **into)
        await tx.execute(row.on_conflict_do_update(index_elements=["brand_id", "client_id"], set_=into))


async def ask_about_visits(tx: AsyncSession, facts: Sequence[Delivered[VisitCompleted]]) -> None:
    """Invite every visitor, if a journey wants it."""
    step = await journeys.step_after(tx, Touchpoint.VISIT_COMPLETED)
    if step is None:
        return
    for told in facts:
        touch = Touch(
            trigger=Trigger.VISIT_COMPLETED,
            cause_id=told.event_id,
            client_id=told.fact.client_id,
            boutique_id=told.fact.boutique_id,
            touched_at=told.fact.completed_at,
            advisor_id=told.fact.advisor_id,
            appointment_id=told.fact.appointment_id,
        )
        await invite(tx, touch, survey_id=step.survey_id, delay=timedelta(minutes=step.delay_minutes))


async def ask_again(tx: AsyncSession, facts: Sequence[Delivered[WorkOrderClosed]]) -> None:
    """Invite whom a work order was for, if a journey wants it."""
    step = await journeys.step_after(tx, Touchpoint.WORK_ORDER_CLOSED)
    if step is None:
        return
    for told in facts:
        touch = Touch(
            trigger=Trigger.WORK_ORDER_CLOSED,
            cause_id=told.event_id,
            client_id=told.fact.client_id,
            boutique_id=told.fact.boutique_id,
            touched_at=told.fact.closed_at,
            advisor_id=told.fact.advisor_id,
            appointment_id=told.fact.appointment_id,
            work_order_id=told.fact.work_order_id,
        )
        await invite(tx, touch, survey_id=step.survey_id, delay=timedelta(minutes=step.delay_minutes))


REACTIONS = [
    on(BoutiqueOpened, know_boutiques),
    on(IdentitiesMerged, know_merges),
    on(VisitCompleted, ask_about_visits),
    on(WorkOrderClosed, ask_again),
]
