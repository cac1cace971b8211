"""The touchpoints after which a client may be asked."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Touchpoint(StrEnum):
    """What has just happened when the question comes."""

    VISIT_COMPLETED = "visit-completed"
    WORK_ORDER_CLOSED = "work-order-closed"


@dataclass(frozen=True)
class Step:
    """Which survey follows a touchpoint, and how long after."""

    trigger: Touchpoint
    survey_id: UUID
    delay_minutes: int
