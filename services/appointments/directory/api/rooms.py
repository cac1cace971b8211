"""Routes of the directory: rooms."""

from uuid import UUID

from fastapi import Response

from infra.app import By, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.appointments.directory import queries
from services.appointments.directory.actions import places as actions
from services.appointments.directory.api.places import ANYONE
from services.appointments.directory.schemas.rooms import RoomForm, RoomPatch, RoomView

routes = router()


@routes.post("/boutiques/{boutique_id}/rooms", status_code=201)
@permit(Role.HEADQUARTERS, Role.REGIONAL, Role.MANAGER)
@idempotent()
async def add_room(boutique_id: UUID, form: RoomForm, tx: Transaction, by: By) -> RoomView:
    """Add a room."""
    made = await actions.add_room(tx, boutique_id, form.model_dump(mode="json"), by=by)
    return RoomView.model_validate(made)


@routes.get("/boutiques/{boutique_id}/rooms")
@permit(*ANYONE)
async def list_rooms(boutique_id: UUID, tx: Transaction, after: After = None, limit: Limit = 50) -> Page[RoomView]:
    """A boutique's rooms."""
    await queries.boutique(tx, boutique_id)
    of = f"rooms {boutique_id}"
    rows = await queries.rooms(tx, boutique_id, after=read_id_cursor(after, of=of), limit=limit + 1)
    items = [RoomView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor(items[-1].room_id, of=of) if len(rows) > limit else None)


@routes.get("/boutiques/{boutique_id}/rooms/{room_id}", responses=tagged())
@permit(*ANYONE)
async def read_room(boutique_id: UUID, room_id: UUID, tx: Transaction, response: Response) -> RoomView:
    """One room."""
    room = await queries.room(tx, boutique_id, room_id)
    response.headers["ETag"] = etag(room.version)
    return RoomView.model_validate(room)


@routes.patch("/boutiques/{boutique_id}/rooms/{room_id}")
@permit(Role.HEADQUARTERS, Role.REGIONAL, Role.MANAGER)
async def change_room(
    *, boutique_id: UUID, room_id: UUID, form: RoomPatch, if_match: IfMatch, tx: Transaction, by: By, response: Response
) -> RoomView:
    """Change a room. Appointments already made stay in it."""
    changes = form.model_dump(mode="json", exclude_unset=True)
    room = await actions.change_room(tx, boutique_id, room_id, changes, if_match=if_match, by=by)
    response.headers["ETag"] = etag(room.version)
    return RoomView.model_validate(room)
