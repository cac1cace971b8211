"""How an answer fits the survey it was given to."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.refusal import Kind, Refusal


class AnswerDoesNotFit(Refusal):
    """A reply that the survey did not ask for, or a required one that is missing."""

    kind = Kind.MALFORMED
    slug = "answer-does-not-fit"
    en = "The answer does not fit the survey. See `errors`: answer every required question in the way it asks."
    zh = "答卷与问卷不符，请按 errors 的提示补全必答题并使用题目要求的作答方式。"


@dataclass(frozen=True)
class Asked:
    """A question as far as a reply must fit it: `kind` is score, choice or text."""

    question_id: str
    kind: str
    required: bool = False
    options: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reply:
    """The reply to one question; exactly one of the three is given."""

    question_id: str
    score: int | None = None
    choice: str | None = None
    text: str | None = None

    @property
    def kind(self) -> str:
        """The kind of question it replies to."""
        if self.score is not None:
            return "score"
        return "choice" if self.choice is not None else "text"


@dataclass(frozen=True)
class Judged:
    """What an answer comes to: `score` is that of the first score question."""

    score: int
    comment: str


def judge(asked: Sequence[Asked], replies: Sequence[Reply]) -> Judged:
    """The score and the words of an answer; raises AnswerDoesNotFit with every misfit by question."""
    questions = {question.question_id: question for question in asked}
    given = {reply.question_id: reply for reply in replies}
    errors = [_error(reply, questions.get(reply.question_id)) for reply in replies]
    if len(given) != len(replies):
        errors.append({"pointer": "/answers", "code": "repeated"})
    errors += [
        {"pointer": "/answers", "code": "required", "question_id": question.question_id}
        for question in asked
        if question.required and question.question_id not in given
    ]
    wrong = [error for error in errors if error]
    if wrong:
        raise AnswerDoesNotFit(errors=wrong)
    scores = [given[question.question_id].score for question in asked if question.question_id in given]
    texts = [given[question.question_id].text for question in asked if question.question_id in given]
    score = next((score for score in scores if score is not None), None)
    if score is None:  # the first score question is required in every published survey
        raise AnswerDoesNotFit(errors=[{"pointer": "/answers", "code": "required"}])
    return Judged(score=score, comment="\n".join(text for text in texts if text))


def _error(reply: Reply, question: Asked | None) -> dict[str, str] | None:
    if question is None:
        # What she sent is not said back: it may hold anything.
        return {"pointer": "/answers", "code": "unknown-question"}
    misfit = {"pointer": "/answers", "question_id": question.question_id}
    if reply.kind != question.kind:
        return {**misfit, "code": f"wants-{question.kind}"}
    if reply.choice is not None and reply.choice not in question.options:
        return {**misfit, "code": "unknown-option"}
    return None
