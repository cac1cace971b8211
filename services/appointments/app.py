"""The appointments service."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx
from fastapi import FastAPI

from infra.app import create_app
from infra.settings import Settings, load
from services.appointments.availability import api as availability
from services.appointments.availability import reactions as known
from services.appointments.bookings import api as bookings
from services.appointments.bookings import reactions as on_bookings
from services.appointments.bookings.actions import expiry
from services.appointments.directory import api as directory
from services.appointments.preparation import api as preparation
from services.appointments.rights import reactions as rights
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
        routers=[*directory.ROUTERS, *availability.ROUTERS, *bookings.ROUTERS, preparation.routes],
        reactions=[*known.REACTIONS, *on_bookings.reactions(clock or (lambda: datetime.now(UTC))), *rights.REACTIONS],
        loops=[expiry.loop],
        periods=PERIODS,
        copied=COPIED,
        transports=transports,
        clock=clock,
    )
