"""How messages go over the wire: asked for, drafted, and what became of them."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from infra.wire import WORDS, Code, Form, Text, View
from services.profile.messages.queries.messages import Message
from services.profile.messages.rules.decisions import Decision
from services.profile.messages.rules.life import Status
from services.profile.messages.rules.purposes import Channel, Purpose
from services.profile.messages.schemas.permissions import ChannelView

VariableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Letter = Annotated[str, Field(min_length=1, max_length=4000, pattern=WORDS)]
Subject = Annotated[
    str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f\x85][^\x00-\x1f\x7f]*$")
]
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))]


class MessageForm(Form):
    """A message to a client: the template's values, or words of one's own, and where a tap on it leads.

    `link` is an address below the house's public one (opened in the mini-program's web page) or a page of the
    mini-program (`pages/...`). A `draft` is kept until a person sends it; without `text` the house words it, in
    `language` or hers. `channel` is one that a person chose: no other is taken in its place. After `expires_at` the
    message is of no use any more. `reference` is an id of the sender's own, by which a service recalls it.
    """

    client_id: UUID
    purpose: Purpose
    template: Code
    # The document says names by a pattern; without the extra it would allow all other names beside them.
    variables: dict[VariableName, Text] = Field(
        default_factory=dict, max_length=20, json_schema_extra={"additionalProperties": False}
    )
    link: Annotated[str, Field(max_length=500, pattern=r"^(https?://|pages/)[\x21-\x7e]+$")] | None = None
    text: Letter | None = None
    subject: Subject | None = None
    channel: Channel | None = None
    expires_at: Moment | None = None
    reference: UUID | None = None
    draft: bool = False
    language: Literal["zh", "en"] | None = None


class RecallForm(Form):
    """What is not to leave any more, by the references of whoever asked for it."""

    references: Annotated[list[UUID], Field(min_length=1, max_length=100)]


class RecalledView(View):
    """How many messages had not left yet."""

    recalled: int


class EditForm(Form):
    """What a person changed in a draft; null: as it was."""

    text: Letter | None = None
    subject: Subject | None = None
    channel: Channel | None = None


class AskedView(View):
    """Whether the message was taken. A refusal says why, and `channels` say it of each of them.

    A draft that was refused stays a draft; `due_at` is when a queued message leaves.
    """

    message_id: UUID
    status: Literal["queued", "refused", "draft"]
    reason: str | None
    channel: Channel | None = None
    due_at: datetime | None = None
    channels: list[ChannelView] = Field(default_factory=list)

    @classmethod
    def of(cls, one: Message, decision: Decision) -> "AskedView":
        """The view of a message that was asked for, or sent, and what the ledger said."""
        return cls(
            message_id=one.message_id,
            status=one.status.value,  # type: ignore[arg-type]
            reason=one.reason,
            channel=decision.channel,
            due_at=one.due_at,
            channels=ChannelView.of(decision),
        )


class MessageView(View):
    """What became of a message. `unknown`: it may have been sent or not, and is never sent again.

    `awaiting-advisor`: it is in her advisor's WeCom, who has to confirm it. A draft shows its words, who found them
    (`template`, `assistant` or `person`), and each fact of hers that they name with why she knows that we know it.
    """

    message_id: UUID
    client_id: UUID
    purpose: Purpose
    template: str
    status: Status
    reason: str | None
    channel: Channel | None
    asked_at: datetime
    settled_at: datetime | None
    delivered: bool | None
    due_at: datetime | None
    expires_at: datetime | None
    drafted_by: str | None
    text: str | None
    subject: str | None
    named: dict[str, str] | None

    @classmethod
    def of(cls, one: Message) -> "MessageView":
        """The view of a message."""
        draft = one.words if one.status is Status.DRAFT else None
        return cls(
            message_id=one.message_id,
            client_id=one.client_id,
            purpose=one.purpose,
            template=one.template,
            status=one.status,
            reason=one.reason,
            channel=one.channel,
            asked_at=one.asked_at,
            settled_at=one.settled_at,
            delivered=one.delivered,
            due_at=one.due_at,
            expires_at=one.expires_at,
            drafted_by=one.drafted_by,
            text=draft.text if draft is not None else None,
            subject=draft.subject if draft is not None else None,
            named=one.named if draft is not None else None,
        )
