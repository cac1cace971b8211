"""Who books, receives and reads, and how an appointment is shown to whom."""

from typing import Any

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.wire import etag
from services.appointments.bookings.actions.wording import opened
from services.appointments.bookings.schemas.appointments import (
    AppointmentView,
    DetailedView,
    HerAppointmentView,
    HerDetailedView,
)
from services.appointments.bookings.schemas.words import Words
from services.appointments.bookings.tables import Appointment, Proposal

BOOKS = (Role.CLIENT, Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER)
RECEIVES = (Role.ADVISOR, Role.MANAGER)
LEADS = (Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
READS = (
    Role.ADVISOR,
    Role.CLIENT_SERVICE,
    Role.AFTER_SALES,
    Role.EVENTS,
    Role.MANAGER,
    Role.REGIONAL,
    Role.HEADQUARTERS,
    Role.SERVICE,
)

# A client is not told why this advisor receives her.
Shown = DetailedView | HerDetailedView


def shown(
    tx: AsyncSession, appointment: Appointment, response: Response, by: Caller, *, proposal: Proposal | None = None
) -> Shown:
    """An appointment as this caller sees it. What was written is for her and for who speaks to her."""
    response.headers["ETag"] = etag(appointment.version)
    written = opened(tx, appointment) if by.role in BOOKS else None
    more: dict[str, Any] = {
        "words": Words.model_validate(written) if written else None,
        "proposal_id": proposal.proposal_id if proposal else None,
    }
    if by.role is Role.CLIENT:
        return HerDetailedView.model_validate({**dict(HerAppointmentView.model_validate(appointment)), **more})
    more["override_reason"] = written.override_reason if written else None
    return DetailedView.model_validate({**dict(AppointmentView.model_validate(appointment)), **more})
