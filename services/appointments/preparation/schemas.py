"""The wire model of the sheet."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from infra.wire import View
from services.appointments.bookings.schemas import AppointmentView


class Note(StrEnum):
    """Why a part of the sheet is empty; the console says it in words."""

    AWAY = "away"  # the service that knows does not answer just now
    REFUSED = "refused"  # it does not tell
    NONE_PREPARED = "none-prepared"  # nobody has chosen pieces yet
    NOT_EXPECTED = "not-expected"  # no visit is due, so there is no reason to show her


class PreparationView(View):
    """What an advisor reads before a visit. A part that is missing is null and its note says why."""

    appointment: AppointmentView
    boutique_name_zh: str
    boutique_name_en: str
    experience_name_zh: str
    experience_name_en: str
    advisor_id: UUID
    room_name_zh: str | None
    room_name_en: str | None
    card: dict[str, Any] | None
    card_note: Note | None
    assortment: dict[str, Any] | None
    assortment_note: Note | None
