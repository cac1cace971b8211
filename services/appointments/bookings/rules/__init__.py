"""What decides about bookings: the life of an appointment, its times, who receives her, and what clients may book."""

from services.appointments.bookings.rules.assigning import AssignedFor, Candidate, Reason, ranked
from services.appointments.bookings.rules.life import ARRIVAL, NEXT, OPEN, Status, Step, step
from services.appointments.bookings.rules.placing import Place, SlotTaken
from services.appointments.bookings.rules.policy import Policy

__all__ = [
    "ARRIVAL",
    "NEXT",
    "OPEN",
    "AssignedFor",
    "Candidate",
    "Place",
    "Policy",
    "Reason",
    "SlotTaken",
    "Status",
    "Step",
    "ranked",
    "step",
]
