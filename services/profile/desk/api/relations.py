"""Who is what to a client."""

from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, permit
from services.profile.clients import queries as clients
from services.profile.clients.actions import relations as actions
from services.profile.clients.queries import relations as queries
from services.profile.clients.queries.relations import Relation
from services.profile.clients.schemas import RelationForm, RelationsView, RelationView
from services.profile.desk.rules import KEEP_RECORDS, NobodyNamed
from services.profile.identities import models
from services.profile.identities import queries as identities
from services.profile.privacy import actions as privacy
from services.profile.privacy import queries as sights
from services.profile.privacy.queries import Sight
from services.profile.privacy.rules import STAFF, ClientUnknown

routes = router()


@routes.get("/clients/{client_id}/relations")
@permit(*STAFF)
async def relations(client_id: UUID, tx: Transaction, by: By, now: Now) -> RelationsView:
    """Who is what to her, seen from both sides. A relation opens nobody's record to the caller."""
    sight = await privacy.look(tx, client_id, seen="relations", by=by, now=now)
    return RelationsView(items=await _views(tx, sight, by, now=now))


@routes.post("/clients/{client_id}/relations", status_code=201)
@permit(*KEEP_RECORDS)
@idempotent()
async def relate(client_id: UUID, form: RelationForm, tx: Transaction, by: By, now: Now) -> RelationView:
    """Relate her to another client whom the caller may see too, or to somebody by name."""
    sight = await privacy.look(tx, client_id, seen="relations", by=by, now=now)
    if form.other_client_id is not None and form.name is None:
        other = await sights.sight(tx, form.other_client_id, by, now=now)
        relation_id = await actions.relate(tx, sight.family, form.tie, other.family, by=by, now=now)
    elif form.name is not None and form.other_client_id is None:
        relation_id = await actions.name(tx, sight.client_id, form.tie, form.name, by=by, now=now)
    else:
        raise NobodyNamed
    [view] = [one for one in await _views(tx, sight, by, now=now) if one.relation_id == relation_id]
    return view


@routes.delete("/clients/{client_id}/relations/{relation_id}", status_code=204)
@permit(*KEEP_RECORDS)
async def part(client_id: UUID, relation_id: UUID, tx: Transaction, by: By, now: Now) -> None:
    """Part the two again, for both sides."""
    sight = await privacy.look(tx, client_id, seen="relations", by=by, now=now)
    await actions.remove(tx, sight.family, relation_id)


async def _views(tx: Transaction, sight: Sight, by: Caller, *, now: Now) -> list[RelationView]:
    found = await queries.of(tx, sight.family)
    others = [one.other_client_id for one in found if one.other_client_id is not None]
    canonical = await identities.canonicals(tx, others)
    known = await clients.by_id(tx, list(canonical.values()))
    views = []
    for one in found:
        if one.other_client_id is None:
            views.append(_view(one, None, one.other_name or ""))
        elif (other := known.get(canonical[one.other_client_id])) is not None:
            try:
                await sights.sight(tx, other.client_id, by, now=now)
                views.append(_view(one, other.client_id, other.display_name))
            except ClientUnknown:
                views.append(_view(one, None, models.masked_name(other.display_name)))
    return views


def _view(one: Relation, other_client_id: UUID | None, name: str) -> RelationView:
    return RelationView(
        relation_id=one.relation_id,
        tie=one.tie,
        other_client_id=other_client_id,
        name=name,
        noted_by=one.noted_by,
        noted_at=one.noted_at,
    )
