"""Wire models of how a brand lets its clients book."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field

from infra.wire import Form, View
from services.appointments.bookings.queries.policy import Setting
from services.appointments.bookings.rules.policy import MINUTE, Consequence, Policy


class BookingPolicyForm(Form):
    """How long a time is kept, how many a client keeps and has to come, and what follows when she does not come.

    Who did not come `no_shows` times within `no_show_days` has her bookings approved, or books through the boutique. A
    proposal of the house stands for `proposal_minutes`.
    """

    hold_minutes: Annotated[int, Field(ge=1, le=30)] = 5
    most_holds: Annotated[int, Field(ge=1, le=20)] = 3
    most_open: Annotated[int, Field(ge=1, le=100)] = 10
    no_shows: Annotated[int, Field(ge=1, le=50)] = 3
    no_show_days: Annotated[int, Field(ge=1, le=1100)] = 180
    no_show_consequence: Consequence = Consequence.APPROVAL
    proposal_minutes: Annotated[int, Field(ge=15, le=20_160)] = 1440

    def policy(self) -> Policy:
        """The same as the rules know it."""
        return Policy(
            hold=timedelta(minutes=self.hold_minutes),
            most_holds=self.most_holds,
            most_open=self.most_open,
            no_shows=self.no_shows,
            no_show_window=timedelta(days=self.no_show_days),
            no_show_consequence=self.no_show_consequence,
            proposal=timedelta(minutes=self.proposal_minutes),
        )


class BookingPolicyView(View):
    """The policy in force, with the version to send back in If-Match; 0 is that nobody has set any."""

    hold_minutes: int
    most_holds: int
    most_open: int
    no_shows: int
    no_show_days: int
    no_show_consequence: Consequence
    proposal_minutes: int
    version: int

    @classmethod
    def of(cls, setting: Setting) -> Self:
        """The view of a setting."""
        policy = setting.policy
        return cls(
            hold_minutes=policy.hold // MINUTE,
            most_holds=policy.most_holds,
            most_open=policy.most_open,
            no_shows=policy.no_shows,
            no_show_days=policy.no_show_window.days,
            no_show_consequence=policy.no_show_consequence,
            proposal_minutes=policy.proposal // MINUTE,
            version=setting.version,
        )
