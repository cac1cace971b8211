"""What facts mean for work orders: an unhappy answer opens one, closing it asks her again, her answer ends the loop."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import on
from infra.restrictions import restricted
from services.feedback.invitations import queries as invitations
from services.feedback.invitations.actions.inviting import Touch, invite
from services.feedback.journeys import queries as journeys
from services.feedback.journeys.rules import Trigger
from services.feedback.workorders import actions, queries
from services.feedback.workorders.actions import Opening
from services.feedback.workorders.rules import Severity, policy_for, policy_of
from services.feedback.workorders.tables import Advisor, WorkOrder


class AdvisorJoined(Slice):
    """Somebody who can take a boutique's work orders."""

    type: ClassVar[str] = "appointments.advisor-joined.v1"

    advisor_id: UUID
    boutique_id: UUID


class AnswerSubmitted(Slice):
    """A client has said how it was; with `work_order_id`, whether that was put right."""

    type: ClassVar[str] = "feedback.answer-submitted.v1"

    answer_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID | None
    appointment_id: UUID | None
    work_order_id: UUID | None
    score: int


class WorkOrderClosed(Slice):
    """What went wrong is said to be put right: ask her."""

    type: ClassVar[str] = "feedback.work-order-closed.v1"

    work_order_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID | None = None
    appointment_id: UUID | None = None
    closed_at: datetime


async def know_advisors(tx: AsyncSession, facts: Sequence[Delivered[AdvisorJoined]]) -> None:
    """Keep who works where."""
    for told in facts:
        row = insert(Advisor).values(
            brand_id=told.brand_id, advisor_id=told.fact.advisor_id, boutique_id=told.fact.boutique_id
        )
        await tx.execute(row.on_conflict_do_nothing())


async def put_right(tx: AsyncSession, facts: Sequence[Delivered[AnswerSubmitted]]) -> None:
    """Open a work order for a bad answer; if she was asked again, write down what she says first."""
    policies = await queries.policies(tx)
    done = await queries.of_answers(tx, [told.fact.answer_id for told in facts])
    for told in facts:
        if told.fact.answer_id in done:
            continue
        answer, now = told.fact, told.occurred_at
        policy = policy_for(answer.score, policies)
        asked_about = await queries.held(tx, answer.work_order_id) if answer.work_order_id else None
        # Once the loop is closed, what she says through an older link is an answer like any other.
        if asked_about is not None and asked_about.loop_closed_at is None:
            if _is_worked_on(asked_about, now):
                continue
            actions.close_loop(tx, asked_about, answer_id=answer.answer_id, score=answer.score, now=now)
            # Failed twice is grave, whatever the score. What was closed stays closed, so its history stays true.
            policy = None if asked_about.recovered else policy_of(Severity.HIGH, policies)
        if policy is None:
            continue
        opening = Opening(
            client_id=answer.client_id,
            boutique_id=answer.boutique_id,
            advisor_id=answer.advisor_id,
            appointment_id=answer.appointment_id,
            answer_id=answer.answer_id,
            score=answer.score,
            follows_id=answer.work_order_id,
        )
        opened = actions.open_order(tx, opening, policy, subject=actions.BY_ANSWER, now=now)
        if asked_about is not None:
            actions.follow(asked_about, opened)


def _is_worked_on(work_order: WorkOrder, answered_at: datetime) -> bool:
    """Whether it was open, because it was reopened after she was asked, when she answered."""
    return work_order.closed_at is None or work_order.closed_at > answered_at


async def ask_again(tx: AsyncSession, facts: Sequence[Delivered[WorkOrderClosed]]) -> None:
    """Invite whom a work order was for, if a journey wants it, unless it was reopened since.

    Whose data is not to be used is not asked.
    """
    step = await journeys.step_after(tx, Trigger.WORK_ORDER_CLOSED)
    if step is None:
        return
    for told in facts:
        # Its row is locked, so that a reopening either comes first and is seen here, or finds the invitation.
        work_order = await queries.held(tx, told.fact.work_order_id)
        if work_order is not None and work_order.closed_at != told.fact.closed_at:
            continue
        if await restricted(tx, await invitations.family(tx, told.fact.client_id)):
            continue
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
    on(AdvisorJoined, know_advisors, fills=("advisor",)),
    on(AnswerSubmitted, put_right),
    on(WorkOrderClosed, ask_again),
]
