"""Future VICs on the wire."""

from datetime import date
from uuid import UUID

from infra.wire import View
from services.profile.segments.rules import Segment
from services.profile.segments.schemas.standing import ReasonView


class FutureVicView(View):
    """A client who may become a VIC within a year: the probability, what speaks for it, and whose client she is."""

    client_id: UUID
    display_name: str
    segment: Segment
    score: float
    reasons: list[ReasonView]
    scored_on: date
    owner_advisor_id: UUID | None
    boutique_id: UUID | None
