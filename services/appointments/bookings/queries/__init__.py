"""Reads of bookings, always through the eyes of a caller."""

from services.appointments.bookings.queries.appointments import (
    agreed_with,
    ahead,
    appointments,
    assisted_by,
    canonicals,
    eyes,
    has_locked,
    in_the_way,
    must_not_wait,
    occupied,
    reassignments,
    visible,
)
from services.appointments.bookings.queries.counts import Standing, candidates, standing
from services.appointments.bookings.queries.upset import UPSET, is_upset

__all__ = [
    "UPSET",
    "Standing",
    "agreed_with",
    "ahead",
    "appointments",
    "assisted_by",
    "candidates",
    "canonicals",
    "eyes",
    "has_locked",
    "in_the_way",
    "is_upset",
    "must_not_wait",
    "occupied",
    "reassignments",
    "standing",
    "visible",
]
