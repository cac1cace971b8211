"""What WeChat tells, on the wire."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from infra.wire import Form, View

Wechat = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]


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
