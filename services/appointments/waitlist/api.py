"""Routes of the waiting list."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Header, Response

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses, tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.appointments.availability.actions.looks import look
from services.appointments.waitlist import queries
from services.appointments.waitlist.actions import joining, settling
from services.appointments.waitlist.rules import Status
from services.appointments.waitlist.schemas import (
    HerWaitView,
    WaitForm,
    WaitlistPolicyForm,
    WaitlistPolicyView,
    WaitView,
    shown,
)
from services.appointments.waitlist.tables import Entry

routes = router()

WAITS = (Role.CLIENT, Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER)
READS = (Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)

# An answer is guarded by the offer it answers; who wants to be sure of more sends the ETag.
Seen = Annotated[str, Header(alias="If-Match", max_length=100)]
Shown = WaitView | HerWaitView


async def _view(tx: Transaction, entry: Entry, response: Response, by: By) -> Shown:
    response.headers["ETag"] = etag(entry.version)
    offers = await queries.open_offers(tx, [entry.entry_id])
    return shown(entry, offers.get(entry.entry_id), to_client=by.role is Role.CLIENT)


@routes.post("/waitlist", status_code=201, responses={**tagged(201), **refuses(404)})
@permit(*WAITS)
@idempotent(keep=timedelta(days=30))
async def join(form: WaitForm, *, kit: OfKit, tx: Transaction, by: By, now: Now, response: Response) -> Shown:
    """Wait for a visit: what becomes free is offered to whoever is next, and kept for her while she decides.

    Staff put clients on the list whom profile shows them.
    """
    if by.role is not Role.CLIENT and form.client_id is not None:
        await look(kit.peers, form.client_id, seen="booking", by=by)
    return await _view(tx, await joining.join(tx, form.wish(), by=by, now=now), response, by)


@routes.get("/waitlist")
@permit(*READS)
async def list_waiting(
    *,
    boutique_id: UUID | None = None,
    status: Status | None = None,
    after: After = None,
    limit: Limit = 50,
    tx: Transaction,
    by: By,
) -> Page[WaitView]:
    """Who waits, in the order of coming; `reason` says why somebody could not be asked."""
    of = f"waitlist {boutique_id} {status}"
    rows = await queries.page(
        tx, by, boutique_id=boutique_id, status=status, after=read_id_cursor(after, of=of), limit=limit + 1
    )
    offers = await queries.open_offers(tx, [one.entry_id for one in rows])
    items = [shown(one, offers.get(one.entry_id), to_client=False) for one in rows[:limit]]
    more = cursor(rows[limit - 1].entry_id, of=of) if len(rows) > limit else None
    return Page(items=[one for one in items if isinstance(one, WaitView)], next_cursor=more)


@routes.get("/me/waitlist")
@permit(Role.CLIENT)
async def my_waiting(*, after: After = None, limit: Limit = 50, tx: Transaction, by: By) -> Page[HerWaitView]:
    """What she waits for, and what she is offered."""
    of = f"my waitlist {by.client_id}"
    rows = await queries.page(tx, by, after=read_id_cursor(after, of=of), limit=limit + 1)
    offers = await queries.open_offers(tx, [one.entry_id for one in rows])
    more = cursor(rows[limit - 1].entry_id, of=of) if len(rows) > limit else None
    items = [shown(one, offers.get(one.entry_id), to_client=True) for one in rows[:limit]]
    return Page(items=items, next_cursor=more)


@routes.get("/waitlist/{entry_id}", responses=tagged())
@permit(Role.CLIENT, *READS)
async def read_waiting(entry_id: UUID, *, tx: Transaction, by: By, response: Response) -> Shown:
    """One place on the list."""
    return await _view(tx, await queries.visible(tx, entry_id, by), response, by)


@routes.delete("/waitlist/{entry_id}")
@permit(*WAITS)
async def leave(
    entry_id: UUID, *, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """Leave the list; what is kept for her goes to the next."""
    return await _view(tx, await joining.leave(tx, entry_id, if_match=if_match, by=by, now=now), response, by)


@routes.post("/waitlist/{entry_id}/accept", responses=tagged())
@permit(*WAITS)
async def accept_offer(
    entry_id: UUID, *, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """Take the time that is offered, while it is kept: the same as confirming its appointment."""
    return await _view(tx, await settling.accept(tx, entry_id, if_match=if_match, by=by, now=now), response, by)


@routes.post("/waitlist/{entry_id}/decline", responses=tagged())
@permit(*WAITS)
async def decline_offer(
    entry_id: UUID, *, if_match: Seen = "*", tx: Transaction, by: By, now: Now, response: Response
) -> Shown:
    """Let it go to the next; she stays on the list, and is not offered this time again."""
    return await _view(tx, await settling.decline(tx, entry_id, if_match=if_match, by=by, now=now), response, by)


@routes.get("/waitlist-policy", responses=tagged())
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def read_policy(tx: Transaction, response: Response) -> WaitlistPolicyView:
    """Whom the brand asks first."""
    setting = await queries.setting(tx)
    response.headers["ETag"] = etag(setting.version)
    return WaitlistPolicyView.of(setting)


@routes.put("/waitlist-policy")
@permit(Role.HEADQUARTERS)
async def set_policy(
    form: WaitlistPolicyForm, *, if_match: IfMatch, tx: Transaction, response: Response
) -> WaitlistPolicyView:
    """Say whom the brand asks first, from now on. Without an order time alone counts."""
    setting = await joining.set_policy(tx, form.priority, offer_minutes=form.offer_minutes, if_match=if_match)
    response.headers["ETag"] = etag(setting.version)
    return WaitlistPolicyView.of(setting)
