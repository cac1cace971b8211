"""The list of answers."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncSession

from infra import wire
from infra.app import By, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.wire import Limit, Page
from services.feedback.answers import queries
from services.feedback.answers.schemas import AnswerView, ReplyView
from services.feedback.answers.tables import Answer
from services.feedback.invitations.queries import canonical
from services.feedback.surveys.queries import id_in

routes = router()


@routes.get("/answers")
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def answers(
    tx: Transaction,
    by: By,
    *,
    boutique_id: UUID | None = None,
    client_id: UUID | None = None,
    survey_id: UUID | None = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Limit = 50,
) -> Page[AnswerView]:
    """List answers, newest first. An advisor sees those about her own visits."""
    of = f"answers:{boutique_id}:{client_id}:{survey_id}"
    found = await queries.page(
        tx,
        by=by,
        boutique_id=boutique_id,
        client_id=client_id,
        survey_id=survey_id,
        before=id_in(cursor, of=of),
        limit=limit + 1,
    )
    merged = await canonical(tx, {answer.client_id for answer in found})
    items = [_view(tx, answer, client_id=merged[answer.client_id]) for answer in found[:limit]]
    more = wire.cursor(items[-1].answer_id, of=of) if len(found) > limit else None
    return Page(items=items, next_cursor=more)


def _view(tx: AsyncSession, answer: Answer, *, client_id: UUID) -> AnswerView:
    texts = queries.texts(tx, answer)
    return AnswerView(
        answer_id=answer.answer_id,
        invitation_id=answer.invitation_id,
        survey_id=answer.survey_id,
        client_id=client_id,
        boutique_id=answer.boutique_id,
        advisor_id=answer.advisor_id,
        appointment_id=answer.appointment_id,
        work_order_id=answer.work_order_id,
        score=answer.score,
        comment="\n".join(texts.values()) or None,
        replies=[
            *[ReplyView.model_validate(reply) for reply in answer.replies],
            *[ReplyView(question_id=question_id, text=text) for question_id, text in texts.items()],
        ],
        answered_at=answer.answered_at,
    )
