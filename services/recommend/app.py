"""The recommend service: everything it serves and reacts to."""

from collections.abc import Callable, Mapping
from datetime import datetime

import httpx
from fastapi import FastAPI

from infra.app import create_app
from infra.settings import Settings, load
from services.recommend.assortments import api as assortments
from services.recommend.assortments import reactions as prepared
from services.recommend.catalogue import api as catalogue
from services.recommend.rights import reactions as rights
from services.recommend.rights.tables.copied import COPIED
from services.recommend.rights.tables.periods import PERIODS
from services.recommend.stock import api as stock
from services.recommend.taste import reactions as known
from services.recommend.taste.actions import watch


def build(
    settings: Settings | None = None,
    *,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
    clock: Callable[[], datetime] | None = None,
) -> FastAPI:
    """The app; settings come from the environment unless given."""
    return create_app(
        "recommend",
        settings or load(Settings),
        routers=[catalogue.routes, stock.routes, assortments.routes],
        # What a fact says of her is known before pieces are chosen by it.
        reactions=[*known.REACTIONS, *prepared.REACTIONS, *rights.REACTIONS],
        loops=[watch],
        periods=PERIODS,
        copied=COPIED,
        transports=transports,
        clock=clock,
    )
