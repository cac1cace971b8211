"""The register of processing activities."""

from typing import Any
from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.ids import new_id
from infra.openapi import refuses, tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.profile.registers.actions import entries as actions
from services.profile.registers.queries import activities as queries
from services.profile.registers.queries import assessments
from services.profile.registers.queries.entries import Entry
from services.profile.registers.rules import activities as rules
from services.profile.registers.rules.entries import Register, kept_until
from services.profile.registers.schemas.activities import ActivityForm, ActivityView
from services.profile.segments import queries as segments

routes = router()


@routes.get("/registers/activities")
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def activities(*, tx: Transaction, now: Now, after: After = None, limit: Limit = 50) -> Page[ActivityView]:
    """What the house does with personal data, the latest entered first; last what the software does by itself."""
    found = await queries.page(tx, after=read_id_cursor(after, of="activities"), limit=limit + 1)
    return Page(
        items=await _views(tx, found[:limit], now),
        next_cursor=cursor(found[limit - 1].entry_id, of="activities") if len(found) > limit else None,
    )


@routes.post("/registers/activities", status_code=201, responses={**tagged(201), **refuses(409)})
@permit(Role.PRIVACY)
@idempotent()
async def enter(form: ActivityForm, *, tx: Transaction, by: By, now: Now, response: Response) -> ActivityView:
    """Enter an activity."""
    return await _write(tx, new_id(), 1, form, by=by, now=now, response=response)


@routes.get("/registers/activities/{entry_id}", responses=tagged())
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def activity(entry_id: UUID, tx: Transaction, now: Now, response: Response) -> ActivityView:
    """One activity as it stands now."""
    found = await queries.activity(tx, entry_id)
    response.headers["ETag"] = etag(found.version)
    return (await _views(tx, [found], now))[0]


@routes.put("/registers/activities/{entry_id}", responses={**tagged(), **refuses(409)})
@permit(Role.PRIVACY)
async def amend(
    entry_id: UUID, form: ActivityForm, if_match: IfMatch, *, tx: Transaction, by: By, now: Now, response: Response
) -> ActivityView:
    """Amend an activity: what it said before stays among its versions."""
    await actions.take_turn(tx, entry_id)
    before = await queries.activity(tx, entry_id)
    actions.check_change(before, if_match=if_match)
    return await _write(tx, entry_id, before.version + 1, form, by=by, now=now, response=response)


@routes.get("/registers/activities/{entry_id}/versions")
@permit(Role.PRIVACY, Role.HEADQUARTERS)
async def versions(entry_id: UUID, tx: Transaction, now: Now) -> Page[ActivityView]:
    """Everything the entry ever said, and who said it when; the latest first."""
    return Page(items=await _views(tx, await queries.versions(tx, entry_id), now))


async def _write(
    tx: Transaction, entry_id: UUID, version: int, form: ActivityForm, *, by: By, now: Now, response: Response
) -> ActivityView:
    about = _about(form)
    rules.check_consent(form.legal_basis, separate=form.separate_consent, **about)
    content = form.model_dump_json()
    written = await actions.write(
        tx, Register.ACTIVITIES, entry_id, version, content, ended_on=form.ended_on, by=by, now=now
    )
    response.headers["ETag"] = etag(version)
    return (await _views(tx, [written], now))[0]


async def _views(tx: Transaction, found: list[Entry], now: Now) -> list[ActivityView]:
    covered = await assessments.covered(tx, today=await segments.today(tx, now))
    return [_view(one, covered.get(one.entry_id, set())) for one in found]


def _view(one: Entry, covered: set[rules.AssessedFor]) -> ActivityView:
    form = ActivityForm.model_validate_json(one.content)
    reasons = rules.to_assess(automated=form.automated, major=form.major, **_about(form))
    return ActivityView(
        entry_id=one.entry_id,
        version=one.version,
        changed_by=one.changed_by,
        changed_at=one.changed_at,
        kept_until=kept_until(one.ended_on) if one.ended_on else None,
        activity=form,
        to_assess=reasons,
        is_assessed=set(reasons) <= covered,
    )


def _about(form: ActivityForm) -> dict[str, Any]:
    return {
        "categories": form.categories,
        "places": [one.place for one in form.recipients],
        "countries": [one.country for one in form.recipients],
    }
