"""What we announce about messages."""

from typing import ClassVar
from uuid import UUID

from infra.eventlog.facts import Fact
from services.profile.messages.rules import Purpose


class MessageSent(Fact):
    """The channel has taken the message."""

    type: ClassVar[str] = "profile.message-sent.v1"
    aggregate: ClassVar[str] = "message_id"

    message_id: UUID
    client_id: UUID
    purpose: Purpose
    template: str
    channel: str


class MessageRefused(Fact):
    """The message will not reach her, by our own rules or by the channel's; `reference` is the sender's own id."""

    type: ClassVar[str] = "profile.message-refused.v1"
    aggregate: ClassVar[str] = "message_id"

    message_id: UUID
    client_id: UUID
    purpose: Purpose
    template: str
    reason: str
    reference: UUID | None = None


class MessageDelivered(Fact):
    """The channel reported whether the message arrived."""

    type: ClassVar[str] = "profile.message-delivered.v1"
    aggregate: ClassVar[str] = "message_id"

    message_id: UUID
    client_id: UUID
    channel: str
    delivered: bool
