"""A client's own consents."""

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.refusal import NotFound
from services.profile.consents import actions, queries
from services.profile.consents.schemas import ConsentsView, MyDecisionsForm, standing

routes = router()


@routes.get("/me/consents")
@permit(Role.CLIENT)
async def my_consents(tx: Transaction, by: By) -> ConsentsView:
    """What I allow."""
    if by.client_id is None:
        raise NotFound
    return standing(await queries.decisions(tx, by.client_id))


@routes.put("/me/consents")
@permit(Role.CLIENT)
async def decide(form: MyDecisionsForm, tx: Transaction, by: By, now: Now) -> ConsentsView:
    """Give or withdraw; withdrawing is as easy as giving."""
    if by.client_id is None:
        raise NotFound
    wishes = [one.wish() for one in form.consents]
    await actions.decide(tx, by.client_id, wishes, channel="mini-program", actor="client", now=now)
    return standing(await queries.decisions(tx, by.client_id))
