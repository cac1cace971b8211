"""How occasions and their sessions go over the wire."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.wire import Form, LongText, Text, View
from services.appointments.availability.schemas import Instant
from services.appointments.occasions.queries.occasions import Seated
from services.appointments.occasions.queries.report import Tally
from services.appointments.occasions.rules.life import OccasionKind, Segment, Standing
from services.appointments.occasions.rules.seats import MOST_SESSIONS
from services.appointments.occasions.rules.wanted import NewOccasion, NewSession, SessionChange
from services.appointments.occasions.tables import Occasion, Session

LONGEST = timedelta(days=7)  # of one session
Seats = Annotated[int, Field(ge=1, le=10_000)]
PlusOnes = Annotated[int, Field(ge=0, le=10)]
Segments = Annotated[list[Segment], Field(max_length=len(Segment))]


class WindowForm(Form):
    """From when on clients of a segment are invited."""

    segment: Segment
    opens_at: Instant


class ReserveForm(Form):
    """Seats that are kept for a segment; its guests may have others too."""

    segment: Segment
    seats: Annotated[int, Field(ge=0, le=10_000)]


Windows = Annotated[list[WindowForm], Field(max_length=len(Segment))]
Reserves = Annotated[list[ReserveForm], Field(max_length=len(Segment))]


def once(segments: list[Segment]) -> None:
    """Raise ValueError for a segment that is named twice."""
    if len(set(segments)) < len(segments):
        raise ValueError("each segment may stand once")


class SessionForm(Form):
    """A time and a place: one of our boutiques, or a place in words in both languages."""

    boutique_id: UUID | None = None
    place_zh: Text | None = None
    place_en: Text | None = None
    starts_at: Instant
    ends_at: Instant
    seats: Seats
    reserves: Reserves = Field(default=[])

    @model_validator(mode="after")
    def _whole(self) -> Self:
        words = (self.place_zh is not None, self.place_en is not None)
        if words != ((False, False) if self.boutique_id is not None else (True, True)):
            raise ValueError("name a boutique, or the place in both languages")
        if not timedelta(0) < self.ends_at - self.starts_at <= LONGEST:
            raise ValueError("must end after it starts, at most seven days later")
        once([one.segment for one in self.reserves])
        return self

    def wanted(self) -> NewSession:
        """The session it describes."""
        return NewSession(
            self.boutique_id,
            self.place_zh,
            self.place_en,
            self.starts_at,
            self.ends_at,
            self.seats,
            {one.segment: one.seats for one in self.reserves},
        )


class SessionPatch(Form):
    """What is to be different; null or left out stays. `reserves` replaces them all."""

    starts_at: Instant | None = None
    ends_at: Instant | None = None
    seats: Seats | None = None
    reserves: Reserves | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.starts_at is None) is not (self.ends_at is None):
            raise ValueError("starts_at and ends_at change together")
        if self.starts_at and self.ends_at and not timedelta(0) < self.ends_at - self.starts_at <= LONGEST:
            raise ValueError("must end after it starts, at most seven days later")
        once([one.segment for one in self.reserves or []])
        return self

    def wanted(self) -> SessionChange:
        """The change it describes."""
        reserves = None if self.reserves is None else {one.segment: one.seats for one in self.reserves}
        return SessionChange(self.starts_at, self.ends_at, self.seats, reserves)


class OccasionForm(Form):
    """An occasion; without `boutique_id` it is the brand's.

    Clients are invited from the window of their segment on, those without one from `opens_at` on, or at once. What is
    reserved for segments is for everybody from `reserves_until` on.
    """

    boutique_id: UUID | None = None
    kind: OccasionKind
    title_zh: Text
    title_en: Text
    about_zh: LongText | None = None
    about_en: LongText | None = None
    most_plus_ones: PlusOnes = 0
    reply_by_at: Instant | None = None
    opens_at: Instant | None = None
    windows: Windows = Field(default=[])
    reserves_until: Instant | None = None
    sessions: Annotated[list[SessionForm], Field(min_length=1, max_length=MOST_SESSIONS)]

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        once([one.segment for one in self.windows])
        return self

    def wanted(self) -> NewOccasion:
        """The occasion it describes."""
        return NewOccasion(
            boutique_id=self.boutique_id,
            kind=self.kind,
            title_zh=self.title_zh,
            title_en=self.title_en,
            about_zh=self.about_zh,
            about_en=self.about_en,
            most_plus_ones=self.most_plus_ones,
            reply_by_at=self.reply_by_at,
            opens_at=self.opens_at,
            windows=[one.model_dump(mode="json") for one in self.windows],
            reserves_until=self.reserves_until,
            sessions=[one.wanted() for one in self.sessions],
        )


class OccasionPatch(Form):
    """What is to be different. Guests who have answered keep what they agreed to."""

    title_zh: Text | None = None
    title_en: Text | None = None
    about_zh: LongText | None = None
    about_en: LongText | None = None
    most_plus_ones: PlusOnes | None = None
    reply_by_at: Instant | None = None
    opens_at: Instant | None = None
    windows: Windows | None = None
    reserves_until: Instant | None = None

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        once([one.segment for one in self.windows or []])
        return self

    def changes(self) -> dict[str, object]:
        """What was sent, by column; what may not be empty stays when null is sent."""
        sent = {name: getattr(self, name) for name in self.model_fields_set - {"windows"}}
        needed = {"title_zh", "title_en", "most_plus_ones"}
        kept: dict[str, object] = {
            name: value for name, value in sent.items() if value is not None or name not in needed
        }
        if self.windows is not None:
            kept["windows"] = [one.model_dump(mode="json") for one in self.windows]
        return kept


class ReserveView(View):
    """Seats kept for a segment, and how many its guests have."""

    segment: Segment
    seats: int
    taken: int


class SessionView(View):
    """A session, as the house sees it."""

    session_id: UUID
    boutique_id: UUID | None
    place_zh: str | None
    place_en: str | None
    starts_at: datetime
    ends_at: datetime
    seats: int
    taken: int
    reserves: list[ReserveView]

    @classmethod
    def of(cls, seated: Seated) -> "SessionView":
        """The view of a session."""
        one: Session = seated.session
        return cls(
            session_id=one.session_id,
            boutique_id=one.boutique_id,
            place_zh=one.place_zh,
            place_en=one.place_en,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            seats=one.seats,
            taken=one.taken,
            reserves=[ReserveView.model_validate(kept) for kept in seated.reserves],
        )


class WindowView(View):
    """From when on clients of a segment are invited."""

    segment: Segment
    opens_at: datetime


class OccasionView(View):
    """An occasion, as the house sees it."""

    occasion_id: UUID
    boutique_id: UUID | None
    kind: OccasionKind
    title_zh: str
    title_en: str
    about_zh: str | None
    about_en: str | None
    status: Standing
    most_plus_ones: int
    reply_by_at: datetime | None
    opens_at: datetime | None
    windows: list[WindowView]
    reserves_until: datetime | None
    created_at: datetime
    published_at: datetime | None
    cancelled_at: datetime | None
    version: int
    sessions: list[SessionView]

    @classmethod
    def of(cls, one: Occasion, sessions: list[SessionView]) -> "OccasionView":
        """The view of an occasion with its sessions."""
        named = {name: getattr(one, name) for name in cls.model_fields if name != "sessions"}
        return cls.model_validate({**named, "sessions": sessions})


class TallyView(View):
    """One segment's figures. `no_show`: accepted, and not come by the end of the session."""

    segment: Segment | None
    invited: int
    delivered: int
    unreachable: int
    accepted: int
    declined: int
    waiting: int
    seats: int
    came: int
    came_with_guests: int
    no_show: int


class OccasionReportView(View):
    """What an occasion came to."""

    occasion_id: UUID
    segments: list[TallyView]

    @classmethod
    def of(cls, occasion_id: UUID, found: list[Tally]) -> "OccasionReportView":
        """The view of the figures."""
        return cls(occasion_id=occasion_id, segments=[TallyView.model_validate(one) for one in found])
