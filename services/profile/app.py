"""The profile service on one screen: what it serves, what it does on facts, what it does on its own."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import httpx
from fastapi import FastAPI

from infra.app import create_app
from infra.settings import Settings, load
from services.profile.books import api as books
from services.profile.books import reactions as on_books
from services.profile.consents import api as consents
from services.profile.desk import api as desk
from services.profile.messages import api as messages
from services.profile.messages.actions.sending import dispatching
from services.profile.privacy import api as privacy
from services.profile.privacy import reactions as on_privacy
from services.profile.purchases import api as purchases
from services.profile.purchases import reactions as on_purchases
from services.profile.rights import api as rights
from services.profile.rights import reactions as on_rights
from services.profile.rights.actions.erasing import erase_again
from services.profile.segments import api as segments
from services.profile.segments import reactions as on_segments
from services.profile.segments.actions import reviewing
from services.profile.touchpoints import reactions as on_touchpoints

SERVES = (
    [api.routes for api in (consents, purchases, segments, books, messages, privacy)] + rights.ROUTERS + desk.ROUTERS
)
REACTS = [one for on in (on_purchases, on_touchpoints, on_books, on_privacy, on_rights) for one in on.REACTIONS]
Transports = Mapping[str, httpx.AsyncBaseTransport]  # tests reach the peers and "wechat" in the same process
Clock = Callable[[], datetime]


def build(
    settings: Settings | None = None, *, transports: Transports | None = None, clock: Clock | None = None
) -> FastAPI:
    """The app of the profile service."""
    own = settings or load(Settings)
    clock = clock or (lambda: datetime.now(UTC))
    reacts = [*REACTS, *on_segments.reactions(clock)]
    loops = [reviewing, erase_again, dispatching((transports or {}).get("wechat"))]
    return create_app("profile", own, routers=SERVES, reactions=reacts, loops=loops, transports=transports, clock=clock)
