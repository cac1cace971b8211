"""How messages, permissions and WeChat's events go over the wire."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from infra.wire import Code, Form, Text, View
from services.profile.messages.queries import CHANNEL, Permissions
from services.profile.messages.rules import NEEDS_CONSENT, Purpose, Status

VariableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Wechat = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]


class MessageForm(Form):
    """A message to a client: the template's values, and where a tap on it leads.

    `link` is an address below the house's public one (opened in the mini-program's web page) or a page of the
    mini-program (`pages/...`).
    """

    client_id: UUID
    purpose: Purpose
    template: Code
    # The document says names by a pattern; without the extra it would allow all other names beside them.
    variables: dict[VariableName, Text] = Field(max_length=20, json_schema_extra={"additionalProperties": False})
    link: Annotated[str, Field(max_length=500, pattern=r"^(https?://|pages/)[\x21-\x7e]+$")] | None = None


class AskedView(View):
    """Whether the message was taken. A refusal says why: no-consent, no-channel, no-credit."""

    message_id: UUID
    status: Literal["queued", "refused"]
    reason: str | None


class MessageView(View):
    """What became of a message. `unknown`: it may have been sent or not, and is never sent again."""

    message_id: UUID
    client_id: UUID
    purpose: Purpose
    template: str
    status: Status
    reason: str | None
    channel: str | None
    asked_at: datetime
    settled_at: datetime | None
    delivered: bool | None


class PurposeView(View):
    """Whether she may be written to for a purpose, as far as consent goes."""

    purpose: Purpose
    needs_consent: bool
    permitted: bool


class CreditView(View):
    """How many messages of a template WeChat will still carry to her."""

    channel: str
    template: str
    remaining: int


class PermissionsView(View):
    """The contact-permission ledger of one client."""

    client_id: UUID
    purposes: list[PurposeView]
    reachable: bool
    credits: list[CreditView]

    @classmethod
    def of(cls, found: Permissions, templates: Mapping[str, str]) -> "PermissionsView":
        """The view of a ledger; `templates` are the settings' ids by our names, and the ledger knows the ids."""
        names = {bound.partition("?")[0]: name for name, bound in templates.items()}
        return cls(
            client_id=found.client_id,
            purposes=[
                PurposeView(purpose=purpose, needs_consent=purpose in NEEDS_CONSENT, permitted=permitted)
                for purpose, permitted in found.consents.items()
            ],
            reachable=found.reachable,
            credits=[
                CreditView(
                    channel=CHANNEL,
                    template=names.get(credit.template_id, credit.template_id),
                    remaining=credit.remaining,
                )
                for credit in found.credits
            ],
        )


class EventForm(Form):
    """One thing WeChat said: a send granted, all sends of a template rejected, or a message delivered or not."""

    event_id: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
    kind: Literal["granted", "rejected", "sent"]
    appid: Wechat
    openid: Wechat
    template_id: Wechat
    # WeChat has been seen to leave it out.
    message_ref: Annotated[str, Field(max_length=128, pattern=r"^[\x21-\x7e]*$")] | None = None
    error_code: Annotated[int, Field(ge=-(10**9), le=10**9)] | None = None
    occurred_at: AwareDatetime = Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))


class EventsForm(Form):
    """Events in any order; those that came before count once."""

    events: list[EventForm] = Field(max_length=500)


class AcceptedView(View):
    """How many of the events were new; the others had been taken before."""

    accepted: int
