"""The days that matter to a client."""

from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from services.profile.clients import queries as clients
from services.profile.clients.actions import dates as actions
from services.profile.clients.queries import dates as queries
from services.profile.clients.schemas import BirthdayView, DateForm, DatesView, DateView
from services.profile.desk.rules import KEEP_RECORDS
from services.profile.privacy import actions as privacy
from services.profile.privacy.rules import STAFF
from services.profile.segments import queries as segments

routes = router()


@routes.get("/clients/{client_id}/dates")
@permit(Role.SERVICE, *STAFF)
async def dates(client_id: UUID, tx: Transaction, by: By, now: Now) -> DatesView:
    """Her birthday and the other days that matter to her, each with the day on which it is kept next."""
    sight = await privacy.look(tx, client_id, seen="dates", by=by, now=now)
    today = await segments.today(tx, now)
    birthday = await clients.birthday(tx, sight.family)
    return DatesView(
        birthday=BirthdayView.of(birthday, today=today) if birthday else None,
        items=[DateView.kept(one, today=today) for one in await queries.kept(tx, sight.family)],
    )


@routes.post("/clients/{client_id}/dates", status_code=201)
@permit(*KEEP_RECORDS)
@idempotent()
async def keep(client_id: UUID, form: DateForm, tx: Transaction, by: By, now: Now) -> DateView:
    """Keep a day that matters to her."""
    sight = await privacy.look(tx, client_id, seen="dates", by=by, now=now)
    today = await segments.today(tx, now)
    date_id = await actions.keep(tx, sight.client_id, form.kind, form.read(today=today), form.label, by=by, now=now)
    [one] = [one for one in await queries.kept(tx, sight.family) if one.date_id == date_id]
    return DateView.kept(one, today=today)


@routes.delete("/clients/{client_id}/dates/{date_id}", status_code=204)
@permit(*KEEP_RECORDS)
async def remove(client_id: UUID, date_id: UUID, tx: Transaction, by: By, now: Now) -> None:
    """Forget a day of hers."""
    sight = await privacy.look(tx, client_id, seen="dates", by=by, now=now)
    await actions.remove(tx, sight.family, date_id)
