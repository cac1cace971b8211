"""Tiers of cards."""

from uuid import UUID

from fastapi import Response

from infra.app import Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import tagged
from infra.wire import IfMatch, etag
from services.profile.loyalty.actions import tiers as actions
from services.profile.loyalty.queries import cards as queries
from services.profile.loyalty.queries.cards import Tier
from services.profile.loyalty.schemas.cards import TierForm, TiersView, TierView

routes = router()

# Whoever of the house may be asked by a client whether there is a card for her.
SEE_TIERS = (
    Role.ADVISOR,
    Role.CLIENT_SERVICE,
    Role.AFTER_SALES,
    Role.EVENTS,
    Role.MANAGER,
    Role.REGIONAL,
    Role.HEADQUARTERS,
    Role.PRIVACY,
)


@routes.get("/cards/tiers")
@permit(*SEE_TIERS)
async def tiers(tx: Transaction) -> TiersView:
    """Every tier with its cap, how many cards are out, offered and free, and how many clients wait."""
    taken = await queries.taken(tx)
    return TiersView(items=[TierView.of(tier, taken[tier.tier_id]) for tier in await queries.tiers(tx)])


@routes.get("/cards/tiers/{tier_id}", responses=tagged())
@permit(*SEE_TIERS)
async def tier(tier_id: UUID, tx: Transaction, response: Response) -> TierView:
    """One tier."""
    return await _view(tx, await queries.tier(tx, tier_id), response)


@routes.post("/cards/tiers", status_code=201, responses=tagged(201))
@permit(Role.HEADQUARTERS)
@idempotent()
async def create(form: TierForm, tx: Transaction, response: Response) -> TierView:
    """Set up a tier."""
    return await _view(tx, await actions.create(tx, form.wanted()), response)


@routes.put("/cards/tiers/{tier_id}")
@permit(Role.HEADQUARTERS)
async def change(
    tier_id: UUID, form: TierForm, if_match: IfMatch, *, tx: Transaction, now: Now, response: Response
) -> TierView:
    """Change a tier; the places of a higher cap are offered to those who wait."""
    changed = await actions.change(tx, tier_id, form.wanted(), if_match=if_match, now=now)
    return await _view(tx, changed, response)


async def _view(tx: Transaction, tier: Tier, response: Response) -> TierView:
    response.headers["ETag"] = etag(tier.version)
    return TierView.of(tier, (await queries.taken(tx, tier.tier_id))[tier.tier_id])
