"""The feedback service: how it was, and what is done about it."""

from collections.abc import Callable, Mapping
from datetime import datetime

import httpx
from fastapi import FastAPI

from infra.app import create_app
from infra.settings import Settings, load
from services.feedback.answers.api import links
from services.feedback.invitations import api as invitations
from services.feedback.invitations import reactions as invited
from services.feedback.invitations.actions.dispatch import dispatch
from services.feedback.journeys import api as journeys
from services.feedback.rights import reactions as rights
from services.feedback.rights.tables.copied import COPIED
from services.feedback.rights.tables.periods import PERIODS
from services.feedback.surveys import api as surveys
from services.feedback.workorders import api as workorders
from services.feedback.workorders import reactions as putting_right


def build(
    settings: Settings | None = None,
    *,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
    clock: Callable[[], datetime] | None = None,
) -> FastAPI:
    """Build the app."""
    return create_app(
        "feedback",
        settings or load(Settings),
        routers=[surveys.routes, journeys.routes, invitations.routes, links.routes, *workorders.ROUTERS],
        reactions=[*invited.REACTIONS, *putting_right.REACTIONS, *rights.REACTIONS],
        loops=[dispatch],
        periods=PERIODS,
        copied=COPIED,
        transports=transports,
        clock=clock,
    )
