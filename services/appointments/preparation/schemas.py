"""Wire models of the sheet, of what is laid out, and of a boutique's morning."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.wire import WORDS, Code, Form, Text, View
from services.appointments.bookings.rules import Status
from services.appointments.bookings.schemas import AppointmentView
from services.appointments.preparation.rules import Missing, Note

Part = dict[str, Any]


class LaidPieceForm(Form):
    """A piece that is laid aside for the visit, or asked for from elsewhere."""

    piece_code: Code
    state: Literal["reserved", "requested"]


class ArrangementForm(Form):
    """What is laid out for a visit; what is not named is none. What she must not have is no word for here.

    An allergy is a sensitive item of her record.
    """

    refreshments: Text | None = None
    room_setup: Annotated[str, Field(min_length=1, max_length=500, pattern=WORDS)] | None = None
    pieces: Annotated[list[LaidPieceForm], Field(default=[], max_length=20)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({one.piece_code for one in self.pieces}) < len(self.pieces):
            raise ValueError("a piece stands twice in the list")
        return self


class LaidPieceView(View):
    """A piece that is reserved here, or requested from elsewhere."""

    piece_code: str
    state: Literal["reserved", "requested"]


class ArrangementView(View):
    """What is laid out for a visit, and by whom; version 0 while nothing is."""

    appointment_id: UUID
    refreshments: str | None
    room_setup: str | None
    pieces: list[LaidPieceView]
    arranged_by: str | None
    arranged_at: datetime | None
    version: int


class AnsweredView(View):
    """A question that the experience asks before the visit, and what she answered."""

    code: str
    text_zh: str
    text_en: str
    answer: str | None


class WordsView(View):
    """What came with the booking, in her words: wishes, what is to be made, answers. Null where there was none."""

    requests: str | None
    configuration: Part | None
    answers: list[AnsweredView]


class PreparationView(View):
    """What an advisor reads before a visit. A part that is missing is null and its note says why.

    `card_note` is about everything that profile tells: the card, preferences, conversations, notes, purchases, wishes
    and gifts. `reference` is what the visit is called in calendars.
    """

    appointment: AppointmentView
    reference: str
    zone: str
    boutique_name_zh: str
    boutique_name_en: str
    experience_name_zh: str
    experience_name_en: str
    advisor_id: UUID
    advisor_name: str | None
    room_name_zh: str | None
    room_name_en: str | None
    words: WordsView
    arrangement: ArrangementView | None
    card: Part | None
    preferences: list[Part] | None
    conversations: list[Part] | None
    notes: list[Part] | None
    purchases: list[Part] | None
    wishes: list[Part] | None
    gifts: list[Part] | None
    card_note: Note | None
    work_orders: list[Part] | None
    work_orders_note: Note | None
    assortment: Part | None
    assortment_note: Note | None


class MorningVisitView(View):
    """One visit of a day: who comes, who receives her where, what is due to her, what is still missing."""

    appointment_id: UUID
    reference: str
    status: Status
    starts_at: datetime
    ends_at: datetime
    party_size: int
    mode: str
    experience_name_zh: str
    experience_name_en: str
    advisor_id: UUID
    advisor_name: str | None
    room_name_zh: str | None
    room_name_en: str | None
    refreshments: str | None
    room_setup: str | None
    card: Part | None
    card_note: Note | None
    gifts_due: int | None
    work_orders_open: int | None
    pieces: int | None
    missing: list[Missing]


class MorningBriefView(View):
    """A boutique's day in the order of its visits. The notes say which service could not be asked.

    `more`: there are more than the two hundred visits that are shown.
    """

    boutique_id: UUID
    boutique_name_zh: str
    boutique_name_en: str
    zone: str
    on: date
    composed_at: datetime
    visits: list[MorningVisitView]
    more: bool
    profile_note: Note | None
    work_orders_note: Note | None
    assortments_note: Note | None
