"""A client's points and cards, for whoever may see her; and her own view of them."""

from typing import Any
from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses
from infra.refusal import NotFound
from infra.wire import After, Limit, Page, cursor, read_number_cursor
from services.profile.clients import queries as clients
from services.profile.desk.queries import loyalty as queries
from services.profile.desk.rules import ISSUE_CARDS, MOVE_POINTS, PUT_FORWARD
from services.profile.loyalty.actions import cards, points
from services.profile.loyalty.queries import cards as card_queries
from services.profile.loyalty.queries import points as ledger
from services.profile.loyalty.rules.ledger import Entering, NothingToEnter
from services.profile.loyalty.schemas.cards import CardForm, CardView, WaitForm, WaitView
from services.profile.loyalty.schemas.points import EntryView, PointsForm
from services.profile.loyalty.schemas.privileges import LoyaltyView, MyLoyaltyView
from services.profile.privacy import actions as privacy
from services.profile.privacy import queries as sights
from services.profile.privacy.rules import STAFF, ClientUnknown

routes = router()

SEEN = "loyalty"


@routes.get("/clients/{client_id}/loyalty")
@permit(Role.SERVICE, *STAFF)
async def loyalty(client_id: UUID, tx: Transaction, by: By, now: Now) -> LoyaltyView:
    """A client's points, cards, what she waits for and was granted, and what she lacks for each tier."""
    sight = await privacy.look(tx, client_id, seen=SEEN, by=by, now=now)
    return LoyaltyView.model_validate(await queries.loyalty(tx, sight.family, now=now))


@routes.get("/me/loyalty")
@permit(Role.CLIENT)
async def my_loyalty(tx: Transaction, by: By, now: Now) -> MyLoyaltyView:
    """My points and my cards."""
    if by.client_id is None:
        raise NotFound
    sight = await sights.sight(tx, by.client_id, by, now=now)
    return MyLoyaltyView.model_validate(await queries.mine(tx, sight.family, now=now))


@routes.get("/clients/{client_id}/points")
@permit(Role.SERVICE, *STAFF)
async def entries(
    client_id: UUID, *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[EntryView]:
    """What came and went of a client's points, the latest first."""
    sight = await privacy.look(tx, client_id, seen=SEEN, by=by, now=now)
    of = f"points:{sight.client_id}"
    found = await ledger.entries(tx, sight.family, after=read_number_cursor(after, of=of), limit=limit + 1)
    more = cursor(found[limit - 1].number, of=of) if len(found) > limit else None
    return Page(items=[EntryView.model_validate(one) for one in found[:limit]], next_cursor=more)


@routes.post("/clients/{client_id}/points")
@permit(*MOVE_POINTS)
@idempotent()
async def move_points(client_id: UUID, form: PointsForm, *, tx: Transaction, by: By, now: Now) -> LoyaltyView:
    """Spend a client's points, or adjust them by hand; why and by whom is kept."""
    sight = await privacy.look(tx, client_id, seen=SEEN, by=by, now=now)
    await _spared(tx, sight.client_id)
    if form.points == 0 or (form.kind == "spend" and form.points < 0):
        raise NothingToEnter
    said: dict[str, Any] = {"reason": form.reason, "by": by.subject, "now": now}
    if form.kind == "spend":
        await points.spend(tx, sight.family, form.points, kind=Entering.SPENT, **said)
    elif form.points < 0:
        await points.spend(tx, sight.family, -form.points, kind=Entering.ADJUSTED, **said)
    else:
        await points.give(tx, sight.client_id, form.points, **said)
    return LoyaltyView.model_validate(await queries.loyalty(tx, sight.family, now=now))


@routes.post("/cards", status_code=201, responses=refuses(404))
@permit(*ISSUE_CARDS)
@idempotent()
async def issue(form: CardForm, *, tx: Transaction, by: By, now: Now) -> CardView:
    """Issue a card: the one she was offered, or a free one. Never more than the tier's cap, however many ask."""
    sight = await privacy.look(tx, form.client_id, seen=SEEN, by=by, now=now)
    await _spared(tx, sight.client_id)
    card = await cards.issue(tx, form.tier_id, sight.family, by=by.subject, now=now)
    return CardView.model_validate(card)


@routes.delete("/cards/{card_id}", status_code=204)
@permit(*ISSUE_CARDS)
async def take_back(card_id: UUID, *, tx: Transaction, by: By, now: Now) -> Response:
    """Take a card back; its place is offered to whoever waits first."""
    card = await card_queries.card(tx, card_id)
    await privacy.look(tx, card.client_id, seen=SEEN, by=by, now=now)
    await cards.take_back(tx, card, now=now)
    return Response(status_code=204)


@routes.get("/cards/tiers/{tier_id}/waiting")
@permit(*PUT_FORWARD)
async def waiting(
    tier_id: UUID, *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[WaitView]:
    """Who waits for a card of a tier, in their order: those whom the caller may see."""
    await card_queries.tier(tx, tier_id)
    of = f"waiting:{tier_id}"
    only = await sights.visible(tx, by, now=now)
    found = await card_queries.waiting_list(
        tx, tier_id, only=only, after=read_number_cursor(after, of=of) or 0, limit=limit + 1
    )
    more = cursor(found[limit - 1].number, of=of) if len(found) > limit else None
    return Page(items=[WaitView.model_validate(one) for one in found[:limit]], next_cursor=more)


@routes.post("/cards/tiers/{tier_id}/waiting")
@permit(*PUT_FORWARD)
@idempotent()
async def join(tier_id: UUID, form: WaitForm, *, tx: Transaction, by: By, now: Now) -> WaitView:
    """Put a client on a tier's waiting list, or find her there; what is free is offered at once."""
    sight = await privacy.look(tx, form.client_id, seen=SEEN, by=by, now=now)
    await _spared(tx, sight.client_id)
    wait = await cards.join(tx, tier_id, sight.family, by=by.subject, now=now)
    return WaitView.model_validate(wait)


@routes.delete("/cards/tiers/{tier_id}/waiting/{client_id}", status_code=204)
@permit(*PUT_FORWARD)
async def leave(tier_id: UUID, client_id: UUID, *, tx: Transaction, by: By, now: Now) -> Response:
    """Take a client off a tier's waiting list; what was offered to her goes to the next."""
    sight = await privacy.look(tx, client_id, seen=SEEN, by=by, now=now)
    await cards.leave(tx, tier_id, sight.family, now=now)
    return Response(status_code=204)


async def _spared(tx: Transaction, client_id: UUID) -> None:
    if not await clients.spared(tx, [client_id]):
        raise ClientUnknown
