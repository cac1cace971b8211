"""When a client may be shown to who receives her."""

from datetime import datetime, timedelta

from services.appointments.bookings.rules import Status

AROUND_A_VISIT = timedelta(hours=24)  # a visit is prepared and followed up for so long; profile opens her as long


def expected(
    status: Status,
    *,
    starts_at: datetime,
    ends_at: datetime,
    arrived_at: datetime | None,
    completed_at: datetime | None,
    now: datetime,
) -> bool:
    """Whether she is present as profile sees it: from a day before her visit until a day after it."""
    if status not in {Status.CONFIRMED, Status.CHECKED_IN, Status.COMPLETED}:
        return False
    # She may come earlier or later than agreed; once she has left, only that counts.
    first = min(starts_at - AROUND_A_VISIT, arrived_at or starts_at)
    last = completed_at or max(ends_at, arrived_at or ends_at)
    return first <= now < last + AROUND_A_VISIT


def receives(status: Status, *, here: bool) -> bool:
    """Whether the pieces for a visit are laid out even by who may not see the client: she comes, and comes here."""
    return here and status in {Status.CONFIRMED, Status.CHECKED_IN}
