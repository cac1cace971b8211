"""The register of breaches."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.ids import new_id
from infra.openapi import refuses, tagged
from infra.refusal import NotFound
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.profile.registers.actions import entries as actions
from services.profile.registers.queries import entries as queries
from services.profile.registers.queries.entries import Entry
from services.profile.registers.rules import breaches as rules
from services.profile.registers.rules.entries import Category, Register, kept_until
from services.profile.registers.schemas.breaches import BreachForm, BreachView, DutyView

routes = router()

HERE = Register.BREACHES


@routes.get("/registers/breaches")
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def breaches(*, tx: Transaction, now: Now, after: After = None, limit: Limit = 50) -> Page[BreachView]:
    """Breaches, the latest entered first, each with who has to be told and what of it is late."""
    found = await queries.latest(tx, HERE, after=read_id_cursor(after, of=HERE), limit=limit + 1)
    return Page(
        items=[_view(one, now) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].entry_id, of=HERE) if len(found) > limit else None,
    )


@routes.post("/registers/breaches", status_code=201, responses=tagged(201))
@permit(Role.PRIVACY)
@idempotent()
async def enter(form: BreachForm, *, tx: Transaction, by: By, now: Now, response: Response) -> BreachView:
    """Enter a breach as soon as it is found; what is not known yet is amended later. Answers who has to be told."""
    return await _write(tx, new_id(), 1, form, by=by, now=now, response=response)


@routes.get("/registers/breaches/{entry_id}", responses=tagged())
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def breach(entry_id: UUID, tx: Transaction, now: Now, response: Response) -> BreachView:
    """One breach as it stands now."""
    found = await queries.entry(tx, HERE, entry_id)
    response.headers["ETag"] = etag(found.version)
    return _view(found, now)


@routes.put("/registers/breaches/{entry_id}", responses={**tagged(), **refuses(409)})
@permit(Role.PRIVACY)
async def amend(
    entry_id: UUID, form: BreachForm, if_match: IfMatch, *, tx: Transaction, by: By, now: Now, response: Response
) -> BreachView:
    """Amend a breach, such as by who was told: what it said before stays among its versions."""
    await actions.take_turn(tx, entry_id)
    before = await queries.entry(tx, HERE, entry_id)
    actions.check_change(before, if_match=if_match)
    return await _write(tx, entry_id, before.version + 1, form, by=by, now=now, response=response)


@routes.get("/registers/breaches/{entry_id}/versions")
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def versions(entry_id: UUID, tx: Transaction, now: Now) -> Page[BreachView]:
    """Everything the entry ever said, and who said it when; the latest first."""
    if not (found := await queries.versions(tx, HERE, entry_id)):
        raise NotFound
    return Page(items=[_view(one, now) for one in found])


async def _write(
    tx: Transaction, entry_id: UUID, version: int, form: BreachForm, *, by: By, now: Now, response: Response
) -> BreachView:
    rules.check_times(form.happened_at, form.found_at, [one.told_at for one in form.told], now=now)
    content = form.model_dump_json()
    written = await actions.write(tx, HERE, entry_id, version, content, ended_on=form.ended_on, by=by, now=now)
    response.headers["ETag"] = etag(version)
    return _view(written, now)


def _view(one: Entry, now: Now) -> BreachView:
    form = BreachForm.model_validate_json(one.content)
    facts = rules.Facts(
        found_at=form.found_at,
        dismissed=form.dismissed,
        contained=form.contained,
        minors=Category.MINORS in form.categories,
        entrusted=form.entrusted,
        crime_suspected=form.crime_suspected,
    )
    told = [(told.whom, told.told_at) for told in form.told]
    return BreachView(
        entry_id=one.entry_id,
        version=one.version,
        changed_by=one.changed_by,
        changed_at=one.changed_at,
        kept_until=kept_until(one.ended_on) if one.ended_on else None,
        breach=form,
        duties=[DutyView.model_validate(duty) for duty in rules.duties(facts, told, now=now)],
    )
