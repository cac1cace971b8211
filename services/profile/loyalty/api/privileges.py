"""Privileges: what there is to grant."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.profile.loyalty.actions import privileges as actions
from services.profile.loyalty.api.tiers import SEE_TIERS
from services.profile.loyalty.queries import privileges as queries
from services.profile.loyalty.queries.privileges import Privilege
from services.profile.loyalty.schemas.privileges import PrivilegeChangeForm, PrivilegeForm, PrivilegeView

routes = router()

_LIST = "privileges"


@routes.get("/privileges")
@permit(*SEE_TIERS)
async def privileges(tx: Transaction, *, after: After = None, limit: Limit = 50) -> Page[PrivilegeView]:
    """What there is, the latest first, and how much of it is left."""
    found = await queries.page(tx, after=read_id_cursor(after, of=_LIST), limit=limit + 1)
    more = cursor(found[limit - 1].privilege_id, of=_LIST) if len(found) > limit else None
    return Page(items=[PrivilegeView.model_validate(one) for one in found[:limit]], next_cursor=more)


@routes.get("/privileges/{privilege_id}", responses=tagged())
@permit(*SEE_TIERS)
async def privilege(privilege_id: UUID, tx: Transaction, response: Response) -> PrivilegeView:
    """One privilege."""
    return _view(await queries.privilege(tx, privilege_id), response)


@routes.post("/privileges", status_code=201, responses=tagged(201))
@permit(Role.HEADQUARTERS)
@idempotent()
async def create(form: PrivilegeForm, tx: Transaction, now: Now, response: Response) -> PrivilegeView:
    """Set up a priority list, a gift or a greeting."""
    return _view(await actions.create(tx, form.wanted(), now=now), response)


@routes.patch("/privileges/{privilege_id}")
@permit(Role.HEADQUARTERS)
async def change(
    privilege_id: UUID, form: PrivilegeChangeForm, if_match: IfMatch, *, tx: Transaction, now: Now, response: Response
) -> PrivilegeView:
    """Change how many there are and until when, or close it."""
    changed = await actions.change(
        tx,
        privilege_id,
        quantity=form.quantity,
        deadline_at=form.deadline_at,
        is_closed=form.is_closed,
        if_match=if_match,
        now=now,
    )
    return _view(changed, response)


@routes.post("/privileges/{privilege_id}/allot", responses=tagged())
@permit(Role.HEADQUARTERS)
async def allot(privilege_id: UUID, *, tx: Transaction, by: By, now: Now, response: Response) -> PrivilegeView:
    """Give what is left of a limited edition to its list, in its order, once the deadline has passed."""
    return _view(await actions.allot(tx, privilege_id, by=by.subject, now=now), response)


def _view(one: Privilege, response: Response) -> PrivilegeView:
    response.headers["ETag"] = etag(one.version)
    return PrivilegeView.model_validate(one)
