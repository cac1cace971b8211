"""Tags on the wire, as the client reads them."""

from datetime import date

from infra.wire import View


class TagView(View):
    """One tag about me: `segment`, all that is reckoned out of my purchases and visits, or what I might like.

    `topic`, `value` and `likes` are null for the segment.
    """

    tag: str
    topic: str | None
    value: str | None
    likes: bool | None
    made_on: date


class TagsView(View):
    """Whether I let myself be profiled, and every tag there is."""

    profiling: bool
    items: list[TagView]
