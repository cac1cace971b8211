"""A client on the wire: as the people of the house see her, as peers ask, as she sees herself."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from infra.identity import Role
from infra.wire import Code, Form, Text, View
from services.profile.clients.schemas import BirthdayView
from services.profile.desk.schemas.finding import CardView
from services.profile.touchpoints.rules import Contact


class LookForm(Form):
    """Somebody who asks another service for something of this client, as that service knows the caller.

    `seen` is what she is to be shown or to do there; the access log keeps it.
    """

    subject: Text
    role: Role
    advisor_id: UUID | None = None
    boutique_ids: Annotated[list[UUID], Field(default=[], max_length=1000)]
    seen: Code


class IdentityView(View):
    """One way she is known. How WeChat knows her is for machines: the value stays inside."""

    kind: Literal["phone", "unionid", "openid", "pos", "member", "email", "wecom", "eshop"]
    system: str | None
    value: str | None


class ClientView(CardView):
    """A client in full. `merged_client_ids` are older records of hers."""

    family_name: str | None
    given_name: str | None
    birthday: BirthdayView | None
    identities: list[IdentityView]
    merged_client_ids: list[UUID]
    registered_at: datetime


class MeView(View):
    """What the house shows a client of herself: no label, no owner, no notes."""

    client_id: UUID
    display_name: str
    family_name: str | None
    given_name: str | None
    salutation: str | None
    language: str
    birthday: BirthdayView | None
    masked_phone: str | None


class TouchpointView(View):
    """One recorded contact; `subject_id` is the appointment, purchase, answer, work order or message."""

    touchpoint_id: UUID
    kind: Contact
    occurred_at: AwareDatetime
    boutique_id: UUID | None
    advisor_id: UUID | None
    subject_id: UUID
    details: dict[str, Any]
