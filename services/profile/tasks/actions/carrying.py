"""Carrying tasks out: what came of them, putting them off, giving them to somebody else, opening one by hand."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.eventlog.outbox import record
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import NotFound
from services.profile.books import queries as books
from services.profile.books.actions import moving
from services.profile.books.rules.owners import AdvisorNotThere
from services.profile.clients import queries as clients
from services.profile.clients.models import workdays
from services.profile.consents import queries as consents
from services.profile.consents.rules import Purpose
from services.profile.identities import queries as identities
from services.profile.segments import queries as segments
from services.profile.tasks.actions import order
from services.profile.tasks.actions.opening import Wanted, open_all
from services.profile.tasks.events import TaskDone
from services.profile.tasks.queries import policy as policies
from services.profile.tasks.queries import tasks as queries
from services.profile.tasks.queries.tasks import Task
from services.profile.tasks.rules import steps
from services.profile.tasks.rules.kinds import Kind
from services.profile.tasks.rules.steps import Outcome, Status, Step, Trying

_TRIED = text(
    "insert into task_outcome (brand_id, outcome_id, task_id, client_id, outcome, note, advisor_id, boutique_id,"
    " given_by, given_at, given_on) select :brand, :outcome_id, task_id, client_id, :outcome, :note, advisor_id,"
    " boutique_id, :by, :now, :today from task where brand_id = :brand and task_id = :task_id"
)
_SETTLE = text(
    "update task set status = :status, outcome = :outcome, attempts = :attempts, put_off_to = :put_off_to,"
    " due_on = coalesce(:put_off_to, due_on), closed_at = :closed_at, version = version + 1"
    " where brand_id = :brand and task_id = :task_id"
)
_PUT_OFF = text(
    "update task set put_off_to = :until_on, due_on = :until_on, version = version + 1"
    " where brand_id = :brand and task_id = :task_id"
)
_ASSIGN = text(
    "update task set advisor_id = :advisor_id, boutique_id = :boutique_id, follows_owner = :is_owner,"
    " version = version + 1 where brand_id = :brand and task_id = :task_id"
)


async def settle(
    tx: AsyncSession, task_id: UUID, outcome: Outcome, note: str | None, *, by: Caller, now: datetime
) -> Task:
    """Say what came of it: it is done, or due again, or tried often enough. Raises NotFound, TaskStepNotOpen."""
    task = await _locked(tx, task_id, by)
    policy, today = (await policies.policy(tx)).policy, await segments.today(tx, now)
    again_on = workdays.after(today, policy.again_days)
    trying = Trying(task.attempts + 1, policy.most_attempts, again_on, task.over_on)
    step = steps.step_of(task.status, outcome, was=task.outcome, trying=trying)
    status = steps.after(task.status, step)
    outcome_id = new_id()
    whose: dict[str, object] = {"brand": tx.info["brand_id"], "task_id": task_id, "outcome": outcome.value}
    sealed = keyring(tx).seal("task_outcome", "note", outcome_id, note) if note else None
    told = {"outcome_id": outcome_id, "note": sealed, "by": by.subject, "now": now, "today": today}
    await tx.execute(_TRIED, whose | told)
    settled = {
        "status": status.value,
        "attempts": trying.attempts,
        "put_off_to": again_on if step is Step.TRY_AGAIN else None,
        "closed_at": now if status is not Status.OPEN else None,
    }
    await tx.execute(_SETTLE, whose | settled)
    if status is not Status.OPEN:
        record(
            tx,
            TaskDone(
                task_id=task_id,
                client_id=task.client_id,
                kind=task.kind,
                outcome=outcome,
                advisor_id=task.advisor_id,
                boutique_id=task.boutique_id,
                subject_id=task.subject_id,
            ),
        )
    if task.kind is Kind.HANDOVER and task.subject_id is not None and outcome in steps.CONTACTS:
        await moving.contacted(tx, task.subject_id, task.client_id, now=now)
    await _order(tx, task)
    return await queries.task(tx, task_id, by=by)


async def snooze(tx: AsyncSession, task_id: UUID, until_on: date, *, by: Caller, now: datetime) -> Task:
    """Put it off to a later day; the day it was promised by stays. Raises NotFound, TaskStepNotOpen, DayNotOpen."""
    task = await _locked(tx, task_id, by)
    steps.after(task.status, Step.SNOOZE)
    steps.check_day(until_on, today=await segments.today(tx, now), over_on=task.over_on)
    await tx.execute(_PUT_OFF, {"brand": tx.info["brand_id"], "task_id": task_id, "until_on": until_on})
    await _order(tx, task)
    return await queries.task(tx, task_id, by=by)


async def assign(tx: AsyncSession, task_id: UUID, advisor_id: UUID, *, by: Caller) -> Task:
    """Give it to an advisor of the caller's boutiques; raises NotFound, TaskStepNotOpen, AdvisorNotThere.

    If she is not the client's owner, it stays hers whoever comes to own the client.
    """
    task = await _locked(tx, task_id, by)
    steps.after(task.status, Step.ASSIGN)
    boutique_id = await _workplace(tx, advisor_id, by)
    owner = await books.owner_of(tx, task.client_id)
    is_owner = owner is not None and owner.advisor_id == advisor_id
    to = {"advisor_id": advisor_id, "boutique_id": boutique_id, "is_owner": is_owner}
    await tx.execute(_ASSIGN, {"brand": tx.info["brand_id"], "task_id": task_id, **to})
    return await queries.task(tx, task_id, by=by)


async def open_by_hand(
    tx: AsyncSession,
    client_id: UUID,
    due_on: date,
    words: str,
    *,
    is_offer: bool,
    advisor_id: UUID | None,
    by: Caller,
    now: datetime,
) -> Task:
    """Open a task that somebody thought of; an advisor does so for herself. Raises DayNotOpen, AdvisorNotThere.

    And OfferNotWanted. Whether the caller may see the client is for whoever calls this to ask first.
    """
    today = await segments.today(tx, now)
    steps.check_first_day(due_on, today=today)
    if is_offer and await consents.who_refuse(tx, [await identities.canonical(tx, client_id)], Purpose.MARKETING):
        raise steps.OfferNotWanted
    if by.role is Role.ADVISOR:
        if by.advisor_id is None or advisor_id not in {None, by.advisor_id}:
            raise AdvisorNotThere
        advisor_id = by.advisor_id
    elif advisor_id is not None:
        await _workplace(tx, advisor_id, by)
    wanted = Wanted(
        Kind.BY_HAND,
        client_id,
        due_on,
        str(new_id()),
        advisor_id=advisor_id,
        boutique_id=min(by.boutique_ids, default=None),
        is_offer=is_offer,
        words=words,
    )
    opened = await open_all(tx, [wanted], now=now, by=by.subject)
    if not opened:
        raise NotFound  # erased, or her data restricted, while somebody wrote
    # Also where it is a colleague's from now on, or nobody's yet.
    return await queries.task(tx, opened[wanted.key], by=replace(by, role=Role.HEADQUARTERS))


async def _locked(tx: AsyncSession, task_id: UUID, by: Caller) -> Task:
    task = await queries.task(tx, task_id, by=by, lock=True)
    # What is written about her now is written before she is erased, and erased with her.
    if task.client_id not in await clients.spared(tx, [task.client_id]):
        raise NotFound
    return task


async def _workplace(tx: AsyncSession, advisor_id: UUID, by: Caller) -> UUID:
    boutique_id = await books.works_at(tx, advisor_id)
    if boutique_id is None or (by.role is Role.MANAGER and boutique_id not in by.boutique_ids):
        raise AdvisorNotThere
    return boutique_id


async def _order(tx: AsyncSession, task: Task) -> None:
    if task.is_offer or task.kind is Kind.THANK_YOU:
        await order.reckon(tx, [task.client_id])
