"""Clients on the wire: as they come in, as the people of the house see them, as the till does, as she does."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from infra.identity import Role
from infra.wire import Code, Form, Limit, Text, View
from services.profile.books.schemas import OwnerForm
from services.profile.clients.schemas import NamesForm
from services.profile.consents.rules import Purpose
from services.profile.segments.rules import Segment
from services.profile.touchpoints.rules import Contact

Phone = Annotated[str, Field(min_length=5, max_length=32)]  # as people write it; read as E.164
BATCH = 500


class NumberForm(Form):
    """The number that one system of the house gave a client."""

    system: Code
    value: Text


class RegisterForm(NamesForm):
    """A new client, and how she will be known again."""

    phone: Phone | None = None
    member: Text | None = None
    pos_ids: Annotated[list[NumberForm], Field(default=[], max_length=5)]


class ImportedForm(NamesForm):
    """A client of an older system; `external_ref` is her member number, by which a repeat is known."""

    external_ref: Text
    phone: Phone | None = None
    pos_ids: Annotated[list[NumberForm], Field(default=[], max_length=5)]
    consents: Annotated[list[Purpose], Field(default=[], max_length=3)]
    notice_version: Code = "imported"
    owner: OwnerForm | None = None


class ImportForm(Form):
    """Clients in any order."""

    clients: Annotated[list[ImportedForm], Field(min_length=1, max_length=BATCH)]


class ImportedView(View):
    """What became of one of them, in the order sent. `known`: she is already there, and nothing was changed."""

    index: int
    status: Literal["created", "known", "rejected"]
    client_id: UUID | None
    code: Literal["phone-unreadable", "identity-taken", "client-erased"] | None = None


class ImportView(View):
    """What became of all of them."""

    items: list[ImportedView]


class RecogniseForm(Form):
    """How WeChat knows someone."""

    appid: Code
    openid: Annotated[Text, Field(max_length=128)]
    unionid: Annotated[Text, Field(max_length=128)] | None = None


class RecognisedView(View):
    """Who she is to the house."""

    client_id: UUID


class AddedView(View):
    """Who she is now: another record, when the identifier showed that she was known already."""

    client_id: UUID
    merged: bool


class AskedForm(Form):
    """One identifier, complete: part of a number identifies nobody."""

    kind: Literal["phone", "pos", "member"]
    system: Code | None = None
    value: Text


class IdentityForm(AskedForm):
    """An identifier that is the client's. `source` says who vouches for it: WeChat, a person of the house, or nobody.

    Only services choose it: a till's word is always `pos`, a person's always `staff`.
    """

    source: Literal["wechat", "pos", "staff"] = "staff"


class IdentifyForm(Form):
    """What someone shows at the till or the door."""

    identities: Annotated[list[AskedForm], Field(min_length=1, max_length=5)]


class MaskedView(View):
    """Enough to ask whether it is she. `open`: the caller may see her in full without asking for access."""

    client_id: UUID
    masked_name: str
    salutation: str | None
    masked_phone: str | None
    open: bool


class IdentifiedView(View):
    """Whom these identifiers belong to; more than one when they are different people's."""

    items: list[MaskedView]


class CriteriaForm(Form):
    """What is known of her besides her name: the last four digits of a phone."""

    phone_tail: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None


class SearchForm(Form):
    """Either the beginning of a name, a given name, pinyin or initials, or a criterion."""

    text: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    criteria: CriteriaForm | None = None
    cursor: Annotated[str, Field(max_length=1000)] | None = None
    limit: Limit = 20


class CardView(View):
    """What an advisor needs to greet her."""

    client_id: UUID
    display_name: str
    salutation: str | None
    language: str
    segment: Segment
    owner_advisor_id: UUID | None


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

    kind: Literal["phone", "unionid", "openid", "pos", "member"]
    system: str | None
    value: str | None


class ClientView(CardView):
    """A client in full. `merged_client_ids` are older records of hers."""

    family_name: str | None
    given_name: str | None
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


class ResearchView(View):
    """Who bought in a boutique, and had researched online before; `rate` is null where nobody bought."""

    buyers: int
    researched: int
    rate: float | None
