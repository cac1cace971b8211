"""Routes of the directory: its places and their hours."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from infra.app import By, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses, tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_cursor
from services.appointments.directory import queries
from services.appointments.directory.actions import places as actions
from services.appointments.directory.schemas.places import (
    BoutiqueForm,
    BoutiquePatch,
    BoutiqueView,
    City,
    RegionForm,
    RegionView,
    TimetableForm,
    TimetableView,
)

routes = router()

# The directory holds nothing secret: whoever may enter the house may know its boutiques.
WHEREABOUTS = ("city_code", "city_zh", "city_en", "address_zh", "address_en", "latitude", "longitude")
ANYONE = tuple(role for role in Role if role is not Role.OPERATOR)


@routes.post("/regions", status_code=201)
@permit(Role.HEADQUARTERS)
@idempotent()
async def add_region(form: RegionForm, tx: Transaction) -> RegionView:
    """Enter a region."""
    return RegionView.model_validate(
        await actions.add_region(tx, code=form.code, name_zh=form.name_zh, name_en=form.name_en)
    )


@routes.get("/regions")
@permit(*ANYONE)
async def list_regions(tx: Transaction, after: After = None, limit: Limit = 50) -> Page[RegionView]:
    """Regions by code."""
    of = "regions"
    rows = await queries.regions(tx, after=code_after(after, of), limit=limit + 1)
    items = [RegionView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor(items[-1].code, of=of) if len(rows) > limit else None)


@routes.post("/boutiques", status_code=201, responses=refuses(404))
@permit(Role.HEADQUARTERS)
@idempotent()
async def open_boutique(form: BoutiqueForm, tx: Transaction) -> BoutiqueView:
    """Enter a boutique, with its hours if they are known."""
    made = await actions.open_boutique(
        tx,
        region_id=form.region_id,
        code=form.code,
        boutique_type=form.boutique_type,
        zone=form.zone,
        name_zh=form.name_zh,
        name_en=form.name_en,
        hours=form.hours.timetable() if form.hours else None,
        **form.model_dump(include=set(WHEREABOUTS)),
    )
    return BoutiqueView.of(made)


@routes.get("/boutiques")
@permit(*ANYONE)
async def list_boutiques(
    tx: Transaction,
    region_id: UUID | None = None,
    city: Annotated[City | None, Query()] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[BoutiqueView]:
    """Boutiques by code; `city` is a city's code."""
    of = f"boutiques {region_id} {city}"
    rows = await queries.boutiques(
        tx, region_id=region_id, city_code=city, after=code_after(after, of), limit=limit + 1
    )
    items = [BoutiqueView.of(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor(items[-1].code, of=of) if len(rows) > limit else None)


@routes.get("/boutiques/{boutique_id}", responses=tagged())
@permit(*ANYONE)
async def read_boutique(boutique_id: UUID, tx: Transaction, response: Response) -> BoutiqueView:
    """One boutique."""
    boutique = await queries.boutique(tx, boutique_id)
    response.headers["ETag"] = etag(boutique.version)
    return BoutiqueView.of(boutique)


@routes.patch("/boutiques/{boutique_id}")
@permit(Role.HEADQUARTERS, Role.REGIONAL, Role.MANAGER)
async def change_boutique(
    *, boutique_id: UUID, form: BoutiquePatch, if_match: IfMatch, tx: Transaction, by: By, response: Response
) -> BoutiqueView:
    """Change a boutique's names, type, zone, city, address or position."""
    changes = form.model_dump(exclude_unset=True)
    boutique = await actions.change_boutique(tx, boutique_id, changes, if_match=if_match, by=by)
    response.headers["ETag"] = etag(boutique.version)
    return BoutiqueView.of(boutique)


@routes.get("/boutiques/{boutique_id}/hours", responses=tagged())
@permit(*ANYONE)
async def read_hours(boutique_id: UUID, tx: Transaction, response: Response) -> TimetableView:
    """When a boutique is open, by the clock on its wall."""
    boutique = await queries.boutique(tx, boutique_id)
    response.headers["ETag"] = etag(boutique.version)
    hours = await queries.timetables(tx, [boutique_id])
    return TimetableView.of(hours[boutique_id], boutique.version)


@routes.put("/boutiques/{boutique_id}/hours")
@permit(Role.HEADQUARTERS, Role.REGIONAL, Role.MANAGER)
async def set_hours(
    *, boutique_id: UUID, form: TimetableForm, if_match: IfMatch, tx: Transaction, by: By, response: Response
) -> TimetableView:
    """Replace a boutique's hours. Appointments already made stay."""
    boutique = await actions.set_hours(tx, boutique_id, form.timetable(), if_match=if_match, by=by)
    response.headers["ETag"] = etag(boutique.version)
    return TimetableView.of(form.timetable(), boutique.version)


def code_after(after: str | None, of: str) -> str | None:
    """The code inside a cursor of a list by codes."""
    key = read_cursor(after, of=of, parts=1)
    return key[0] if key else None
