"""What WeCom tells of contacts, on the wire."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from infra.wire import Code, Form, View

Named = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]


class ContactEventForm(Form):
    """A client is in a member's contacts, is there no more, or did not come to the member who was to take her over."""

    event_id: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
    kind: Literal["contact-added", "contact-deleted", "transfer-failed"]
    corpid: Code
    userid: Named
    external_userid: Named
    occurred_at: AwareDatetime = Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))


class ContactEventsForm(Form):
    """Events in any order; the latest word about a contact holds."""

    events: list[ContactEventForm] = Field(max_length=100)


class TakenView(View):
    """How many of the events said something new."""

    accepted: int
