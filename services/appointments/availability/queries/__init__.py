"""Reads of what is free; what is asked most stands here."""

from services.appointments.availability.queries.outlooks import (
    Surroundings,
    all_surroundings,
    outlook,
    outlooks,
    surroundings,
    terms,
)
from services.appointments.availability.queries.people import (
    Person,
    actor,
    check_offer,
    deputies,
    guests,
    is_invited,
    offer,
    open_to,
    person,
    stand_ins,
)
from services.appointments.availability.queries.taken import in_the_way, staffed, taken

__all__ = [
    "Person",
    "Surroundings",
    "actor",
    "all_surroundings",
    "check_offer",
    "deputies",
    "guests",
    "in_the_way",
    "is_invited",
    "offer",
    "open_to",
    "outlook",
    "outlooks",
    "person",
    "staffed",
    "stand_ins",
    "surroundings",
    "taken",
    "terms",
]
