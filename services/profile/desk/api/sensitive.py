"""What is kept of a client only while she allows it separately: measurements, allergies and the like."""

from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import permit
from services.profile.consents import actions, queries
from services.profile.consents.schemas import ItemForm, ItemsView, ItemView
from services.profile.desk.rules import KEEP_RECORDS
from services.profile.privacy import actions as privacy
from services.profile.privacy.rules import STAFF

routes = router()


@routes.get("/clients/{client_id}/sensitive-items")
@permit(*STAFF)
async def items(client_id: UUID, tx: Transaction, by: By, now: Now) -> ItemsView:
    """What she allows to be seen; nothing of a purpose she has not allowed, or no longer does."""
    sight = await privacy.look(tx, client_id, seen="sensitive-items", by=by, now=now)
    found = await queries.items(tx, sight.client_id)
    return ItemsView(items=[ItemView.model_validate(one) for one in found])


@routes.post("/clients/{client_id}/sensitive-items", status_code=201)
@permit(*KEEP_RECORDS)
@idempotent()
async def keep(client_id: UUID, form: ItemForm, tx: Transaction, by: By, now: Now) -> ItemView:
    """Keep something sensitive that she allows to be kept."""
    sight = await privacy.look(tx, client_id, seen="sensitive-items", by=by, now=now)
    item_id = await actions.keep_item(tx, sight.client_id, form.kind, form.value, form.device, by=by, now=now)
    [kept] = [one for one in await queries.items(tx, sight.client_id) if one.item_id == item_id]
    return ItemView.model_validate(kept)


@routes.delete("/clients/{client_id}/sensitive-items/{item_id}", status_code=204)
@permit(*KEEP_RECORDS)
async def remove(client_id: UUID, item_id: UUID, tx: Transaction, by: By, now: Now) -> None:
    """Forget something sensitive."""
    sight = await privacy.look(tx, client_id, seen="sensitive-items", by=by, now=now)
    await actions.remove_item(tx, sight.client_id, item_id)
