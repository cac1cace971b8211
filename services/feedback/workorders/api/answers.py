"""The list of answers. It stands here because who must put one right may read its words."""

from collections.abc import Mapping
from uuid import UUID

from infra import wire
from infra.app import By, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.wire import After, Limit, Page, read_id_cursor
from services.feedback.answers.queries import page, texts
from services.feedback.answers.schemas import AnswerView, ReplyView
from services.feedback.answers.tables import Answer
from services.feedback.invitations.queries import canonical
from services.feedback.workorders.queries import of_answers, reads_words

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
    cursor: After = None,
    limit: Limit = 50,
) -> Page[AnswerView]:
    """List answers, newest first. An advisor sees those on her own visits, the words of what she must put right."""
    of = f"answers:{boutique_id}:{client_id}:{survey_id}"
    found = await page(
        tx,
        by=by,
        boutique_id=boutique_id,
        client_id=client_id,
        survey_id=survey_id,
        before=read_id_cursor(cursor, of=of),
        limit=limit + 1,
    )
    merged = await canonical(tx, {answer.client_id for answer in found})
    opened = await of_answers(tx, [answer.answer_id for answer in found])
    assignees = {answer_id: order.assignee_id for answer_id, order in opened.items()}
    items = [
        _view(
            answer,
            client_id=merged[answer.client_id],
            words=texts(tx, answer) if reads_words(by, assignee_id=assignees.get(answer.answer_id)) else {},
        )
        for answer in found[:limit]
    ]
    more = wire.cursor(items[-1].answer_id, of=of) if len(found) > limit else None
    return Page(items=items, next_cursor=more)


def _view(answer: Answer, *, client_id: UUID, words: Mapping[str, str]) -> AnswerView:
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
        comment="\n".join(words.values()) or None,
        replies=[
            *[ReplyView.model_validate(reply) for reply in answer.replies],
            *[ReplyView(question_id=question_id, text=text) for question_id, text in words.items()],
        ],
        answered_at=answer.answered_at,
    )
