"""What others' facts mean for invitations."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.aliases import WHO_IS_WHO, learn
from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import on
from infra.restrictions import RESTRICTIONS, restricted
from infra.restrictions import learn as learn_restriction
from services.feedback.invitations import queries
from services.feedback.invitations.actions.inviting import Touch, hold_back, invite, refuse
from services.feedback.invitations.rules import PURPOSE
from services.feedback.invitations.tables import Boutique
from services.feedback.journeys import queries as journeys
from services.feedback.journeys.rules import Trigger


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

    merge_id: UUID
    client_id: UUID
    merged_client_id: UUID


class IdentitiesSeparated(Slice):
    """They are two clients after all."""

    type: ClassVar[str] = "profile.identities-separated.v1"

    merge_id: UUID
    client_id: UUID
    merged_client_id: UUID


class MessageRefused(Slice):
    """A message will not reach her, by profile's rules or by the channel's."""

    type: ClassVar[str] = "profile.message-refused.v1"

    message_id: UUID
    purpose: str
    reason: str


class ProcessingRestricted(Slice):
    """What is known of her is kept and not used: she is not to be asked."""

    type: ClassVar[str] = "profile.processing-restricted.v1"

    client_id: UUID


class ProcessingResumed(Slice):
    """She may be asked again, as far as she allows."""

    type: ClassVar[str] = "profile.processing-resumed.v1"

    client_id: UUID


class VisitCompleted(Slice):
    """She has left the boutique."""

    type: ClassVar[str] = "appointments.visit-completed.v1"

    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    completed_at: datetime


async def know_boutiques(tx: AsyncSession, facts: Sequence[Delivered[BoutiqueOpened]]) -> None:
    """Keep the names and the zone; a boutique announced again has new ones."""
    for told in facts:
        named = {"zone": told.fact.zone, "name_zh": told.fact.name_zh, "name_en": told.fact.name_en}
        row = insert(Boutique).values(brand_id=told.brand_id, boutique_id=told.fact.boutique_id, **named)
        await tx.execute(row.on_conflict_do_update(index_elements=["brand_id", "boutique_id"], set_=named))


async def know_merges(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Keep the edge, and what it comes to with the others; nothing else is rewritten."""
    await learn(tx, facts, separated=False)


async def know_separations(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]]) -> None:
    """Take the edge out: whoever was merged is herself again, with all that were merged into her."""
    await learn(tx, facts, separated=True)


async def know_restrictions(tx: AsyncSession, facts: Sequence[Delivered[ProcessingRestricted]]) -> None:
    """Ask her nothing from now on."""
    await learn_restriction(tx, facts, stands=True)


async def know_resumptions(tx: AsyncSession, facts: Sequence[Delivered[ProcessingResumed]]) -> None:
    """What happens from now on may be asked about; what happened meanwhile is not."""
    await learn_restriction(tx, facts, stands=False)


async def call_back(tx: AsyncSession, facts: Sequence[Delivered[ProcessingRestricted]]) -> None:
    """Send no invitation that has not gone yet."""
    for told in facts:
        await hold_back(tx, await queries.family(tx, told.fact.client_id))


async def note_refusals(tx: AsyncSession, facts: Sequence[Delivered[MessageRefused]]) -> None:
    """What profile had taken did not reach her after all: the invitation says so."""
    for told in facts:
        if told.fact.purpose == PURPOSE:
            await refuse(tx, told.fact.message_id, reason=told.fact.reason)


async def ask_about_visits(tx: AsyncSession, facts: Sequence[Delivered[VisitCompleted]]) -> None:
    """Invite every visitor, if a journey wants it; not one whose data is not to be used."""
    step = await journeys.step_after(tx, Trigger.VISIT_COMPLETED)
    if step is None:
        return
    for told in facts:
        if await restricted(tx, await queries.family(tx, told.fact.client_id)):
            continue
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


REACTIONS = [
    on(BoutiqueOpened, know_boutiques, fills=("boutique",)),
    on(IdentitiesMerged, know_merges, fills=WHO_IS_WHO),
    on(IdentitiesSeparated, know_separations, fills=WHO_IS_WHO),
    on(ProcessingRestricted, know_restrictions, fills=RESTRICTIONS),
    on(ProcessingResumed, know_resumptions, fills=RESTRICTIONS),
    on(ProcessingRestricted, call_back),
    on(MessageRefused, note_refusals),
    on(VisitCompleted, ask_about_visits),
]
