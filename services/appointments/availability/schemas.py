"""Wire models of free times."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field

from infra.wire import Spelled, View


def _usable(moment: datetime) -> datetime:
    # No visit lies outside, and within no offset leads out of the calendar.
    if moment.tzinfo is None or not 2000 < moment.year < 2100:  # noqa: PLR2004
        raise ValueError("must have an offset and lie between 2001 and 2099")
    return moment.astimezone(UTC)


def instant(value: str) -> datetime:
    """The instant inside a cursor; raises ValueError for one that was made up."""
    return _usable(datetime.fromisoformat(value))


# An instant with an offset, as UTC.
Instant = Annotated[AwareDatetime, Spelled, AfterValidator(_usable)]

# Larger parties are an event. Where a room is needed, the largest one may allow fewer.
PartySize = Annotated[int, Field(ge=1, le=20)]


class SlotView(View):
    """A free time and who is free for it: her own advisor first."""

    starts_at: datetime
    ends_at: datetime
    advisor_ids: list[UUID]
