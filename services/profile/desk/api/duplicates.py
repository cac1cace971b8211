"""The clients who may be one person, and what somebody decides of them."""

from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import permit
from infra.refusal import BadRequest
from infra.wire import After, Limit, Page, cursor, read_cursor
from services.profile.desk.actions import duplicates as actions
from services.profile.desk.api.record import card_view
from services.profile.desk.queries import cards
from services.profile.desk.queries import duplicates as queries
from services.profile.desk.rules import MERGERS
from services.profile.desk.schemas.duplicates import DecidedView, DecisionForm, DuplicateView
from services.profile.privacy import actions as privacy
from services.profile.privacy import queries as sights

routes = router()


@routes.get("/duplicates")
@permit(*MERGERS)
async def duplicates(tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50) -> Page[DuplicateView]:
    """Pairs of clients who may be one person, the likeliest first: those of whom the caller may see both."""
    visible = await sights.visible(tx, by, now=now)
    found = await queries.duplicates(tx, visible=visible, after=_read(after), limit=limit + 1)
    shown = found[:limit]
    ids = list(dict.fromkeys(one for pair in shown for one in (pair.one_id, pair.other_id)))
    views = {card.client.client_id: card_view(card) for card in await cards.cards(tx, ids)}
    return Page(
        items=[
            DuplicateView(
                duplicate_id=pair.duplicate_id,
                probability=pair.probability,
                grounds=pair.grounds,
                found_at=pair.found_at,
                one=views[pair.one_id],
                other=views[pair.other_id],
            )
            for pair in shown
        ],
        next_cursor=cursor(repr(shown[-1].probability), shown[-1].duplicate_id, of=_LIST)
        if len(found) > limit
        else None,
    )


@routes.post("/duplicates/{duplicate_id}/decision", status_code=201)
@permit(*MERGERS)
@idempotent()
async def decide(duplicate_id: UUID, form: DecisionForm, tx: Transaction, by: By, now: Now) -> DecidedView:
    """Decide of a pair that it is one client, or that it is two and never to be asked of again."""
    pair = await actions.decide(tx, duplicate_id, survivor=form.survivor_id, reason=form.reason, by=by, now=now)
    for one in (pair.one_id, pair.other_id):
        await privacy.look(tx, one, seen="duplicate", by=by, now=now)
    return DecidedView(duplicate_id=duplicate_id, client_id=form.survivor_id)


_LIST = "duplicates"


def _read(after: str | None) -> tuple[float, UUID] | None:
    """Where the page begins; BadRequest for a made-up cursor."""
    key = read_cursor(after, of=_LIST, parts=2)
    if key is None:
        return None
    try:
        return float(key[0]), UUID(key[1])
    except ValueError:
        raise BadRequest from None
