"""Reported contacts, wishes and their reports on the wire."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from infra.wire import Code, Form, Text, View
from services.profile.touchpoints.rules import Contact, Fault, WhyNot

BATCH = 1_000
# Within the calendar in every zone; what is likely is for the rules, contact by contact.
Happened = Annotated[AwareDatetime, Field(ge=datetime(1000, 1, 1, tzinfo=UTC), le=datetime(9998, 12, 31, tzinfo=UTC))]

# What a system may report; the rest of the timeline comes from the services' own facts.
Reported = Literal[
    "menu-click",
    "post-interaction",
    "messaging",
    "qr-scan",
    "page-view",
    "cart",
    "share",
    "call",
    "door",
    "shown",
    "tried",
    "wished",
    "missed",
]


class PersonForm(Form):
    """Whom a system means: either by the id she has here, or by one identifier that is hers, whole."""

    client_id: UUID | None = None
    kind: Literal["phone", "email", "unionid", "openid", "wecom", "pos", "eshop", "member"] | None = None
    system: Annotated[
        Code | None,
        Field(description="The appid of an openid, the corp of a WeCom contact, the till system or shop of a number."),
    ] = None
    value: Text | None = None


class TouchpointForm(Form):
    """One contact. `system` and `ref` name it for ever: reported again, it is the same one."""

    system: Code
    ref: Text
    kind: Reported
    person: PersonForm
    occurred_at: Happened
    boutique_id: UUID | None = None
    advisor_id: UUID | None = None
    piece_code: Code | None = None
    why_not: WhyNot | None = None


class TouchpointsForm(Form):
    """Contacts in any order, late ones too."""

    touchpoints: Annotated[list[TouchpointForm], Field(min_length=1, max_length=BATCH)]


class TouchpointOutcome(View):
    """What became of one contact, in the order sent; `repeated`: it is already there, and nothing was changed."""

    index: int
    status: Literal["created", "repeated", "rejected"]
    code: Fault | None = None


class TouchpointsView(View):
    """Contacts in are created, repeated or rejected: the three always add up."""

    received: int
    created: int
    repeated: int
    rejected: int
    items: list[TouchpointOutcome]


class IndexItem(View):
    """How often one thing was done in WeChat, by how many clients; `share` is of all four, null when there is none."""

    kind: Contact
    count: int
    clients: int
    share: float | None


class IndexView(View):
    """The WeChat index of a period."""

    total: int
    items: list[IndexItem]


class MissedItem(View):
    """A piece that clients wanted at a boutique and that was not there."""

    piece_code: str
    boutique_id: UUID | None
    times: int
    clients: int


class MissedView(View):
    """What was wanted and not there, the most wanted first; at most a hundred."""

    items: list[MissedItem]


class WishForm(Form):
    """A piece she would like to have."""

    piece_code: Code
    boutique_id: UUID | None = None


class WishClosingForm(Form):
    """What became of a wish."""

    closed_as: Literal["fulfilled", "dropped"]


class WishView(View):
    """A wish of hers; open while `closed_as` is null."""

    wish_id: UUID
    piece_code: str
    boutique_id: UUID | None
    noted_at: datetime
    closed_at: datetime | None
    closed_as: Literal["fulfilled", "dropped"] | None


class PieceOutcomeForm(Form):
    """One piece in a visit: shown, tried, wished for, or missed (asked for and not there)."""

    piece_code: Code
    kind: Literal["shown", "tried", "wished", "missed"]
    why_not: WhyNot | None = None


class VisitOutcomeForm(Form):
    """What happened with the pieces in a visit. Given again, it replaces what was said before; wishes stay."""

    advisor_id: UUID | None = None
    pieces: Annotated[list[PieceOutcomeForm], Field(max_length=100)]


class VisitOutcomeView(View):
    """What is known of the pieces in a visit."""

    appointment_id: UUID
    pieces: list["PieceOutcomeView"]


class PieceOutcomeView(View):
    """One piece in a visit."""

    piece_code: str
    kind: Contact
    why_not: WhyNot | None
