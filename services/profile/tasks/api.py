"""Tasks, how the house wants them, and what they come to in a month."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import tagged
from infra.refusal import BadRequest
from infra.wire import After, IfMatch, Limit, Page, Spelled, cursor, etag, read_cursor
from services.profile.tasks.actions import carrying, setting
from services.profile.tasks.queries import policy as policies
from services.profile.tasks.queries import rates, tasks
from services.profile.tasks.queries.tasks import Asked, Task
from services.profile.tasks.rules.kinds import Kind
from services.profile.tasks.rules.steps import Status
from services.profile.tasks.schemas import (
    AssignForm,
    FollowUpView,
    OutcomeForm,
    RatesView,
    SnoozeForm,
    TaskPolicyForm,
    TaskPolicyView,
    TaskView,
    WholeTaskView,
)

routes = router()

Month = Annotated[str, Query(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]
SEE = (Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)


@routes.get("/tasks")
@permit(*SEE)
async def page(
    *,
    tx: Transaction,
    by: By,
    advisor_id: UUID | None = None,
    client_id: UUID | None = None,
    kind: Kind | None = None,
    status: Status = Status.OPEN,
    due_before: Annotated[date | None, Spelled] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[TaskView]:
    """The caller's own tasks, or those of her boutiques: what is due first comes first."""
    asked = Asked(status, advisor_id, client_id, kind, due_before)
    of = f"tasks:{asked}"
    found = await tasks.page(tx, asked, by=by, after=_read(after, of=of), limit=limit + 1)
    return _page(found, of=of, limit=limit)


@routes.get("/tasks/{task_id}")
@permit(*SEE)
async def task(task_id: UUID, tx: Transaction, by: By) -> WholeTaskView:
    """A task, and what came of every attempt."""
    return WholeTaskView.of(await tasks.task(tx, task_id, by=by), await tasks.tried(tx, task_id))


@routes.post("/tasks/{task_id}/outcome")
@permit(Role.ADVISOR, Role.MANAGER, Role.HEADQUARTERS)
@idempotent()
async def settle(task_id: UUID, form: OutcomeForm, tx: Transaction, by: By, now: Now) -> TaskView:
    """Say what came of it. Whoever was not reached is due again some working days later, a few times."""
    settled = await carrying.settle(tx, task_id, form.outcome, form.note, by=by, now=now)
    return TaskView.model_validate(settled)


@routes.post("/tasks/{task_id}/snooze")
@permit(Role.ADVISOR, Role.MANAGER, Role.HEADQUARTERS)
async def snooze(task_id: UUID, form: SnoozeForm, tx: Transaction, by: By, now: Now) -> TaskView:
    """Put it off to a later day. Whether it was done in time is reckoned from the day it was promised by."""
    return TaskView.model_validate(await carrying.snooze(tx, task_id, form.until_on, by=by, now=now))


@routes.post("/tasks/{task_id}/assign")
@permit(Role.MANAGER, Role.HEADQUARTERS)
async def assign(task_id: UUID, form: AssignForm, tx: Transaction, by: By) -> TaskView:
    """Give it to another advisor of the caller's boutiques."""
    return TaskView.model_validate(await carrying.assign(tx, task_id, form.advisor_id, by=by))


@routes.get("/task-policy", responses=tagged())
@permit(Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)
async def policy(tx: Transaction, response: Response) -> TaskPolicyView:
    """Which rules open tasks, and how many days they leave."""
    found = await policies.policy(tx)
    response.headers["ETag"] = etag(found.version)
    return TaskPolicyView.of(found)


@routes.put("/task-policy")
@permit(Role.HEADQUARTERS)
async def set_policy(
    form: TaskPolicyForm, if_match: IfMatch, tx: Transaction, now: Now, response: Response
) -> TaskPolicyView:
    """Replace the policy. Open tasks stay as they are; greetings follow within a minute."""
    found = await setting.set_policy(tx, form.policy(), if_match=if_match, now=now)
    response.headers["ETag"] = etag(found.version)
    return TaskPolicyView.of(found)


@routes.get("/follow-up")
@permit(*SEE)
async def follow_up(month: Month, tx: Transaction, by: By, now: Now) -> FollowUpView:
    """How much was learned and followed up in a month: an advisor's own, a manager's boutiques, the whole brand."""
    found = await rates.rates(tx, month, by=by, now=now)
    return FollowUpView(month=month, groups=[RatesView.of(one) for one in found])


@routes.get("/follow-up/missed")
@permit(*SEE)
async def missed(
    month: Month, *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[TaskView]:
    """What was promised by a day of the month that has passed, and not done by then."""
    of = f"missed:{month}"
    found = await tasks.missed(tx, month, by=by, after=_read(after, of=of), limit=limit + 1, now=now)
    return _page(found, of=of, limit=limit)


def _page(found: list[Task], *, of: str, limit: int) -> Page[TaskView]:
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(
        items=[TaskView.model_validate(one) for one in found[:limit]],
        next_cursor=cursor(last.due_on, last.task_id, of=of) if last else None,
    )


def _read(after: str | None, *, of: str) -> tuple[date, UUID] | None:
    key = read_cursor(after, of=of, parts=2)
    try:
        return (date.fromisoformat(key[0]), UUID(key[1])) if key else None
    except ValueError:
        raise BadRequest from None
