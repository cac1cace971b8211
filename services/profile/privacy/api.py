"""Asking for access to a client, and reading who had it."""

from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.wire import After, Limit, Page, cursor, read_id_cursor
from services.profile.identities import queries as identities
from services.profile.privacy import actions, queries
from services.profile.privacy.schemas import AccessForm, AccessView, LookView

routes = router()


@routes.post("/clients/{client_id}/access", status_code=201)
@permit(Role.ADVISOR, Role.AFTER_SALES, Role.EVENTS, Role.MANAGER, Role.REGIONAL)
@idempotent()
async def open_access(client_id: UUID, form: AccessForm, tx: Transaction, by: By, now: Now) -> AccessView:
    """Open a client for 24 hours, for a reason that is kept."""
    until = await actions.open_access(tx, client_id, form.reason, by=by, now=now)
    return AccessView(client_id=await identities.canonical(tx, client_id), until_at=until)


@routes.get("/clients/{client_id}/access-log")
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def access_log(
    client_id: UUID,
    *,
    tx: Transaction,
    by: By,
    now: Now,
    after: After = None,
    limit: Limit = 50,
) -> Page[LookView]:
    """Who has seen this client in full, on what ground, the latest first."""
    sight = await queries.sight(tx, client_id, by, now=now)
    of = f"access-log:{sight.client_id}"
    found = await queries.looks(tx, sight.client_id, after=read_id_cursor(after, of=of), limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=[LookView.model_validate(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].entry_id, of=of) if more else None,
    )
