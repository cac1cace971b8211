"""Reports over several capabilities, on the wire."""

from infra.wire import View


class ResearchView(View):
    """Who bought in a boutique, and had researched online before; `rate` is null where nobody bought."""

    buyers: int
    researched: int
    rate: float | None
