"""The list of future VICs, for those who decide who looks after them."""

import math
from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.openapi import refuses
from infra.refusal import BadRequest
from infra.wire import After, Limit, Page, cursor, read_cursor
from services.profile.clients import queries as clients
from services.profile.desk.queries import futures as queries
from services.profile.desk.schemas.futures import FutureVicView
from services.profile.privacy import actions as privacy
from services.profile.segments import queries as segments
from services.profile.segments.api.report import Boutiques, within
from services.profile.segments.rules import Segment
from services.profile.segments.schemas.standing import ReasonView

routes = router()


@routes.get("/segments/future-vics", responses=refuses(404))
@permit(Role.HEADQUARTERS, Role.REGIONAL, Role.MANAGER)
async def future_vics(
    tx: Transaction, by: By, now: Now, *, boutique_id: Boutiques = None, after: After = None, limit: Limit = 50
) -> Page[FutureVicView]:
    """Clients whom the model puts far above the average, the highest score first; at the caller's boutiques.

    Scored once a week. Whoever has switched profiling off since, or is a VIC by now, is left out of her page.
    """
    boutiques = within(by, boutique_id)
    of = f"future-vics:{boutiques}"
    found = await queries.highest(tx, boutiques=boutiques, after=_read(after, of=of), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    ids = [one.client_id for one in found[:limit]]
    there = await clients.spared(tx, sorted(ids))
    known, placed = await clients.by_id(tx, ids), await segments.current(tx, ids)
    items = [
        FutureVicView(
            client_id=one.client_id,
            display_name=known[one.client_id].display_name,
            segment=segment,
            score=one.score,
            reasons=[ReasonView.of(reason) for reason in one.reasons],
            scored_on=one.scored_on,
            owner_advisor_id=one.advisor_id,
            boutique_id=one.boutique_id,
        )
        for one in found[:limit]
        if one.client_id in there and (segment := placed[one.client_id]) not in {None, Segment.VIC} and segment
    ]
    await privacy.note(tx, [one.client_id for one in items], seen="future-vics", by=by, now=now)
    return Page(items=items, next_cursor=cursor(last.score, last.client_id, of=of) if last else None)


def _read(after: str | None, *, of: str) -> tuple[float, UUID] | None:
    key = read_cursor(after, of=of, parts=2)
    if key is None:
        return None
    try:
        score, client_id = float(key[0]), UUID(key[1])
    except ValueError:
        raise BadRequest from None
    if not math.isfinite(score):
        raise BadRequest
    return score, client_id
