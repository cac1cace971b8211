"""The link to a visit's file for her calendar, which needs no sign-in: whoever has it was told it."""

import base64
import hmac
import re
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from services.appointments.bookings.tables import Appointment

PURPOSE = "calendar.visit"
# brand slug, dot, the appointment, dot, 256 bits in base64url
_TOKEN = re.compile(r"([a-z0-9][a-z0-9_-]{0,62})\.([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")


def token_of(tx: AsyncSession, visit: Appointment) -> str:
    """The token of a visit: its id and a digest that only we can make, of the client too: it ends with her."""
    about = f"{visit.brand_id}:{visit.appointment_id}:{visit.client_id}"
    digest = base64.urlsafe_b64encode(keyring(tx).blind(PURPOSE, about)).rstrip(b"=").decode()
    return f"{visit.brand_id}.{visit.appointment_id.hex}.{digest}"


def meant(token: str) -> tuple[str, UUID] | None:
    """The brand and the appointment that a token names, true or not; None for what cannot be one."""
    match = _TOKEN.fullmatch(token)
    return (match[1], UUID(match[2])) if match else None


def is_true(tx: AsyncSession, token: str, visit: Appointment) -> bool:
    """Whether the token is one that we made for this visit."""
    return hmac.compare_digest(token.encode(), token_of(tx, visit).encode())


def link_of(tx: AsyncSession, visit: Appointment, *, public_url: str) -> str:
    """The address of a visit's file."""
    return f"{public_url}/calendars/{token_of(tx, visit)}.ics"
