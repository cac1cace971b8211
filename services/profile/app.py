"""The profile service on one screen; what it can do stands in `capabilities`."""

from datetime import UTC, datetime

from fastapi import FastAPI

from infra.app import Clock, Transports, create_app
from infra.settings import Settings, load
from services.profile.books import reactions as on_books
from services.profile.books.actions.transferring import following
from services.profile.capabilities import LOOPS, REACTS, SERVES
from services.profile.messages.actions.loops import sending
from services.profile.rights.tables.periods import PERIODS
from services.profile.segments import reactions as on_segments
from services.profile.tasks import reactions as on_tasks

TIMED = (on_segments, on_books, on_tasks)  # by the service's clock


def build(
    settings: Settings | None = None, *, transports: Transports | None = None, clock: Clock | None = None
) -> FastAPI:
    """The app of the profile service."""
    own, clock = settings or load(Settings), clock or (lambda: datetime.now(UTC))
    return create_app(
        "profile",
        own,
        routers=SERVES,
        reactions=[*REACTS, *(one for on in TIMED for one in on.reactions(clock))],
        loops=[*LOOPS, *sending(transports), following((transports or {}).get("wecom"))],
        periods=PERIODS,
        transports=transports,
        clock=clock,
    )
