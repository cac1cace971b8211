"""Wire models of the door."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.wire import Form, View
from services.appointments.availability.schemas import PartySize
from services.appointments.visits.rules.stays import LeftHow, Often, Status, Telling
from services.appointments.visits.rules.tally import Coverage

# A city of GB/T 2260 (310000 is Shanghai), or a country of ISO 3166-1: a code, so that nobody writes of a person here.
City = Annotated[str, Field(pattern=r"^([1-9][0-9]{5}|[A-Z]{2})$", examples=["310000", "FR"])]
ArrivalCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{38}$")]
BucketStart = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5, examples=["10:00"])]
Entries = Annotated[int, Field(ge=0, le=100_000)]


class VisitForm(Form):
    """Somebody has entered; the boutique is enough. `waits`: she wants to be received, and has a turn in the queue."""

    boutique_id: UUID
    waits: bool = True
    party_size: PartySize | None = None
    client_id: UUID | None = None


class ArrivalForm(Form):
    """Whose appointment it is: the code she shows, the appointment, or the client found by her name or phone."""

    boutique_id: UUID
    arrival_code: ArrivalCode | None = None
    appointment_id: UUID | None = None
    client_id: UUID | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.arrival_code, self.appointment_id, self.client_id)) != 1:
            raise ValueError("say whose appointment it is in exactly one way")
        return self


class VisitPatch(Form):
    """What is known by now; what is left out stays, null is that it is not known."""

    home_city: City | None = None
    visits_this_month: Often | None = None
    party_size: PartySize | None = None
    client_id: UUID | None = None
    served_by: UUID | None = None
    # The default is never read: it keeps an explicit null from being taken for "left out".
    waits: bool = True


class ServeForm(Form):
    """Who receives her; without `advisor_id` the advisor who says so."""

    advisor_id: UUID | None = None


class VisitView(View):
    """Somebody who entered. `left_how` after-closing: nobody saw her go, so that her stay is in no figure.

    What was shown, tried and wished for stands in `POST /v1/appointments/{id}/outcome`, by the appointment's id or, of
    a walk-in who is a known client, by the visit's.
    """

    visit_id: UUID
    boutique_id: UUID
    on_day: date
    turn: int
    status: Status
    arrived_at: datetime
    is_booked: bool
    appointment_id: UUID | None
    client_id: UUID | None
    advisor_id: UUID | None
    party_size: int | None
    home_city: str | None
    visits_this_month: Often | None
    called_at: datetime | None
    telling: Telling | None
    served_at: datetime | None
    served_by: UUID | None
    left_at: datetime | None
    left_how: LeftHow | None
    version: int


class QueueView(View):
    """Who waits, in the order of arrival; at most 200."""

    items: list[VisitView]


class ArrivalCodeView(View):
    """What she shows at the door, as a QR code; of no use to anybody else."""

    arrival_code: str


class TallyForm(Form):
    """How many entered."""

    entries: Entries


class BucketView(View):
    """One stretch of the day. `entries` is what was counted or, if somebody entered a number by hand, that one.

    `people` are those counted with whom they came with, as far as that is known.
    """

    starts: str
    ends: str
    coverage: Coverage
    entries: int | None
    counted: int
    people: int
    entered: int | None
    entered_by: str | None
    entered_at: datetime | None
    version: int


class TallyView(View):
    """A boutique's day in stretches of two open hours. `outside`: counted while closed; `gaps`: nobody counted."""

    boutique_id: UUID
    on_day: date
    buckets: list[BucketView]
    entries: int
    outside: int
    gaps: int
