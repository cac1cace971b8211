"""What partners and their tokens look like on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from infra.wire import Form, Text, View

Secret = Annotated[str, Field(min_length=1, max_length=256)]


class PartnerForm(Form):
    """A till (`pos`) or another system (`partner`)."""

    name: Text
    role: Literal["pos", "partner"]
    boutique_ids: Annotated[list[UUID], Field(max_length=200, default_factory=list)]


class KeyView(View):
    """A key, shown this once: only digests are kept. `signing_secret` is there for tills."""

    key_id: str
    client_id: str
    client_secret: str
    signing_secret: str | None = None


class NewPartnerView(KeyView):
    """A new partner with its first key."""

    partner_id: UUID
    name: str
    role: str
    boutique_ids: list[UUID]


class KeySummary(View):
    """A key in use, without its secrets."""

    key_id: str
    secret_start: str
    created_at: datetime


class PartnerView(View):
    """A partner."""

    partner_id: UUID
    client_id: str
    name: str
    role: str
    boutique_ids: list[UUID]
    created_at: datetime
    closed_at: datetime | None
    keys: list[KeySummary]


class TokenForm(Form):
    """RFC 6749, section 4.4, as a form or as JSON. Unknown fields are ignored, as it asks (3.2)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    grant_type: Annotated[str, Field(max_length=64)]
    client_id: Annotated[str, Field(max_length=128)] = ""
    client_secret: Annotated[str, Field(max_length=256)] = ""


class TokenView(View):
    """RFC 6749, section 5.1; `expires_in` is in seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6749's word
    expires_in: int
