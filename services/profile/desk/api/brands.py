"""Her whole history, over the brands of the house in which she allows it."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import By, Now, OfKit, router
from infra.database import Database
from infra.identity import Caller, Role, permit
from infra.refusal import NotFound
from infra.wire import After, Limit, Page, cursor, read_instant_cursor
from services.profile.desk.actions import brands
from services.profile.desk.api import pages
from services.profile.desk.schemas.brands import BrandPurchaseView, BrandTouchpointView
from services.profile.touchpoints.rules import Contact

routes = router()


@routes.get("/clients/{client_id}/purchases/across-brands")
@permit(Role.ADVISOR, Role.MANAGER)
async def purchases(
    client_id: UUID, *, by: By, kit: OfKit, now: Now, after: After = None, limit: Limit = 50
) -> Page[BrandPurchaseView]:
    """What a client bought, over all brands that she allows to know of one another, the latest first.

    Other brands' receipts are shown to the advisor and the manager whose client she is; whoever else may see her sees
    those of this brand.
    """
    return await _purchases(kit.database, client_id, by=by, now=now, after=after, limit=limit)


@routes.get("/me/purchases/across-brands")
@permit(Role.CLIENT)
async def my_purchases(
    *, by: By, kit: OfKit, now: Now, after: After = None, limit: Limit = 50
) -> Page[BrandPurchaseView]:
    """What I bought, over all brands that I allow to know of one another, the latest first."""
    if by.client_id is None:
        raise NotFound
    return await _purchases(kit.database, by.client_id, by=by, now=now, after=after, limit=limit)


async def _purchases(
    database: Database, client_id: UUID, *, by: Caller, now: Now, after: str | None, limit: int
) -> Page[BrandPurchaseView]:
    of = f"purchases-across-brands:{client_id}"
    behind = read_instant_cursor(after, of=of)

    async def read(tx: AsyncSession, found: UUID, brand_id: str) -> list[BrandPurchaseView]:
        inside = brand_id == by.brand_id and by.role is not Role.CLIENT
        views = await pages.purchases_behind(tx, found, behind=behind, limit=limit + 1, inside=inside)
        shown: dict[str, object] = {} if brand_id == by.brand_id else {"payments": [], "scan_ref": None}
        return [BrandPurchaseView(**dict(one) | shown, brand_id=brand_id) for one in views]

    items = await brands.everywhere(database, client_id, read, seen="purchases", by=by, now=now)
    items.sort(key=lambda one: (one.purchased_at, one.purchase_id), reverse=True)
    last = items[limit - 1] if len(items) > limit else None
    return Page(
        items=items[:limit],
        next_cursor=cursor(last.purchased_at.isoformat(), last.purchase_id, of=of) if last else None,
    )


@routes.get("/clients/{client_id}/timeline/across-brands")
@permit(Role.ADVISOR, Role.MANAGER)
async def timeline(
    client_id: UUID,
    *,
    by: By,
    kit: OfKit,
    now: Now,
    kind: Annotated[list[Contact] | None, Query(max_length=20)] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[BrandTouchpointView]:
    """Every recorded contact with a client, over all brands that she allows to know of one another, the latest first.

    Of another brand's contacts is told when, of which kind and about which piece; not who of its people it was.
    """
    kinds = sorted(set(kind or ()))
    of = f"timeline-across-brands:{client_id}:{kinds}"
    behind = read_instant_cursor(after, of=of)

    async def read(tx: AsyncSession, found: UUID, brand_id: str) -> list[BrandTouchpointView]:
        views = await pages.contacts_behind(tx, found, kinds=kinds, behind=behind, limit=limit + 1)
        if brand_id == by.brand_id:
            return [BrandTouchpointView(**dict(one), brand_id=brand_id) for one in views]
        return [
            BrandTouchpointView(
                **dict(one) | {"advisor_id": None, "details": _of_piece(one.details)}, brand_id=brand_id
            )
            for one in views
        ]

    items = await brands.everywhere(kit.database, client_id, read, seen="timeline", by=by, now=now)
    items.sort(key=lambda one: (one.occurred_at, one.touchpoint_id), reverse=True)
    last = items[limit - 1] if len(items) > limit else None
    return Page(
        items=items[:limit],
        next_cursor=cursor(last.occurred_at.isoformat(), last.touchpoint_id, of=of) if last else None,
    )


def _of_piece(details: dict[str, object]) -> dict[str, object]:
    return {name: told for name, told in details.items() if name == "piece_code"}
