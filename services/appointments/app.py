"""The appointments service on one screen; what it can do stands in `capabilities`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx
from fastapi import FastAPI

from infra.app import create_app
from infra.settings import Settings, load
from services.appointments.capabilities import LOOPS, SERVES, reacts
from services.appointments.rights.tables.copied import COPIED
from services.appointments.rights.tables.periods import PERIODS


def build(
    settings: Settings | None = None,
    *,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
    clock: Callable[[], datetime] | None = None,
) -> FastAPI:
    """The app; settings come from the environment unless given."""
    return create_app(
        "appointments",
        settings or load(Settings),
        routers=SERVES,
        reactions=reacts(clock or (lambda: datetime.now(UTC))),
        loops=LOOPS,
        periods=PERIODS,
        copied=COPIED,
        transports=transports,
        clock=clock,
    )
