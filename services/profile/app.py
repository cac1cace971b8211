"""The profile service on one screen: what it serves, what it does on facts, what it does on its own."""

from datetime import UTC, datetime

from fastapi import FastAPI

from infra.app import Clock, Transports, create_app
from infra.settings import Settings, load
from services.profile.books import api as books
from services.profile.books import reactions as on_books
from services.profile.consents import api as consents
from services.profile.consents import reactions as on_consents
from services.profile.desk import api as desk
from services.profile.desk.actions.duplicates import searching
from services.profile.messages import api as messages
from services.profile.messages.actions.sending import dispatching
from services.profile.onboarding import api as onboarding
from services.profile.onboarding.actions.working import importing
from services.profile.pieces import reactions as on_pieces
from services.profile.privacy import api as privacy
from services.profile.privacy import reactions as on_privacy
from services.profile.purchases import api as purchases
from services.profile.purchases import reactions as on_purchases
from services.profile.purchases.actions.boutiques import learn_types
from services.profile.registers import api as registers
from services.profile.rights import api as rights
from services.profile.rights import reactions as on_rights
from services.profile.rights.actions.erasing import erase_again
from services.profile.rights.tables.periods import PERIODS
from services.profile.segments import api as segments
from services.profile.segments import reactions as on_segments
from services.profile.segments.actions import reviewing
from services.profile.touchpoints import api as touchpoints
from services.profile.touchpoints import reactions as on_touchpoints

SERVES = [api.routes for api in (consents, purchases, touchpoints, segments, books, messages, privacy, onboarding)]
SERVES += [*rights.ROUTERS, *registers.ROUTERS, *desk.ROUTERS]
ON = (on_consents, on_purchases, on_pieces, on_touchpoints, on_books, on_privacy, on_rights)
REACTS = [one for on in ON for one in on.REACTIONS]


def build(
    settings: Settings | None = None, *, transports: Transports | None = None, clock: Clock | None = None
) -> FastAPI:
    """The app of the profile service."""
    own, clock = settings or load(Settings), clock or (lambda: datetime.now(UTC))
    reacts = [*REACTS, *on_segments.reactions(clock)]
    loops = [reviewing, searching, learn_types, erase_again, importing, dispatching((transports or {}).get("wechat"))]
    return create_app(
        "profile",
        own,
        routers=SERVES,
        reactions=reacts,
        loops=loops,
        periods=PERIODS,
        transports=transports,
        clock=clock,
    )
