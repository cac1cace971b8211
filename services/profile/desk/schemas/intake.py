"""How clients and their identifiers come in, on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from infra.wire import Code, Form, Text, View
from services.profile.books.schemas import OwnerForm
from services.profile.clients.schemas import DayForm, NamesForm
from services.profile.consents.rules import Purpose

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
    birthday: DayForm | None = None


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


class SharedForm(Form):
    """A number that several people have."""

    kind: Literal["phone"] = "phone"
    value: Phone
