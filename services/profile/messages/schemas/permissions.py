"""How the contact-permission ledger and its decisions go over the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from infra.wire import Form, View
from services.profile.messages.queries.standing import Permissions
from services.profile.messages.rules.decisions import Decision
from services.profile.messages.rules.purposes import NEEDS_CONSENT, Channel, Purpose


class ChannelView(View):
    """Whether a channel is open to her for a purpose; if not, why, and when that may be over as far as anybody knows.

    Open with a later `due_at`: the message waits until then.
    """

    channel: Channel
    permitted: bool
    reason: str | None
    due_at: datetime | None
    opens_at: datetime | None

    @classmethod
    def of(cls, decision: Decision) -> "list[ChannelView]":
        """Every channel of a decision."""
        return [
            cls(channel=channel, permitted=one.permitted, reason=one.reason, due_at=one.due_at, opens_at=one.opens_at)
            for channel, one in decision.channels.items()
        ]


class PurposeView(View):
    """Whether she may be written to for a purpose, as far as consent goes; and by which channels."""

    purpose: Purpose
    needs_consent: bool
    permitted: bool
    channels: list[ChannelView] = Field(default_factory=list)


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
                PurposeView(
                    purpose=purpose,
                    needs_consent=purpose in NEEDS_CONSENT,
                    permitted=found.consents[purpose],
                    channels=ChannelView.of(decision),
                )
                for purpose, decision in found.decisions.items()
            ],
            reachable=found.reachable,
            credits=[
                CreditView(
                    channel=Channel.SUBSCRIBE,
                    template=names.get(credit.template_id, credit.template_id),
                    remaining=credit.remaining,
                )
                for credit in found.credits
            ],
        )


class DecisionsForm(Form):
    """Of whom to say whether they may be written to for a purpose."""

    client_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)]
    purpose: Purpose


class DecisionView(View):
    """By which channel one client may be written to, and from when on; or why by none."""

    client_id: UUID
    channel: Channel | None
    due_at: datetime | None
    reason: str | None
    channels: list[ChannelView]


class DecisionsView(View):
    """One decision for each client there is."""

    items: list[DecisionView]

    @classmethod
    def of(cls, decided: Mapping[UUID, Decision]) -> "DecisionsView":
        """The view of decisions."""
        return cls(
            items=[
                DecisionView(
                    client_id=client_id,
                    channel=one.channel,
                    due_at=one.due_at,
                    reason=one.reason,
                    channels=ChannelView.of(one),
                )
                for client_id, one in decided.items()
            ]
        )
