"""The log as headquarters sees it, over all services."""

from datetime import datetime

from pydantic import Field

from infra.eventlog.views import StatusView
from infra.wire import Page, View


class ServiceAtLogView(View):
    """One service: how it stands at the log, or that it does not answer just now (then `status` is null)."""

    service: str
    is_away: bool
    status: StatusView | None = None


class LogView(View):
    """All services at the log. Numbers count facts; `behind_seconds` is the age of the oldest fact not yet taken."""

    services: list[ServiceAtLogView]


class ParkedFactView(View):
    """A fact of the caller's brand that a service could not take, or one that waits behind it.

    `reason` is an SQLSTATE or the class of an error. The fact's data is not shown.
    """

    id: str
    service: str
    position: int
    source: str
    type: str
    aggregate: str
    reason: str
    is_culprit: bool
    attempts: int
    parked_at: datetime


class ParkedPage(Page[ParkedFactView]):
    """One page of parked facts; `away` names the services that could not be asked."""

    away: list[str] = Field(default_factory=list)
