"""Routes of the directory: what can be booked."""

from uuid import UUID

from fastapi import Response

from infra.app import By, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, Role, permit
from infra.openapi import tagged
from infra.refusal import NotFound
from infra.wire import After, IfMatch, Limit, Page, cursor, etag
from services.appointments.directory import queries
from services.appointments.directory.actions import places as actions
from services.appointments.directory.api.places import ANYONE, code_after
from services.appointments.directory.schemas.experiences import (
    ExperienceForm,
    ExperiencePatch,
    ExperienceView,
    HerExperienceView,
)
from services.appointments.directory.tables import Experience

routes = router()

# A client is not told for whom an experience is.
Shown = ExperienceView | HerExperienceView


def _view(experience: Experience, by: Caller) -> Shown:
    return (HerExperienceView if by.role is Role.CLIENT else ExperienceView).model_validate(experience)


@routes.post("/experiences", status_code=201)
@permit(Role.HEADQUARTERS)
@idempotent()
async def add_experience(form: ExperienceForm, tx: Transaction) -> ExperienceView:
    """Offer an experience in every boutique."""
    return ExperienceView.model_validate(await actions.add_experience(tx, form.model_dump(mode="json")))


@routes.get("/experiences")
@permit(*ANYONE)
async def list_experiences(tx: Transaction, by: By, after: After = None, limit: Limit = 50) -> Page[Shown]:
    """Experiences by code; a client sees those that are open to everyone (`/me/experiences` has hers)."""
    is_for_all = by.role is Role.CLIENT
    of = f"experiences {is_for_all}"
    rows = await queries.experiences(tx, is_for_all=is_for_all, after=code_after(after, of), limit=limit + 1)
    items = [_view(row, by) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor(items[-1].code, of=of) if len(rows) > limit else None)


@routes.get("/experiences/{experience_id}", responses=tagged())
@permit(*ANYONE)
async def read_experience(experience_id: UUID, tx: Transaction, by: By, response: Response) -> Shown:
    """One experience; for clients, one that is offered no more is none."""
    experience = await queries.experience(tx, experience_id)
    if by.role is Role.CLIENT and not experience.active:
        raise NotFound
    response.headers["ETag"] = etag(experience.version)
    return _view(experience, by)


@routes.patch("/experiences/{experience_id}")
@permit(Role.HEADQUARTERS)
async def change_experience(
    experience_id: UUID, form: ExperiencePatch, if_match: IfMatch, tx: Transaction, response: Response
) -> ExperienceView:
    """Change an experience. Appointments already made stay as they were agreed."""
    experience = await actions.change_experience(tx, experience_id, form.said(), if_match=if_match)
    response.headers["ETag"] = etag(experience.version)
    return ExperienceView.model_validate(experience)
