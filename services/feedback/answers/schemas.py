"""Answers over the wire."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.wire import WORDS, Code, Form, View
from services.feedback.surveys.schemas import QuestionView, WordsView

TEXT_LIMIT = 2000  # characters of one reply

Score = Annotated[int, Field(ge=0, le=10)]
Reply = Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT, pattern=WORDS)]


class ReplyForm(Form):
    """The reply to one question: a score, a choice or a text."""

    question_id: Code
    score: Score | None = None
    choice: Code | None = None
    text: Reply | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if [self.score, self.choice, self.text].count(None) != 2:  # noqa: PLR2004 - three minus one
            raise ValueError("give exactly one of score, choice, text")
        return self


class AnswerForm(Form):
    """One client's whole reply."""

    answers: Annotated[list[ReplyForm], Field(min_length=1, max_length=20)]


class LinkView(View):
    """What lies behind a link: the questions, and nothing about who was asked."""

    title: WordsView
    questions: list[QuestionView]
    expires_at: datetime


class ReceivedView(View):
    """An answer has arrived."""

    status: Literal["received"] = "received"
    answered_at: datetime


class ReplyView(View):
    """The reply to one question."""

    question_id: str
    score: int | None = None
    choice: str | None = None
    text: str | None = None


class AnswerView(View):
    """One client's whole reply, as staff read it. `comment` joins all she wrote, for those who may read it."""

    answer_id: UUID
    invitation_id: UUID
    survey_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID | None
    appointment_id: UUID | None
    work_order_id: UUID | None
    score: int
    comment: str | None
    replies: list[ReplyView]
    answered_at: datetime
