"""Impact assessments on the wire."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import Text
from services.profile.registers.rules.activities import AssessedFor
from services.profile.registers.rules.assessments import Outcome
from services.profile.registers.schemas.entries import EntryForm, EntryView, Words


class AssessmentForm(EntryForm):
    """One impact assessment, with the three things the law wants looked at (PIPL, article 56).

    Whether purpose and manner are lawful and necessary, what it means for people and how likely, whether the
    measures are enough.
    """

    activity_ids: Annotated[list[UUID], Field(min_length=1, max_length=50)]
    reasons: Annotated[list[AssessedFor], Field(min_length=1, max_length=len(AssessedFor))]
    necessity: Words
    risks: Words
    measures: Words
    outcome: Outcome
    reviewer: Text
    assessed_on: date
    next_review_on: date


class AssessmentView(EntryView):
    """One assessment. `holds`: it was accepted, is not closed, and its review is not overdue."""

    assessment: AssessmentForm
    holds: bool
