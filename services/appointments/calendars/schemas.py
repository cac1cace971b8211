"""Wire models of calendars."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from infra.wire import Form, View


class FeedForm(Form):
    """In which language a calendar names experiences, rooms and boutiques."""

    language: Literal["zh", "en"] = "zh"


class FeedView(View):
    """An address of a calendar. The address itself is told once, when it is made."""

    feed_id: UUID
    language: str
    made_by: str
    made_at: datetime


class MadeFeedView(FeedView):
    """A new address: whoever has it reads the calendar, so it is for one person or one screen."""

    url: str


class FeedsView(View):
    """The addresses of one calendar, the latest first: at most twenty."""

    items: list[FeedView]
