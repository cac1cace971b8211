"""Impact assessments: what they came to, and how long they hold."""

from datetime import date
from enum import StrEnum

from infra.refusal import Kind, Refusal


class Outcome(StrEnum):
    """What an assessment came to."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_MEASURES = "accepted-with-measures"
    REFUSED = "refused"


class ReviewBeforeAssessment(Refusal):
    """The next review lies before the assessment."""

    kind = Kind.MALFORMED
    slug = "review-before-assessment"
    en = "The next review must be after the day of the assessment."
    zh = "下次复审日期须晚于评估日期。"


class ActivityUnknown(Refusal):
    """An assessment is about activities that stand in the register."""

    kind = Kind.CONFLICT
    slug = "activity-unknown"
    en = "An assessment is about activities of the register. Enter the activity first, and name its id."
    zh = "影响评估须针对登记册中的处理活动，请先登记该活动并填写其编号。"


def check_days(assessed_on: date, next_review_on: date) -> None:
    """Raise ReviewBeforeAssessment."""
    if next_review_on <= assessed_on:
        raise ReviewBeforeAssessment


def holds(outcome: Outcome, next_review_on: date, *, today: date) -> bool:
    """Whether what was assessed may go on: it was accepted, and its review is not overdue."""
    return outcome is not Outcome.REFUSED and today <= next_review_on
