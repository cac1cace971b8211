"""Routes of stock."""

from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.wire import After, Limit, Page, cursor, read_cursor
from services.recommend.stock import actions, queries
from services.recommend.stock.rules import check_own
from services.recommend.stock.schemas import ChangedView, StocksForm, StockView

routes = router()


@routes.put("/stock/batch")
@permit(Role.HEADQUARTERS, Role.POS, Role.PARTNER)
async def set_stock(form: StocksForm, tx: Transaction, by: By, now: Now) -> ChangedView:
    """Set up to 1,000 quantities, a till those of its own boutiques; sending the same again changes nothing."""
    if by.role is Role.POS:
        check_own({item.boutique_id for item in form.stock}, own=by.boutique_ids)
    changed = await actions.set_quantities(tx, [item.model_dump() for item in form.stock], now=now)
    places = {(item.boutique_id, item.piece_code) for item in form.stock}
    return ChangedView(changed=changed, unchanged=len(places) - changed)


@routes.get("/boutiques/{boutique_id}/stock")
@permit(
    Role.ADVISOR,
    Role.CLIENT_SERVICE,
    Role.AFTER_SALES,
    Role.EVENTS,
    Role.MANAGER,
    Role.REGIONAL,
    Role.HEADQUARTERS,
    Role.POS,
    Role.PARTNER,
)
async def read_stock(
    boutique_id: UUID,
    tx: Transaction,
    after: After = None,
    limit: Limit = 50,
) -> Page[StockView]:
    """What a boutique has. Any of the house may look, for a piece elsewhere can be sent."""
    of = f"stock {boutique_id}"
    key = read_cursor(after, of=of, parts=1)
    rows = await queries.at_boutique(tx, boutique_id, after=key[0] if key else None, limit=limit + 1)
    items = [StockView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor(items[-1].piece_code, of=of) if len(rows) > limit else None)
