"""Finding a client, on the wire: masked, or as a card."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import Form, Limit, Text, View
from services.profile.desk.schemas.intake import AskedForm, Email
from services.profile.segments.rules import Segment


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
    """Whom these identifiers belong to; more than one when they are different people's, or when people share one."""

    items: list[MaskedView]


class CriteriaForm(Form):
    """What is known of her besides her name: the last four digits of a phone, or one whole identifier of hers.

    That is her member number, an e-mail address, or the serial of a piece she owns.
    """

    phone_tail: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None
    member: Text | None = None
    email: Email | None = None
    serial: Text | None = None


class SearchForm(Form):
    """Either a text, as it is being typed, or one criterion.

    The text is the beginning of a name, a given name, pinyin or initials, the last four digits of a phone, or a whole
    member number, e-mail address or serial of a piece she owns.
    """

    text: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    criteria: CriteriaForm | None = None
    cursor: Annotated[str, Field(max_length=1000)] | None = None
    limit: Limit = 20


class CardView(View):
    """What an advisor needs to greet her. `segment` is null for whoever switched profiling off.

    `received_as` is how she is received: who has not bought yet, or lets nobody reckon her up, as a VIC.
    """

    client_id: UUID
    display_name: str
    salutation: str | None
    addressed_as: str
    language: str
    segment: Segment | None
    received_as: Segment
    owner_advisor_id: UUID | None
