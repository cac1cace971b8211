"""Facts that the door announces."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact


class VisitorArrived(Fact):
    """Somebody entered. With a client and an advisor, that advisor is to hear of it at once.

    `advisor_id`: of her appointment, or whose client she is.
    """

    type: ClassVar[str] = "appointments.visitor-arrived.v1"
    aggregate: ClassVar[str] = "visit_id"

    visit_id: UUID
    boutique_id: UUID
    client_id: UUID | None
    advisor_id: UUID | None
    appointment_id: UUID | None
    arrived_at: datetime


class VisitorRecognised(Fact):
    """It became known who somebody is who had entered unknown; null: that it is not who she was taken for.

    `advisor_id` is whose client she is, while she is still there.
    """

    type: ClassVar[str] = "appointments.visitor-recognised.v1"
    aggregate: ClassVar[str] = "visit_id"

    visit_id: UUID
    boutique_id: UUID
    client_id: UUID | None
    advisor_id: UUID | None
    arrived_at: datetime


class VisitLeft(Fact):
    """She has left after so many minutes; null where nobody saw her go."""

    type: ClassVar[str] = "appointments.visit-left.v1"
    aggregate: ClassVar[str] = "visit_id"

    visit_id: UUID
    boutique_id: UUID
    client_id: UUID | None
    appointment_id: UUID | None
    left_at: datetime
    minutes: int | None
