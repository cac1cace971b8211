"""Wire models of bookings."""

from services.appointments.bookings.schemas.appointments import (
    AppointmentView,
    HerAppointmentView,
    HoldForm,
    MoveForm,
    ReassignmentView,
)

__all__ = ["AppointmentView", "HerAppointmentView", "HoldForm", "MoveForm", "ReassignmentView"]
