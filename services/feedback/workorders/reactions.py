"""What facts mean for work orders: an unhappy answer opens one, the answer to asking again closes the loop."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, TypeGuard
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import on
from services.feedback.workorders import actions, queries
from services.feedback.workorders.actions import Case
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
    done = await queries.answered_for(tx, [told.fact.answer_id for told in facts])
    for told in facts:
        if told.fact.answer_id in done:
            continue
        answer, now = told.fact, told.occurred_at
        policy = policy_for(answer.score, policies)
        follows = None
        if answer.work_order_id is not None:
            follows = await queries.held(tx, answer.work_order_id)
            if not _awaits(follows, now):
                continue
            actions.close_loop(tx, follows, answer_id=answer.answer_id, score=answer.score, now=now)
            # Failed twice is grave, whatever the score. What was closed stays closed, so its history stays true.
            policy = None if follows.recovered else policy_of(Severity.HIGH, policies)
        if policy is None:
            continue
        case = Case(
            client_id=answer.client_id,
            boutique_id=answer.boutique_id,
            advisor_id=answer.advisor_id,
            appointment_id=answer.appointment_id,
            answer_id=answer.answer_id,
            score=answer.score,
            follows_id=follows.work_order_id if follows else None,
        )
        opened = actions.open_case(tx, case, policy, subject=actions.BY_ANSWER, now=now)
        if follows is not None:
            follows.followed_by_id = opened.work_order_id


def _awaits(work_order: WorkOrder | None, answered_at: datetime) -> TypeGuard[WorkOrder]:
    """Whether she was being waited for: not when it was reopened after she was asked, nor once she has answered."""
    if work_order is None or work_order.closed_at is None or work_order.loop_closed_at is not None:
        return False
    return work_order.closed_at <= answered_at


REACTIONS = [on(AdvisorJoined, know_advisors), on(AnswerSubmitted, put_right)]
