"""What makes a survey fit to be put before a client."""

from collections.abc import Sequence
from enum import StrEnum

from infra.refusal import Kind, Refusal


class SurveyWithoutScore(Refusal):
    """A survey whose answers could not be compared or acted upon."""

    kind = Kind.INVALID
    slug = "survey-without-score"
    en = "A survey needs a required score question as the first of its score questions: it is the score of the answer."
    zh = "问卷的首个评分题必须存在且为必答题，其分数即答卷得分。"


class SurveyNotPublished(Refusal):
    """A draft was put where only a published survey may stand."""

    kind = Kind.CONFLICT
    slug = "survey-not-published"
    en = "This survey is still a draft. Publish it first."
    zh = "该问卷仍为草稿，请先发布。"


class Asks(StrEnum):
    """The kinds of question."""

    SCORE = "score"
    CHOICE = "choice"
    TEXT = "text"


class Status(StrEnum):
    """The life of a survey version."""

    DRAFT = "draft"
    PUBLISHED = "published"


def check_publishable(questions: Sequence[tuple[Asks, bool]]) -> None:
    """Questions as (kind, required), in order; raises SurveyWithoutScore."""
    scores = [required for kind, required in questions if kind is Asks.SCORE]
    if not scores or not scores[0]:
        raise SurveyWithoutScore
