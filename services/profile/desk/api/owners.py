"""Whose client she is, who stands in, and what is planned with her: for those who may see her."""

from datetime import datetime
from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Caller, Role, permit
from infra.openapi import tagged
from infra.wire import IfMatch, etag
from services.profile.books import actions, queries
from services.profile.books.actions import deputies, plans
from services.profile.books.queries import deputies as standing_in
from services.profile.books.queries import plans as planned
from services.profile.books.queries.deputies import Deputy
from services.profile.books.schemas import OwnerForm, OwnerView
from services.profile.books.schemas.book import DeputyForm, DeputyView, PlanForm, PlanView
from services.profile.privacy import actions as privacy
from services.profile.privacy import queries as sights
from services.profile.privacy.queries import Sight
from services.profile.privacy.rules import ClientUnknown, Ground

routes = router()

# Who has clients of her own, or leads those who have.
KEEPS = (Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)


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


@routes.get("/clients/{client_id}/deputy")
@permit(*KEEPS)
async def deputy(client_id: UUID, *, tx: Transaction, by: By, now: Now) -> DeputyView:
    """Who stands in for her advisor; all null when nobody was named for her."""
    sight = await sights.sight(tx, client_id, by, now=now)
    found = await standing_in.of_client(tx, sight.client_id)
    return DeputyView.model_validate(found) if found else DeputyView()


@routes.put("/clients/{client_id}/deputy")
@permit(*KEEPS)
async def set_deputy(client_id: UUID, form: DeputyForm, *, tx: Transaction, by: By, now: Now) -> DeputyView:
    """Let another advisor see and serve her as her owner does, for as long as it is said."""
    sight = await _kept(tx, client_id, by, now=now)
    wanted = Deputy(form.advisor_id, form.from_at or now, form.until_at)
    return DeputyView.model_validate(await deputies.stand_in(tx, sight.client_id, wanted, by=by, now=now))


@routes.delete("/clients/{client_id}/deputy", status_code=204)
@permit(*KEEPS)
async def end_deputy(client_id: UUID, *, tx: Transaction, by: By, now: Now) -> None:
    """Nobody stands in for her advisor any more."""
    await deputies.end(tx, (await _kept(tx, client_id, by, now=now)).client_id)


@routes.get("/clients/{client_id}/plan", responses=tagged())
@permit(*KEEPS)
async def plan(client_id: UUID, *, tx: Transaction, by: By, now: Now, response: Response) -> PlanView:
    """Her development path and when she is spoken to next; all null, with the ETag `"0"`, before somebody plans."""
    sight = await privacy.look(tx, client_id, seen="plan", by=by, now=now)
    found = await planned.plan(tx, sight.client_id)
    response.headers["ETag"] = etag(found.version)
    return PlanView.model_validate(found)


@routes.put("/clients/{client_id}/plan")
@permit(*KEEPS)
async def set_plan(
    client_id: UUID, form: PlanForm, *, if_match: IfMatch, tx: Transaction, by: By, now: Now, response: Response
) -> PlanView:
    """Replace what is planned with her."""
    sight = await privacy.look(tx, client_id, seen="plan", by=by, now=now)
    written = await plans.write(
        tx,
        sight.client_id,
        stage=form.stage,
        next_step=form.next_step,
        every_weeks=form.every_weeks,
        next_contact_on=form.next_contact_on,
        if_match=if_match,
        by=by,
        now=now,
    )
    response.headers["ETag"] = etag(written.version)
    return PlanView.model_validate(written)


async def _kept(tx: Transaction, client_id: UUID, by: Caller, *, now: datetime) -> Sight:
    """Who owns her or leads where she is owned; raises ClientUnknown for whoever merely sees her, or stands in."""
    sight = await sights.sight(tx, client_id, by, now=now)
    if sight.ground not in {Ground.OWNER, Ground.ROLE}:
        raise ClientUnknown
    return sight
