"""Surveys over the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.wire import WORDS, Code, Form, Text, View
from services.feedback.surveys.rules import Asks, Status

Question = Annotated[str, Field(min_length=1, max_length=500, pattern=WORDS)]


class TitleForm(Form):
    """A title in both languages."""

    zh: Text
    en: Text


class WordsForm(Form):
    """A question's or an option's words in both languages."""

    zh: Question
    en: Question


class OptionForm(Form):
    """One choice of a choice question."""

    option_id: Code
    text: WordsForm


class QuestionForm(Form):
    """One question. Scores go from 0 to 10; a choice takes one of its options."""

    question_id: Code
    kind: Asks
    text: WordsForm
    required: bool = False
    options: list[OptionForm] = Field(default_factory=list, max_length=20)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        ids = {option.option_id for option in self.options}
        if len(ids) != len(self.options):
            raise ValueError("option ids repeat")
        if (self.kind is Asks.CHOICE) != (len(ids) > 1):
            raise ValueError("a choice has two options or more, other questions have none")
        return self


class SurveyForm(Form):
    """A new version of the survey `code`."""

    code: Code
    title: TitleForm
    questions: Annotated[list[QuestionForm], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        if len({question.question_id for question in self.questions}) != len(self.questions):
            raise ValueError("question ids repeat")
        return self


class WordsView(View):
    """Words in both languages."""

    zh: str
    en: str


class OptionView(View):
    """One choice."""

    option_id: str
    text: WordsView


class QuestionView(View):
    """One question."""

    question_id: str
    kind: Asks
    text: WordsView
    required: bool
    options: list[OptionView]


class SurveyView(View):
    """One version of a survey."""

    survey_id: UUID
    code: str
    version: int
    status: Status
    title: WordsView
    questions: list[QuestionView]
    created_at: datetime
    published_at: datetime | None
