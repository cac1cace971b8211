"""Routes of the catalogue."""

from typing import Annotated

from fastapi import Query

from infra.app import router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.wire import After, Code, Limit, Page, cursor, read_cursor
from services.recommend.catalogue import actions, queries
from services.recommend.catalogue.schemas import BatchView, PiecesForm, PieceView

routes = router()

KEEPERS = (Role.HEADQUARTERS, Role.POS, Role.PARTNER)
EVERYONE = (
    Role.CLIENT,
    Role.ADVISOR,
    Role.CLIENT_SERVICE,
    Role.AFTER_SALES,
    Role.EVENTS,
    Role.MANAGER,
    Role.REGIONAL,
    *KEEPERS,
)


@routes.put("/pieces/batch")
@permit(*KEEPERS)
async def upsert_pieces(form: PiecesForm, tx: Transaction) -> BatchView:
    """Create or replace up to 1,000 pieces; sending the same again changes nothing."""
    changed = await actions.upsert(tx, [piece.model_dump() for piece in form.pieces])
    return BatchView(changed=changed, unchanged=len({piece.piece_code for piece in form.pieces}) - changed)


@routes.get("/pieces")
@permit(*EVERYONE)
async def list_pieces(
    tx: Transaction,
    category: Annotated[Code | None, Query()] = None,
    collection: Annotated[Code | None, Query()] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[PieceView]:
    """Pieces by code, of one category or collection if asked."""
    of = f"pieces {category} {collection}"
    key = read_cursor(after, of=of, parts=1)
    rows = await queries.pieces(
        tx, category=category, collection=collection, after=key[0] if key else None, limit=limit + 1
    )
    items = [PieceView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor(items[-1].piece_code, of=of) if len(rows) > limit else None)
