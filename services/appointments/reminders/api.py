"""Routes of what clients are told of their visits, and of when a brand reminds."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.openapi import tagged
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_instant_cursor
from services.appointments.directory import queries as directory
from services.appointments.reminders import queries
from services.appointments.reminders.actions import noting
from services.appointments.reminders.rules import Status
from services.appointments.reminders.schemas import NoticeView, ReminderPolicyForm, ReminderPolicyView
from services.appointments.reminders.tables import ReminderPolicy

routes = router()

TELEPHONES = (Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)


@routes.get("/boutiques/{boutique_id}/reminders")
@permit(*TELEPHONES)
async def list_notices(
    boutique_id: UUID,
    *,
    status: Status | None = None,
    untold: bool = False,
    after: After = None,
    limit: Limit = 50,
    tx: Transaction,
    by: By,
    now: Now,
) -> Page[NoticeView]:
    """What the clients of a boutique were told of their visits, the latest first.

    `status=refused` are those whom it did not reach: with `untold` only those nobody has telephoned yet, of visits to
    come that are still what was to be said of them.
    """
    await directory.own_boutique(tx, boutique_id, by)
    of = f"reminders {boutique_id} {status} {untold}"
    rows = await queries.of_boutique(
        tx,
        boutique_id,
        status=status,
        untold_at=now if untold else None,
        after=read_instant_cursor(after, of=of),
        limit=limit + 1,
    )
    items = [NoticeView.model_validate(row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next_cursor=cursor(last.created_at.isoformat(), last.notice_id, of=of) if last else None)


@routes.post("/boutiques/{boutique_id}/reminders/{notice_id}/telephone")
@permit(Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER)
async def note_telephoned(boutique_id: UUID, notice_id: UUID, tx: Transaction, by: By, now: Now) -> NoticeView:
    """Write down that she was told by telephone what did not reach her. Safe to repeat."""
    return NoticeView.model_validate(await noting.telephone(tx, boutique_id, notice_id, by=by, now=now))


@routes.get("/reminder-policy", responses=tagged())
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def read_policy(tx: Transaction, response: Response) -> ReminderPolicyView:
    """When the brand reminds its clients of their visits."""
    return _policy(await queries.policy(tx), response)


@routes.put("/reminder-policy")
@permit(Role.HEADQUARTERS)
async def set_policy(
    form: ReminderPolicyForm, tx: Transaction, if_match: IfMatch, response: Response
) -> ReminderPolicyView:
    """Set when the brand reminds. If-Match holds the version ("0" for the suite's own)."""
    return _policy(await noting.set_policy(tx, form.lead_minutes, if_match=if_match), response)


def _policy(policy: ReminderPolicy, response: Response) -> ReminderPolicyView:
    response.headers["ETag"] = etag(policy.version)
    return ReminderPolicyView.model_validate(policy)
