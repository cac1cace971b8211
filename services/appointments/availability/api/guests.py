"""Routes of what is open to a client, and of whom the house opens it to."""

from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.refusal import NotFound
from infra.wire import After, Limit, Page, cursor, read_cursor, read_id_cursor
from services.appointments.availability import queries
from services.appointments.availability.actions import guests as actions
from services.appointments.availability.schemas import GuestView
from services.appointments.directory import queries as directory
from services.appointments.directory.schemas.experiences import HerExperienceView

routes = router()

INVITES = (Role.HEADQUARTERS, Role.REGIONAL, Role.MANAGER, Role.EVENTS, Role.CLIENT_SERVICE)


@routes.get("/me/experiences")
@permit(Role.CLIENT)
async def list_mine(tx: Transaction, by: By, after: After = None, limit: Limit = 50) -> Page[HerExperienceView]:
    """The experiences she may book, by code."""
    if by.client_id is None:
        raise NotFound
    of = f"my experiences {by.client_id}"
    key = read_cursor(after, of=of, parts=1)
    client = await queries.person(tx, by.client_id)
    rows = await queries.open_to(tx, client, after=key[0] if key else None, limit=limit + 1)
    items = [HerExperienceView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor(items[-1].code, of=of) if len(rows) > limit else None)


@routes.get("/experiences/{experience_id}/guests")
@permit(*INVITES)
async def list_guests(experience_id: UUID, tx: Transaction, after: After = None, limit: Limit = 50) -> Page[GuestView]:
    """The clients to whom an experience by invitation is open."""
    await directory.experience(tx, experience_id)
    of = f"guests {experience_id}"
    rows = await queries.guests(tx, experience_id, after=read_id_cursor(after, of=of), limit=limit + 1)
    items = [GuestView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor(items[-1].client_id, of=of) if len(rows) > limit else None)


@routes.put("/experiences/{experience_id}/guests/{client_id}", status_code=204)
@permit(*INVITES)
async def invite(experience_id: UUID, client_id: UUID, tx: Transaction, by: By, now: Now) -> None:
    """Open an experience by invitation to a client. Safe to repeat."""
    await actions.invite(tx, experience_id, client_id, by=by, now=now)


@routes.delete("/experiences/{experience_id}/guests/{client_id}", status_code=204)
@permit(*INVITES)
async def uninvite(experience_id: UUID, client_id: UUID, tx: Transaction) -> None:
    """Close it to her again; her appointments stay. Safe to repeat."""
    await actions.uninvite(tx, experience_id, client_id)
