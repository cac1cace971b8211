"""Journeys over the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.wire import Form, Text, View
from services.feedback.journeys.rules import Touchpoint

MONTH = 30 * 24 * 60  # minutes

DelayMinutes = Annotated[int, Field(ge=0, le=MONTH)]


class StepForm(Form):
    """Which survey follows a touchpoint, and how long after."""

    trigger: Touchpoint
    survey_id: UUID
    delay_minutes: DelayMinutes = 0


class JourneyForm(Form):
    """A named set of touchpoints."""

    name: Text
    steps: Annotated[list[StepForm], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _asks_once(self) -> Self:
        if len({step.trigger for step in self.steps}) != len(self.steps):
            raise ValueError("a touchpoint repeats")
        return self


class StepView(View):
    """Which survey follows a touchpoint."""

    trigger: Touchpoint
    survey_id: UUID
    delay_minutes: int


class JourneyView(View):
    """A named set of touchpoints."""

    journey_id: UUID
    name: str
    steps: list[StepView]
    created_at: datetime
