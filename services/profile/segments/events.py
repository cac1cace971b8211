"""What we announce about segments."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact
from services.profile.segments.rules import Lifecycle, Segment


class SegmentChanged(Fact):
    """A client's current segment is another one, or known for the first time (`before` null)."""

    type: ClassVar[str] = "profile.segment-changed.v1"
    aggregate: ClassVar[str] = "client_id"

    client_id: UUID
    before: Segment | None
    segment: Segment
    as_of: date


class LifecycleChanged(Fact):
    """A client is at another stage of life with the house, or at one for the first time (`before` null)."""

    type: ClassVar[str] = "profile.lifecycle-changed.v1"
    aggregate: ClassVar[str] = "client_id"

    client_id: UUID
    before: Lifecycle | None
    lifecycle: Lifecycle
    as_of: date
