"""Which times are free, and why others are not; what is asked most stands here."""

from services.appointments.availability.rules.judging import judge_time
from services.appointments.availability.rules.slots import (
    Alternative,
    alternatives,
    free,
    free_for,
    next_on_grid,
    on_grid,
    slots,
    starts,
)
from services.appointments.availability.rules.terms import (
    Actor,
    AdvisorTime,
    Claim,
    Kind,
    Lack,
    Outlook,
    RoomTime,
    Slot,
    Terms,
    earliest,
    only,
)

__all__ = [
    "Actor",
    "AdvisorTime",
    "Alternative",
    "Claim",
    "Kind",
    "Lack",
    "Outlook",
    "RoomTime",
    "Slot",
    "Terms",
    "alternatives",
    "earliest",
    "free",
    "free_for",
    "judge_time",
    "next_on_grid",
    "on_grid",
    "only",
    "slots",
    "starts",
]
