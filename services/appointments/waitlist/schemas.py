"""How the waiting list goes over the wire. What a client sees names no reason and no segment."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.wire import Form, View
from services.appointments.availability.schemas import PartySize
from services.appointments.directory.rules import overlapping
from services.appointments.directory.schemas.places import Day, Stretch
from services.appointments.occasions.rules.life import Segment
from services.appointments.waitlist.queries import OFFER_MINUTES, Setting
from services.appointments.waitlist.rules import Status, Wish
from services.appointments.waitlist.tables import Entry, Offer


class WaitForm(Form):
    """What she waits for: an experience at a boutique, on any day of a range, at some times of the day or any.

    A client waits for herself; the house's people say for whom (`client_id`). Without `advisor_id`: anybody.
    """

    boutique_id: UUID
    experience_id: UUID
    client_id: UUID | None = None
    advisor_id: UUID | None = None
    from_on: Day
    until_on: Day
    hours: Annotated[list[Stretch], Field(max_length=4)] = Field(default=[])
    party_size: PartySize = 1

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if overlapping([one.minutes for one in self.hours]):
            raise ValueError("times of the day may not overlap")
        return self

    def wish(self) -> Wish:
        """The wish it describes."""
        return Wish(
            self.boutique_id,
            self.experience_id,
            self.client_id,
            self.advisor_id,
            self.from_on,
            self.until_on,
            tuple(one.minutes for one in self.hours),
            self.party_size,
        )


class OfferView(View):
    """A time that is kept for her until `expires_at`: confirming the appointment is accepting it."""

    offer_id: UUID
    appointment_id: UUID
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime


class HerWaitView(View):
    """Her place on the list, and the time she is offered, if there is one."""

    entry_id: UUID
    boutique_id: UUID
    experience_id: UUID
    advisor_id: UUID | None
    from_on: Day
    until_on: Day
    hours: list[Stretch]
    party_size: int
    status: Status
    joined_at: datetime
    ended_at: datetime | None
    offer: OfferView | None
    version: int


class WaitView(HerWaitView):
    """The same, as the house sees it. `reason`: why she could not be asked last time, or why her waiting ended."""

    client_id: UUID
    made_by: str
    reason: str | None


class WaitlistPolicyForm(Form):
    """Segments that are asked first, in this order; none: whoever came first. And how long a time is kept."""

    priority: Annotated[list[Segment], Field(max_length=len(Segment))] = Field(default=[])
    offer_minutes: Annotated[int, Field(ge=10, le=1440)] = OFFER_MINUTES

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        if len(set(self.priority)) < len(self.priority):
            raise ValueError("each segment may stand once")
        return self


class WaitlistPolicyView(View):
    """The setting in force; version 0: nobody has set any."""

    priority: list[Segment]
    offer_minutes: int
    version: int

    @classmethod
    def of(cls, one: Setting) -> "WaitlistPolicyView":
        """The view of a setting."""
        return cls(priority=list(one.priority), offer_minutes=one.offer_minutes, version=one.version)


def shown(entry: Entry, offer: Offer | None, *, to_client: bool) -> WaitView | HerWaitView:
    """The view of an entry for whoever asks. An offer that is not told yet is nobody's to answer."""
    view = HerWaitView if to_client else WaitView
    own = {"hours", "offer"}
    named = {name: getattr(entry, name) for name in view.model_fields if name not in own}
    hours = [Stretch(starts=_clock(starts), ends=_clock(ends)) for starts, ends in entry.hours]
    told = offer if offer is not None and offer.offered_at is not None else None
    if told is None and to_client and entry.status == Status.OFFERED:
        named["status"] = Status.WAITING
    return view.model_validate(
        {**named, "hours": hours, "offer": OfferView.model_validate(told) if told is not None else None}
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
