"""Whose client she is, for those who may see her and give her to somebody else."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.openapi import tagged
from infra.wire import IfMatch, etag
from services.profile.books import actions, queries
from services.profile.books.schemas import OwnerForm, OwnerView
from services.profile.privacy import queries as sights

routes = router()


@routes.get("/clients/{client_id}/owner", responses=tagged())
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS, Role.SERVICE)
async def owner(client_id: UUID, tx: Transaction, by: By, now: Now, response: Response) -> OwnerView:
    """In whose book a client is; all null, with the ETag `"0"`, while she is in nobody's."""
    sight = await sights.sight(tx, client_id, by, now=now)
    found = await queries.owner_of(tx, sight.client_id)
    response.headers["ETag"] = etag(found.version if found else 0)
    return OwnerView.model_validate(found) if found else OwnerView(client_id=sight.client_id)


@routes.put("/clients/{client_id}/owner")
@permit(Role.MANAGER, Role.HEADQUARTERS, Role.SERVICE)
async def assign(
    client_id: UUID, form: OwnerForm, *, if_match: IfMatch, tx: Transaction, by: By, now: Now, response: Response
) -> OwnerView:
    """Put a client whom the caller may see into the book of an advisor of that boutique."""
    sight = await sights.sight(tx, client_id, by, now=now)
    assigned = await actions.assign(
        tx, sight.client_id, advisor_id=form.advisor_id, boutique_id=form.boutique_id, by=by, if_match=if_match, now=now
    )
    response.headers["ETag"] = etag(assigned.version)
    return OwnerView.model_validate(assigned)
