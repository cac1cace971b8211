"""Routes of the directory: advisors who join, move, are away and leave, one by one or as HR has them."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.appointments.directory import queries
from services.appointments.directory.actions import staff, syncing
from services.appointments.directory.api.places import ANYONE
from services.appointments.directory.schemas.places import TimetableForm, TimetableView
from services.appointments.directory.schemas.staff import (
    AbsenceForm,
    AdvisorForm,
    AdvisorPatch,
    AdvisorView,
    MoveForm,
    StaffForm,
    StaffOutcome,
    StaffOutcomes,
    StaffView,
)

routes = router()

STAFF = (
    Role.ADVISOR,
    Role.CLIENT_SERVICE,
    Role.AFTER_SALES,
    Role.EVENTS,
    Role.MANAGER,
    Role.REGIONAL,
    Role.HEADQUARTERS,
    Role.SERVICE,
)
LEADS = (Role.HEADQUARTERS, Role.REGIONAL, Role.MANAGER)


@routes.post("/boutiques/{boutique_id}/advisors", status_code=201)
@permit(*LEADS)
@idempotent()
async def welcome_advisor(boutique_id: UUID, form: AdvisorForm, tx: Transaction, by: By) -> AdvisorView:
    """Enter an advisor, with her shifts if they are known."""
    made = await staff.welcome(
        tx,
        boutique_id,
        staff.Newcomer(
            advisor_id=form.advisor_id,
            display_name=form.display_name,
            languages=list(form.languages),
            skills=list(form.skills),
            wecom_userid=form.wecom_userid,
            weight=form.weight,
            priority=form.priority,
        ),
        shifts=form.shifts.timetable() if form.shifts else None,
        by=by,
    )
    return AdvisorView.model_validate(made)


@routes.get("/boutiques/{boutique_id}/advisors")
@permit(*ANYONE)
async def list_advisors(
    boutique_id: UUID, tx: Transaction, after: After = None, limit: Limit = 50
) -> Page[AdvisorView]:
    """A boutique's advisors; who has left is not among them."""
    await queries.boutique(tx, boutique_id)
    of = f"advisors {boutique_id}"
    rows = await queries.advisors(tx, boutique_id, after=read_id_cursor(after, of=of), limit=limit + 1)
    items = [AdvisorView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=cursor(items[-1].advisor_id, of=of) if len(rows) > limit else None)


@routes.get("/advisors/{advisor_id}", responses=tagged())
@permit(*ANYONE)
async def read_advisor(advisor_id: UUID, tx: Transaction, by: By, response: Response) -> StaffView | AdvisorView:
    """One advisor; those who lead her boutique, and she herself, see when she is away and her share, too."""
    advisor = await queries.advisor(tx, advisor_id)
    leads = by.role in LEADS and queries.within_reach(by, advisor.boutique_id)
    response.headers["ETag"] = etag(advisor.version)
    view = StaffView if leads or by.advisor_id == advisor_id else AdvisorView
    return view.model_validate(advisor)


@routes.patch("/advisors/{advisor_id}")
@permit(*LEADS)
async def change_advisor(
    *, advisor_id: UUID, form: AdvisorPatch, if_match: IfMatch, tx: Transaction, by: By, response: Response
) -> StaffView:
    """Change an advisor's display name, languages, skills, weight or priority. Appointments already made stay."""
    changes = form.model_dump(mode="json", exclude_unset=True)
    advisor = await staff.change(tx, advisor_id, changes, if_match=if_match, by=by)
    response.headers["ETag"] = etag(advisor.version)
    return StaffView.model_validate(advisor)


@routes.get("/advisors/{advisor_id}/shifts", responses=tagged())
@permit(*STAFF)
async def read_shifts(advisor_id: UUID, tx: Transaction, by: By, response: Response) -> TimetableView:
    """When an advisor works, by the clock on her boutique's wall."""
    advisor = await queries.own_advisor(tx, advisor_id, by)
    response.headers["ETag"] = etag(advisor.version)
    shifts = await queries.timetables(tx, [advisor_id])
    return TimetableView.of(shifts[advisor_id], advisor.version)


@routes.put("/advisors/{advisor_id}/shifts")
@permit(*LEADS)
async def set_shifts(
    *, advisor_id: UUID, form: TimetableForm, if_match: IfMatch, tx: Transaction, by: By, response: Response
) -> TimetableView:
    """Replace an advisor's shifts. Appointments already made stay."""
    advisor = await staff.set_shifts(tx, advisor_id, form.timetable(), if_match=if_match, by=by)
    response.headers["ETag"] = etag(advisor.version)
    return TimetableView.of(form.timetable(), advisor.version)


@routes.put("/advisors/{advisor_id}/absence")
@permit(*LEADS)
async def set_absence(advisor_id: UUID, form: AbsenceForm, tx: Transaction, by: By) -> StaffView:
    """Say when an advisor is away; she is not offered on those days. Appointments already made stay."""
    advisor = await staff.set_absence(tx, advisor_id, from_on=form.from_on, until_on=form.until_on, by=by)
    return StaffView.model_validate(advisor)


@routes.post("/advisors/{advisor_id}/move")
@permit(*LEADS)
async def move_advisor(advisor_id: UUID, form: MoveForm, tx: Transaction, by: By) -> StaffView:
    """Have an advisor work at another boutique from now on; her clients stay hers until they are handed over."""
    return StaffView.model_validate(await staff.move(tx, advisor_id, form.boutique_id, by=by))


@routes.post("/advisors/{advisor_id}/leave")
@permit(*LEADS)
async def leave(advisor_id: UUID, tx: Transaction, by: By, now: Now) -> StaffView:
    """An advisor leaves the house: her account closes at once, and a handover of her clients is planned."""
    return StaffView.model_validate(await staff.leave(tx, advisor_id, by=by, now=now))


@routes.put("/staff/batch", status_code=207)
@permit(Role.HEADQUARTERS, Role.PARTNER)
async def synchronise(form: StaffForm, tx: Transaction, now: Now) -> StaffOutcomes:
    """Up to 500 members of staff as HR or WeCom has them: who joins, moves, is away, leaves. Safe to repeat."""
    told = [syncing.Told(**dict(item)) for item in form.items]
    outcomes = await syncing.synchronise(tx, told, now=now)
    return StaffOutcomes(items=[StaffOutcome.model_validate(one) for one in outcomes])
