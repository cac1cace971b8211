"""How invitations, replies and passes go over the wire. What a guest sees names no segment and no reason."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from infra.wire import Form, View
from services.appointments.occasions.rules.fatigue import Rule
from services.appointments.occasions.rules.life import OccasionKind, Segment, Status
from services.appointments.occasions.rules.wanted import Guests, Reply
from services.appointments.occasions.schemas.occasions import PlusOnes, Segments
from services.appointments.occasions.tables import Invitation

MANY = 1000  # clients in one call


class InviteForm(Form):
    """Whom to invite: clients by name, or the first `limit` of some segments, those who waited longest first.

    `boutique_id` narrows segments to the clients of one boutique; `after` is the `next_cursor` of the answer before.
    Nothing is written while `dry_run` stands.
    """

    client_ids: Annotated[list[UUID], Field(min_length=1, max_length=MANY)] | None = None
    segments: Annotated[Segments, Field(min_length=1)] | None = None
    boutique_id: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=MANY)] = 200
    after: Annotated[str, Field(max_length=1000)] | None = None
    dry_run: bool = True

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.client_ids is None) is (self.segments is None):
            raise ValueError("name client_ids or segments, one of both")
        if self.segments is None and self.boutique_id is not None:
            raise ValueError("boutique_id narrows segments")
        if self.segments is None and self.after is not None:
            raise ValueError("after walks on through segments")
        return self

    def wanted(self) -> Guests:
        """The guests it describes."""
        return Guests(self.client_ids, self.segments, self.boutique_id, self.limit, self.dry_run)


class InvitedView(View):
    """One client's verdict: invited from `opens_at` on, or the rule that is against it."""

    client_id: UUID
    invitation_id: UUID | None
    segment: Segment | None
    rule: Rule | None
    opens_at: datetime | None


class InvitingView(View):
    """Every client's verdict. `more`: the segments hold more clients than were looked at, behind `next_cursor`."""

    dry_run: bool
    invited: int
    refused: int
    more: bool
    next_cursor: str | None
    items: list[InvitedView]


class ReplyForm(Form):
    """What she says. `accept` again changes her session or companions; `wait` is for a seat of a session that is full.

    `withdraw` takes back a yes, or leaves the waiting list.
    """

    answer: Literal["accept", "decline", "withdraw", "wait"]
    session_id: UUID | None = None
    plus_ones: PlusOnes = 0

    def wanted(self) -> Reply:
        """The reply it describes."""
        return Reply(self.answer, self.session_id, self.plus_ones)


class ArrivalForm(Form):
    """The content of a guest's QR code, and how many companions came with her; all of them unless it is said."""

    token: Annotated[str, Field(min_length=1, max_length=200)]
    plus_ones: PlusOnes | None = None


class HerSessionView(View):
    """A session, as a guest sees it: `is_full` is for her alone and her companions not counted."""

    session_id: UUID
    boutique_id: UUID | None
    place_zh: str | None
    place_en: str | None
    starts_at: datetime
    ends_at: datetime
    is_full: bool


class HerInvitationView(View):
    """Her invitation. `token` is what her QR code says, from her yes on; every change makes it a new one."""

    invitation_id: UUID
    occasion_id: UUID
    kind: OccasionKind
    title_zh: str
    title_en: str
    about_zh: str | None
    about_en: str | None
    status: Status
    most_plus_ones: int
    reply_by_at: datetime | None
    sessions: list[HerSessionView]
    session_id: UUID | None
    plus_ones: int
    offer_expires_at: datetime | None
    answered_at: datetime | None
    arrived_at: datetime | None
    token: str | None
    version: int


class InvitationView(View):
    """An invitation, as the house sees it. `reason`: why no message reached her."""

    invitation_id: UUID
    occasion_id: UUID
    client_id: UUID
    segment: Segment | None
    how: Literal["segment", "list", "hand"]
    status: Status
    reason: str | None
    opens_at: datetime
    invited_at: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None
    session_id: UUID | None
    plus_ones: int
    waiting_since: datetime | None
    offer_expires_at: datetime | None
    arrived_at: datetime | None
    came: int | None
    version: int


class ArrivalView(View):
    """Who is at the door: she and her companions, `party` heads in all."""

    invitation_id: UUID
    client_id: UUID
    session_id: UUID
    plus_ones: int
    party: int
    arrived_at: datetime

    @classmethod
    def of(cls, one: Invitation) -> "ArrivalView":
        """The view of a guest who has arrived."""
        named = {name: getattr(one, name) for name in ("invitation_id", "client_id", "session_id", "arrived_at")}
        party = one.came or 1
        return cls.model_validate({**named, "party": party, "plus_ones": party - 1})
