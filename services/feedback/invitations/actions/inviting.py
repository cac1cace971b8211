"""Inviting clients, and what becomes of invitations outside the dispatcher."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import NotFound
from infra.restrictions import restricted
from infra.tombstones import spare
from services.feedback.invitations import queries, rules
from services.feedback.invitations.rules import LIFETIME, RESTRICTED, LinkUsed, ProcessingRestricted, Status
from services.feedback.invitations.tables import Invitation, InvitationMessage
from services.feedback.journeys.rules import Trigger
from services.feedback.surveys import queries as surveys


@dataclass(frozen=True)
class Touch:
    """What a client has just lived through."""

    trigger: Trigger
    cause_id: UUID
    client_id: UUID
    boutique_id: UUID
    touched_at: datetime
    advisor_id: UUID | None = None
    appointment_id: UUID | None = None
    work_order_id: UUID | None = None


async def invite(tx: AsyncSession, touch: Touch, *, survey_id: UUID, delay: timedelta) -> UUID:
    """Ask about a touch when the delay has passed; a touch that was invited before is left alone."""
    brand_id, invitation_id = tx.info["brand_id"], new_id()
    token, due_at = f"{brand_id}.{secrets.token_urlsafe(32)}", touch.touched_at + delay
    await tx.execute(
        insert(Invitation)
        .values(
            brand_id=brand_id,
            invitation_id=invitation_id,
            cause_id=touch.cause_id,
            trigger=touch.trigger,
            survey_id=survey_id,
            client_id=touch.client_id,
            boutique_id=touch.boutique_id,
            advisor_id=touch.advisor_id,
            appointment_id=touch.appointment_id,
            work_order_id=touch.work_order_id,
            status=Status.SCHEDULED,
            touched_at=touch.touched_at,
            due_at=due_at,
            expires_at=due_at + LIFETIME,
            token_hash=rules.digest(token),
            token=keyring(tx).seal("invitation", "token", invitation_id, token),
            attempts=0,
            next_attempt_at=due_at,
        )
        .on_conflict_do_nothing(index_elements=["brand_id", "cause_id"])
    )
    return invitation_id


async def ask(tx: AsyncSession, touch: Touch, *, survey_id: UUID, delay: timedelta, by: Caller) -> Invitation:
    """Invite one client because somebody of the house wants it.

    Raises NotFound, SurveyNotPublished, and ProcessingRestricted where her data is not to be used.
    """
    if by.role is not Role.HEADQUARTERS and touch.boutique_id not in by.boutique_ids:
        raise NotFound
    await queries.boutique(tx, touch.boutique_id)
    await spare(tx, f"client:{touch.client_id}")
    if await restricted(tx, await queries.family(tx, touch.client_id)):
        raise ProcessingRestricted
    await surveys.published(tx, survey_id)
    invitation_id = await invite(tx, touch, survey_id=survey_id, delay=delay)
    return await queries.invitation(tx, invitation_id, by=by)


async def spend(tx: AsyncSession, token_hash: bytes, *, now: datetime) -> None:
    """Use up a link. Of two at the same moment the second waits for the first and raises LinkUsed."""
    spent = await tx.execute(
        update(Invitation)
        .where(
            Invitation.brand_id == tx.info["brand_id"],
            Invitation.token_hash == token_hash,
            Invitation.status.in_([Status.DUE, Status.SENT]),
        )
        .values(status=Status.ANSWERED, answered_at=now, token=None)
        .returning(Invitation.invitation_id)
        .execution_options(synchronize_session=False)
    )
    if spent.first() is None:
        raise LinkUsed


async def withdraw(tx: AsyncSession, work_order_id: UUID, *, reason: str) -> None:
    """Do not ask about a work order after all, unless she has been asked already."""
    await tx.execute(
        update(Invitation)
        .where(
            Invitation.brand_id == tx.info["brand_id"],
            Invitation.work_order_id == work_order_id,
            Invitation.status.in_([Status.SCHEDULED, Status.DUE]),
        )
        .values(status=Status.REFUSED, reason=reason, token=None)
        .execution_options(synchronize_session=False)
    )


async def hold_back(tx: AsyncSession, client_ids: Sequence[UUID]) -> None:
    """Do not ask somebody whose data is not to be used, unless she has been asked already."""
    await tx.execute(
        update(Invitation)
        .where(
            Invitation.brand_id == tx.info["brand_id"],
            Invitation.client_id.in_(client_ids),
            Invitation.status.in_([Status.SCHEDULED, Status.DUE]),
        )
        .values(status=Status.REFUSED, reason=RESTRICTED, token=None)
        .execution_options(synchronize_session=False)
    )


async def refuse(tx: AsyncSession, message_id: UUID, *, reason: str) -> None:
    """Keep that a message did not reach her after all, though profile had taken it."""
    row = insert(InvitationMessage).values(brand_id=tx.info["brand_id"], message_id=message_id, reason=reason)
    known = row.on_conflict_do_update(index_elements=["brand_id", "message_id"], set_={"reason": reason})
    invitation_id = (await tx.scalars(known.returning(InvitationMessage.invitation_id))).one()
    await tx.execute(
        update(Invitation)
        .where(
            Invitation.brand_id == tx.info["brand_id"],
            Invitation.invitation_id == invitation_id,
            Invitation.status == Status.SENT,
        )
        .values(status=Status.REFUSED, reason=reason, sent_at=None)
        .execution_options(synchronize_session=False)
    )
