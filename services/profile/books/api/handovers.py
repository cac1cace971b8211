"""Handing a book over: planned, looked at, started, completed or undone."""

from collections.abc import Collection
from uuid import UUID

from infra.app import By, Kit, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, Role, permit
from infra.openapi import refuses
from infra.wire import After, Limit, Page, cursor, read_id_cursor
from services.profile.books.actions import moving, planning
from services.profile.books.actions.planning import Rule, Wanted
from services.profile.books.queries import handovers as queries
from services.profile.books.queries.handovers import Handover
from services.profile.books.rules.handovers import Why
from services.profile.books.schemas.handovers import HandedView, HandoverForm, HandoverView, TakerForm

routes = router()

FIRST = UUID(int=0)
LEADS = (Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)


@routes.post("/handovers", status_code=201, responses=refuses(404))
@permit(*LEADS)
@idempotent()
async def plan(form: HandoverForm, *, tx: Transaction, by: By, kit: OfKit, now: Now) -> HandoverView:
    """Plan to whom an advisor's clients go. Nothing changes before it is started; a dry run is not even kept."""
    rule = Rule(form.rule.match, form.rule.boutique_ids, form.rule.advisor_ids)
    wanted = Wanted(form.from_advisor_id, Why(form.reason), rule)
    planned = await planning.draw(tx, wanted, boutiques=_led(by), now=now)
    if form.dry_run:
        return HandoverView.preview_of(
            form, planned.giver.boutique_id, planned.placements, has_wecom=bool(kit.settings.wecom_corpid)
        )
    handover_id = await planning.plan(tx, wanted, planned, by=by.subject, now=now)
    return await _view(tx, await queries.handover(tx, handover_id, boutiques=None), kit)


@routes.get("/handovers")
@permit(*LEADS)
async def list_handovers(
    *,
    advisor_id: UUID | None = None,
    tx: Transaction,
    by: By,
    kit: OfKit,
    after: After = None,
    limit: Limit = 20,
) -> Page[HandoverView]:
    """The handovers of the caller's boutiques, the latest first; of one advisor's book, if she is named."""
    of = f"handovers:{advisor_id}"
    found = await queries.handovers(
        tx, boutiques=_led(by), advisor_id=advisor_id, after=read_id_cursor(after, of=of), limit=limit + 1
    )
    more = cursor(found[limit - 1].handover_id, of=of) if len(found) > limit else None
    return Page(items=[await _view(tx, one, kit) for one in found[:limit]], next_cursor=more)


@routes.get("/handovers/{handover_id}")
@permit(*LEADS)
async def show(handover_id: UUID, tx: Transaction, by: By, kit: OfKit) -> HandoverView:
    """How far a handover has come, in figures."""
    return await _view(tx, await queries.handover(tx, handover_id, boutiques=_led(by)), kit)


@routes.get("/handovers/{handover_id}/clients")
@permit(*LEADS)
async def clients(
    handover_id: UUID, tx: Transaction, by: By, after: After = None, limit: Limit = 50
) -> Page[HandedView]:
    """Each client of a handover: where she goes and why, and how far she has come."""
    await queries.handover(tx, handover_id, boutiques=_led(by))
    of = f"handover:{handover_id}"
    found = await queries.entries(tx, handover_id, after=read_id_cursor(after, of=of) or FIRST, limit=limit + 1)
    more = cursor(found[limit - 1].client_id, of=of) if len(found) > limit else None
    return Page(items=[HandedView.model_validate(one) for one in found[:limit]], next_cursor=more)


@routes.put("/handovers/{handover_id}/clients/{client_id}")
@permit(*LEADS)
async def give_to(
    handover_id: UUID, client_id: UUID, form: TakerForm, *, tx: Transaction, by: By, now: Now
) -> HandedView:
    """Have one client of a plan go to another advisor."""
    given = await planning.give_to(tx, handover_id, client_id, form.advisor_id, boutiques=_led(by), now=now)
    return HandedView.model_validate(given)


@routes.post("/handovers/{handover_id}/start")
@permit(*LEADS)
async def start(handover_id: UUID, *, tx: Transaction, by: By, kit: OfKit, now: Now) -> HandoverView:
    """Give all clients to their new advisors now. Contacts follow in WeCom, tasks and visits by the facts."""
    corpid = kit.settings.wecom_corpid
    return await _view(tx, await moving.start(tx, handover_id, corpid=corpid, boutiques=_led(by), now=now), kit)


@routes.post("/handovers/{handover_id}/complete")
@permit(*LEADS)
async def complete(handover_id: UUID, *, tx: Transaction, by: By, kit: OfKit, now: Now) -> HandoverView:
    """Say that a handover is over, whatever is left of it. Afterwards it cannot be undone."""
    return await _view(tx, await moving.complete(tx, handover_id, boutiques=_led(by), now=now), kit)


@routes.post("/handovers/{handover_id}/undo")
@permit(*LEADS)
async def undo(handover_id: UUID, *, tx: Transaction, by: By, kit: OfKit, now: Now) -> HandoverView:
    """Drop a plan, or give every client back as it was before the start."""
    return await _view(tx, await moving.undo(tx, handover_id, boutiques=_led(by), now=now), kit)


def _led(by: Caller) -> Collection[UUID] | None:
    return None if by.role is Role.HEADQUARTERS else by.boutique_ids


async def _view(tx: Transaction, handover: Handover, kit: Kit) -> HandoverView:
    counts = await queries.counts(tx, handover.handover_id)
    return HandoverView.of(handover, counts, has_wecom=bool(kit.settings.wecom_corpid))
