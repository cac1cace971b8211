"""Her words on channels, on the wire."""

from typing import Annotated

from pydantic import Field

from infra.wire import Form, View
from services.profile.messages.rules.purposes import Channel, Purpose


class ChannelWordForm(Form):
    """Her word on one channel for one purpose: a no, or that it is welcome again."""

    channel: Channel
    purpose: Purpose
    declined: bool


class ChannelWordsForm(Form):
    """Her words on channels."""

    words: Annotated[list[ChannelWordForm], Field(min_length=1, max_length=12)]


class ChannelWordView(View):
    """A channel that she does not want for a purpose."""

    channel: Channel
    purpose: Purpose


class ChannelWordsView(View):
    """Every channel that she does not want, by purpose; the others follow her consent to the purpose."""

    declined: list[ChannelWordView]
