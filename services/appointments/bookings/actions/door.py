"""Asking profile, the one door out, to send a client a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ValidationError

from infra.peers import PeerRefused, Peers, PeerUnavailable

# Profile's no that may become a yes: our own token or its load, not her wishes.
TRY_AGAIN = frozenset({401, 403, 408, 425})


@dataclass(frozen=True)
class Message:
    """What she is to be told, in a template's words; after `expires_at` it is of no use any more.

    `link` is an address below the house's public one or a page of the mini-program; `text` are words for channels that
    have no template. By its `reference`, an id of the sender's own, profile can be asked to let it not leave after all.
    """

    client_id: UUID
    template: str
    variables: Mapping[str, str]
    purpose: str = "service"
    text: str | None = None
    link: str | None = None
    expires_at: datetime | None = None
    reference: UUID | None = None


class Told(BaseModel):
    """Whether the door took the message, and why not. `channel` is the way it goes."""

    message_id: UUID | None = None
    status: str
    reason: str | None = None
    channel: str | None = None

    @property
    def taken(self) -> bool:
        """Whether it is on its way."""
        return self.status != "refused"


async def tell(peers: Peers, brand_id: str, message: Message, *, key: str) -> Told | None:
    """What became of the message; None if it is worth another try, with the same `key`: she gets it once."""
    wanted = {
        "client_id": str(message.client_id),
        "purpose": message.purpose,
        "template": message.template,
        "variables": dict(message.variables),
        "text": message.text,
        "link": message.link,
        "expires_at": message.expires_at.isoformat() if message.expires_at else None,
        "reference": str(message.reference) if message.reference else None,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    try:
        answer = await peers["profile"].call("POST", "/v1/messages", brand_id=brand_id, json=given, idempotency_key=key)
        return Told.model_validate(answer)
    except (PeerUnavailable, ValidationError):  # a ValidationError: not profile's answer
        return None
    except PeerRefused as no:
        if no.status in TRY_AGAIN or no.peer_type == "still-running":
            return None
        # Profile took the message on an earlier try; only its words differ now.
        if no.peer_type == "idempotency-key-reused":
            return Told(status="queued")
        return Told(status="refused", reason=no.peer_type)
