"""How the settings of occasions go over the wire."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.wire import Form, View
from services.appointments.occasions.queries.occasions import Setting
from services.appointments.occasions.rules.fatigue import FatiguePolicy
from services.appointments.occasions.rules.life import Segment
from services.appointments.occasions.schemas.occasions import Segments, once


class OccasionPolicyForm(Form):
    """A brand's patience with its clients, and who is asked first when a seat is free again.

    At most `most_invitations` within `within_days`; with `alternates` never two of a kind in a row; after `declines` of
    a kind by a client of `pauses_for`, none of that kind for `pause_days`. Without a `wait_order` time alone counts.
    """

    most_invitations: Annotated[int, Field(ge=1, le=100)] = 3
    within_days: Annotated[int, Field(ge=1, le=366)] = 30
    alternates: bool = True
    declines: Annotated[int, Field(ge=1, le=20)] = 2
    pause_days: Annotated[int, Field(ge=1, le=1000)] = 180
    pauses_for: Segments = Field(default=[Segment.VIC])
    wait_order: Segments = Field(default=[])
    offer_minutes: Annotated[int, Field(ge=5, le=10_080)] = 720

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        once(self.pauses_for)
        once(self.wait_order)
        return self

    def policy(self) -> FatiguePolicy:
        """The rules it describes."""
        given = self.model_dump()
        return FatiguePolicy(**{**given, "pauses_for": tuple(self.pauses_for), "wait_order": tuple(self.wait_order)})


class OccasionPolicyView(View):
    """The settings in force; version 0: nobody has set any."""

    most_invitations: int
    within_days: int
    alternates: bool
    declines: int
    pause_days: int
    pauses_for: list[Segment]
    wait_order: list[Segment]
    offer_minutes: int
    version: int

    @classmethod
    def of(cls, one: Setting) -> "OccasionPolicyView":
        """The view of the settings."""
        named = {name: getattr(one.policy, name) for name in cls.model_fields if name != "version"}
        return cls.model_validate({**named, "version": one.version})
