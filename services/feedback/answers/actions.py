"""What a client does behind her link."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.eventlog.outbox import record
from infra.ids import new_id
from services.feedback.answers.events import AnswerSubmitted
from services.feedback.answers.queries import behind
from services.feedback.answers.rules import Asked, Reply, judge
from services.feedback.answers.tables import Answer
from services.feedback.invitations import queries as invitations
from services.feedback.invitations.actions import inviting


async def submit(tx: AsyncSession, token_hash: bytes, replies: Sequence[Reply], *, now: datetime) -> Answer:
    """Take an answer, once per link. Raises NotFound, LinkUsed, LinkExpired or AnswerDoesNotFit."""
    link = await behind(tx, token_hash, now=now)
    asked = [
        Asked(
            question_id=question["question_id"],
            kind=question["kind"],
            required=question["required"],
            options=frozenset(option["option_id"] for option in question["options"]),
        )
        for question in link.questions
    ]
    judged = judge(asked, replies)
    await inviting.spend(tx, token_hash, now=now)
    invitation = await invitations.by_token(tx, token_hash)
    answer_id = new_id()
    texts = {reply.question_id: reply.text for reply in replies if reply.text is not None}
    answer = Answer(
        brand_id=tx.info["brand_id"],
        answer_id=answer_id,
        invitation_id=invitation.invitation_id,
        survey_id=invitation.survey_id,
        client_id=invitation.client_id,
        boutique_id=invitation.boutique_id,
        advisor_id=invitation.advisor_id,
        appointment_id=invitation.appointment_id,
        work_order_id=invitation.work_order_id,
        score=judged.score,
        replies=[
            {"question_id": reply.question_id, "score": reply.score, "choice": reply.choice}
            for reply in replies
            if reply.text is None
        ],
        words=keyring(tx).seal("answer", "words", answer_id, json.dumps(texts)) if texts else None,
        answered_at=now,
    )
    tx.add(answer)
    submitted = AnswerSubmitted(
        answer_id=answer_id,
        invitation_id=answer.invitation_id,
        survey_id=answer.survey_id,
        client_id=answer.client_id,
        boutique_id=answer.boutique_id,
        advisor_id=answer.advisor_id,
        appointment_id=answer.appointment_id,
        work_order_id=answer.work_order_id,
        score=answer.score,
        has_comment=bool(judged.comment),
    )
    record(tx, submitted, occurred_at=now)
    return answer
