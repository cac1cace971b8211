"""Pages of what happened to a client."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.wire import Page, cursor, read_instant_cursor
from services.profile.desk.schemas.record import TouchpointView
from services.profile.purchases.queries import receipts as purchase_queries
from services.profile.purchases.schemas import LineView, PurchaseView, ShareView
from services.profile.touchpoints import queries as touchpoint_queries
from services.profile.touchpoints.rules import Contact

Place = tuple[datetime, UUID]  # when, and the id: behind it the list goes on


async def timeline(
    tx: AsyncSession, client_id: UUID, *, kinds: Sequence[Contact] | None, after: str | None, limit: int
) -> Page[TouchpointView]:
    """One page of her contacts; raises BadRequest for a cursor of another list."""
    chosen = sorted(set(kinds or ()))
    of = f"timeline:{client_id}:{chosen}"
    behind = read_instant_cursor(after, of=of)
    found = await contacts_behind(tx, client_id, kinds=chosen, behind=behind, limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=found[:limit],
        next_cursor=cursor(last.occurred_at.isoformat(), last.touchpoint_id, of=of) if last else None,
    )


async def contacts_behind(
    tx: AsyncSession, client_id: UUID, *, kinds: Sequence[Contact], behind: Place | None, limit: int
) -> list[TouchpointView]:
    """Her contacts behind a place, the latest first."""
    found = await touchpoint_queries.page(tx, client_id, kinds=kinds, after=behind, limit=limit)
    return [TouchpointView.model_validate(one) for one in found]


async def purchases(
    tx: AsyncSession, client_id: UUID, *, after: str | None, limit: int, inside: bool
) -> Page[PurchaseView]:
    """One page of her purchases with their lines; raises BadRequest for a cursor of another list.

    What is only for the house is shown `inside` it.
    """
    of = f"purchases:{client_id}"
    behind = read_instant_cursor(after, of=of)
    found = await purchases_behind(tx, client_id, behind=behind, limit=limit + 1, inside=inside)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=found[:limit],
        next_cursor=cursor(last.purchased_at.isoformat(), last.purchase_id, of=of) if last else None,
    )


async def purchases_behind(
    tx: AsyncSession, client_id: UUID, *, behind: Place | None, limit: int, inside: bool
) -> list[PurchaseView]:
    """Her purchases behind a place, the latest first, with their lines."""
    found = await purchase_queries.page(tx, client_id, after=behind, limit=limit)
    ids = [purchase.purchase_id for purchase in found]
    lines = await purchase_queries.lines(tx, ids)
    shares = await purchase_queries.shares(tx, ids) if inside else {}
    return [
        PurchaseView(
            purchase_id=one.purchase_id,
            pos=one.pos,
            receipt=one.receipt,
            store_code=one.store_code,
            boutique_id=one.boutique_id,
            purchased_at=one.purchased_at,
            currency=one.currency,
            net_minor=one.net_minor,
            lines=[LineView.of(line) for line in lines[one.purchase_id]],
            channel=one.channel,
            purchased_in=one.purchased_in,
            scan_ref=one.scan_ref,
            payments=one.payments or [],
            shares=[ShareView.model_validate(share) for share in shares.get(one.purchase_id, ())],
        )
        for one in found
    ]
