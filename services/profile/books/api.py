"""The books of advisors."""

from uuid import UUID

from infra.app import By, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.refusal import NotFound
from infra.wire import After, Limit, Page, cursor, read_id_cursor
from services.profile.books import queries
from services.profile.books.schemas import EntryView

routes = router()

FIRST = UUID(int=0)


@routes.get("/advisors/{advisor_id}/book")
@permit(Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def book(
    advisor_id: UUID,
    tx: Transaction,
    by: By,
    after: After = None,
    limit: Limit = 50,
) -> Page[EntryView]:
    """An advisor's clients: her own book, or those of the caller's boutiques."""
    if by.role is Role.ADVISOR and by.advisor_id != advisor_id:
        raise NotFound
    of = f"book:{advisor_id}"
    behind = read_id_cursor(after, of=of) or FIRST
    narrowed = by.boutique_ids if by.role in {Role.MANAGER, Role.REGIONAL} else None
    entries = await queries.book(tx, advisor_id, boutiques=narrowed, after=behind, limit=limit + 1)
    more = cursor(entries[limit - 1].client_id, of=of) if len(entries) > limit else None
    return Page(items=[EntryView.model_validate(entry) for entry in entries[:limit]], next_cursor=more)
