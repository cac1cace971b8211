"""When a client may be shown to who receives her."""

from datetime import datetime, timedelta

from services.appointments.bookings.rules import Status

AFTERWARDS = timedelta(hours=24)  # to write down what was said and wished


def expected(status: Status, *, completed_at: datetime | None, now: datetime) -> bool:
    """Whether she is booked or there, or has been there within the last day: the reason for showing her."""
    if status in {Status.CONFIRMED, Status.CHECKED_IN}:
        return True
    return status is Status.COMPLETED and completed_at is not None and now < completed_at + AFTERWARDS
