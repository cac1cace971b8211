"""How clients and their identifiers come in, on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from infra.wire import Code, Form, Text, View
from services.profile.books.schemas import OwnerForm
from services.profile.clients.schemas import DayForm, NamesForm
from services.profile.consents.rules import Purpose
from services.profile.identities.models import MASK

Phone = Annotated[str, Field(min_length=5, max_length=32)]  # as people write it; read as E.164
Email = Annotated[str, Field(min_length=3, max_length=254)]  # read by its domain's registered form
MaskedPhone = Annotated[str, Field(pattern=MASK, max_length=24, examples=["138****8000"])]
BATCH = 500


class NumberForm(Form):
    """The number that one system gave a client: a till of the house, or a shop on a platform (`tmall-aurore`)."""

    system: Code
    value: Text


class RegisterForm(NamesForm):
    """A new client, and how she will be known again. What a shop shows of her phone is compared, no identifier."""

    phone: Phone | None = None
    masked_phone: MaskedPhone | None = None
    email: Email | None = None
    eshop_ids: Annotated[list[NumberForm], Field(default=[], max_length=5)]
    member: Text | None = None
    pos_ids: Annotated[list[NumberForm], Field(default=[], max_length=5)]
    birthday: DayForm | None = None


class ImportedForm(NamesForm):
    """A client of an older system; `external_ref` is her member number, by which a repeat is known.

    What else the house has of her comes along: names, form of address, language, birthday.
    """

    external_ref: Text
    phone: Phone | None = None
    masked_phone: MaskedPhone | None = None
    email: Email | None = None
    eshop_ids: Annotated[list[NumberForm], Field(default=[], max_length=5)]
    birthday: DayForm | None = None
    pos_ids: Annotated[list[NumberForm], Field(default=[], max_length=5)]
    consents: Annotated[list[Purpose], Field(default=[], max_length=3)]
    notice_version: Code = "imported"
    owner: OwnerForm | None = None


class ImportForm(Form):
    """Clients in any order."""

    clients: Annotated[list[ImportedForm], Field(min_length=1, max_length=BATCH)]


# What is wrong with one client of an import by herself.
ImportFault = Literal["phone-unreadable", "email-unreadable", "no-such-day", "day-ahead", "guardian-needed"]


class ImportedView(View):
    """What became of one of them, in the order sent. `known`: she is already there, and nothing was changed.

    `created` with the code `owner-gone`: she is nobody's client, for the advisor who was named has left the house.
    """

    index: int
    status: Literal["created", "known", "rejected"]
    client_id: UUID | None
    code: ImportFault | Literal["identity-taken", "client-erased", "owner-gone"] | None = None


class ImportView(View):
    """What became of all of them."""

    items: list[ImportedView]


class RecogniseForm(Form):
    """How WeChat knows someone: by the openid of an app, or as the contact of a WeCom corp.

    WeCom tells the unionid of a WeChat user where the corp has bound its Open Platform account; others have none.
    """

    appid: Code | None = None
    openid: Annotated[Text, Field(max_length=128)] | None = None
    corpid: Code | None = None
    external_userid: Annotated[Text, Field(max_length=128)] | None = None
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

    kind: Literal["phone", "email", "pos", "member", "eshop", "wecom"]
    system: Annotated[Code | None, Field(description="The till system, the shop, or the WeCom corp.")] = None
    value: Text


class IdentityForm(Form):
    """An identifier that is the client's, or what a shop shows of her phone, which identifies nobody.

    `source` says who vouches for it: WeChat, she herself who `answered` what was sent there, a person of the house, or
    nobody. Only services choose it: a till's word is always `pos`, a person's always `staff`.
    """

    kind: Literal["phone", "email", "pos", "member", "eshop", "wecom", "masked-phone"]
    system: Annotated[Code | None, Field(description="The till system, the shop, or the WeCom corp.")] = None
    value: Text
    source: Literal["wechat", "answered", "pos", "staff"] = "staff"


class SharedForm(Form):
    """A number or an address that several people have."""

    kind: Literal["phone", "email"] = "phone"
    value: Email
