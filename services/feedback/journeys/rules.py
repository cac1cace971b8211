"""What makes us ask a client, and what of it journeys are made of."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from uuid import UUID


class Trigger(StrEnum):
    """What made us ask: a touchpoint of a journey, or somebody of the house."""

    VISIT_COMPLETED = "visit-completed"
    WORK_ORDER_CLOSED = "work-order-closed"
    MANUAL = "manual"


Touchpoint = Literal[Trigger.VISIT_COMPLETED, Trigger.WORK_ORDER_CLOSED]


@dataclass(frozen=True)
class Step:
    """Which survey follows a touchpoint, and how long after."""

    trigger: Touchpoint
    survey_id: UUID
    delay_minutes: int
