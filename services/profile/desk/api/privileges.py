"""Who is to have a privilege, and who has it: for whoever may see the client."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, permit
from infra.wire import After, Limit, Page, cursor, read_number_cursor
from services.profile.clients import queries as clients
from services.profile.desk.rules import ISSUE_CARDS, PUT_FORWARD
from services.profile.loyalty.actions import privileges as actions
from services.profile.loyalty.queries import privileges as queries
from services.profile.loyalty.queries.privileges import Grant
from services.profile.loyalty.schemas.privileges import GrantForm, GrantView
from services.profile.privacy import actions as privacy
from services.profile.privacy import queries as sights
from services.profile.privacy.rules import ClientUnknown

routes = router()

SEEN = "privileges"


@routes.get("/privileges/{privilege_id}/grants")
@permit(*PUT_FORWARD)
async def grants(
    privilege_id: UUID, *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[GrantView]:
    """To whom it was granted and who is listed, in the order they came: those whom the caller may see."""
    await queries.privilege(tx, privilege_id)
    of = f"grants:{privilege_id}"
    only = await sights.visible(tx, by, now=now)
    found = await queries.grants(
        tx, privilege_id, only=only, after=read_number_cursor(after, of=of) or 0, limit=limit + 1
    )
    more = cursor(found[limit - 1].number, of=of) if len(found) > limit else None
    return Page(items=[GrantView.model_validate(one) for one in found[:limit]], next_cursor=more)


@routes.post("/privileges/{privilege_id}/grants", status_code=201)
@permit(*PUT_FORWARD)
@idempotent()
async def grant(privilege_id: UUID, form: GrantForm, *, tx: Transaction, by: By, now: Now) -> GrantView:
    """Grant a client a gift or a greeting, or put her on a priority list; never more than there are."""
    sight = await privacy.look(tx, form.client_id, seen=SEEN, by=by, now=now)
    if not await clients.spared(tx, [sight.client_id]):
        raise ClientUnknown
    made = await actions.grant(tx, privilege_id, sight.family, by=by.subject, now=now)
    return GrantView.model_validate(made)


@routes.post("/privileges/{privilege_id}/grants/{grant_id}/hand-over")
@permit(*PUT_FORWARD)
async def hand_over(privilege_id: UUID, grant_id: UUID, *, tx: Transaction, by: By, now: Now) -> GrantView:
    """Write down that she has it."""
    found = await _grant(tx, privilege_id, grant_id, by, now=now)
    return GrantView.model_validate(await actions.hand_over(tx, found, by=by.subject, now=now))


@routes.delete("/privileges/{privilege_id}/grants/{grant_id}", status_code=204)
@permit(*ISSUE_CARDS)
async def withdraw(privilege_id: UUID, grant_id: UUID, *, tx: Transaction, by: By, now: Now) -> Response:
    """Take back what was not handed over; it can be granted to somebody else."""
    found = await _grant(tx, privilege_id, grant_id, by, now=now)
    await actions.withdraw(tx, found, by=by.subject, now=now)
    return Response(status_code=204)


async def _grant(tx: Transaction, privilege_id: UUID, grant_id: UUID, by: Caller, *, now: Now) -> Grant:
    found = await queries.grant(tx, privilege_id, grant_id)
    await privacy.look(tx, found.client_id, seen=SEEN, by=by, now=now)
    return found
