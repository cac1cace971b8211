"""What people do with work orders, and what an answer does to them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.eventlog.outbox import record
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import NotFound
from infra.tombstones import spare
from infra.wire import check_match
from services.feedback.invitations import queries as invitations
from services.feedback.invitations.actions import inviting
from services.feedback.workorders import events, queries, rules
from services.feedback.workorders.rules import AdvisorNotThere, Policy, Severity, Status, Step
from services.feedback.workorders.tables import WorkOrder, WorkOrderNote, WorkOrderStep

BY_ANSWER = "client"  # who opened a work order that nobody of the house opened


@dataclass(frozen=True)
class Opening:
    """What a work order is opened about: for whom and where it went wrong."""

    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID | None = None
    appointment_id: UUID | None = None
    answer_id: UUID | None = None
    score: int | None = None
    follows_id: UUID | None = None


async def set_policy(
    tx: AsyncSession,
    severity: Severity,
    *,
    respond_within_minutes: int,
    resolve_within_minutes: int,
    at_most_score: int | None,
    if_match: str,
) -> Policy:
    """Set one severity's policy for work orders still to come. Raises Stale, DeadlinesOutOfOrder or BandsOutOfOrder."""
    rules.check_deadlines(respond_within_minutes=respond_within_minutes, resolve_within_minutes=resolve_within_minutes)
    stored = await queries.own_policy(tx, severity)
    check_match(if_match, stored.version)
    stored.respond_within_minutes = respond_within_minutes
    stored.resolve_within_minutes = resolve_within_minutes
    if at_most_score is not None:
        stored.at_most_score = at_most_score
    stored.version += 1
    await tx.flush()
    policies = await queries.policies(tx)
    rules.check_bands(policies)
    return rules.policy_of(severity, policies)


def open_order(tx: AsyncSession, opening: Opening, policy: Policy, *, subject: str, now: datetime) -> WorkOrder:
    """Let someone put it right; the clock starts now."""
    work_order = WorkOrder(
        brand_id=tx.info["brand_id"],
        work_order_id=new_id(),
        client_id=opening.client_id,
        boutique_id=opening.boutique_id,
        advisor_id=opening.advisor_id,
        appointment_id=opening.appointment_id,
        answer_id=opening.answer_id,
        score=opening.score,
        severity=policy.severity,
        status=Status.OPEN,
        policy_version=policy.version,
        respond_within_minutes=int(policy.respond_within.total_seconds() // 60),
        resolve_within_minutes=int(policy.resolve_within.total_seconds() // 60),
        opened_at=now,
        started_at=now,
        respond_due_at=now + policy.respond_within,
        due_at=now + policy.resolve_within,
        follows_id=opening.follows_id,
        version=1,
    )
    tx.add(work_order)
    _note_step(tx, work_order, "open", subject=subject, now=now)
    opened = events.WorkOrderOpened(
        work_order_id=work_order.work_order_id,
        client_id=work_order.client_id,
        boutique_id=work_order.boutique_id,
        answer_id=work_order.answer_id,
        severity=policy.severity,
        due_at=work_order.due_at,
    )
    record(tx, opened, occurred_at=now)
    return work_order


async def raise_order(
    tx: AsyncSession, opening: Opening, severity: Severity, text: str, *, by: Caller, now: datetime
) -> WorkOrder:
    """Open a work order for what a client said to somebody.

    Raises NotFound for a boutique that is not the caller's, and AdvisorNotThere.
    """
    if by.role is not Role.HEADQUARTERS and opening.boutique_id not in by.boutique_ids:
        raise NotFound
    await invitations.boutique(tx, opening.boutique_id)
    await spare(tx, f"client:{opening.client_id}")
    if opening.advisor_id is not None and not await queries.works_at(tx, opening.advisor_id, opening.boutique_id):
        raise AdvisorNotThere
    policy = rules.policy_of(severity, await queries.policies(tx))
    work_order = open_order(tx, opening, policy, subject=by.subject, now=now)
    work_order.words = keyring(tx).seal("work_order", "words", work_order.work_order_id, text)
    await tx.flush()
    return work_order


async def assign(
    tx: AsyncSession, work_order_id: UUID, advisor_id: UUID, *, if_match: str, by: Caller, now: datetime
) -> WorkOrder:
    """Make it an advisor's. Raises NotFound, NotYourWorkOrder, Stale, StepNotAllowed or AdvisorNotThere."""
    work_order = await _step(tx, work_order_id, Step.ASSIGN, if_match=if_match, by=by, now=now)
    if not await queries.works_at(tx, advisor_id, work_order.boutique_id):
        raise AdvisorNotThere
    work_order.assignee_id = advisor_id
    return work_order


async def start(tx: AsyncSession, work_order_id: UUID, *, if_match: str, by: Caller, now: datetime) -> WorkOrder:
    """Take it up: the answer at once that the first deadline is about."""
    work_order = await _step(tx, work_order_id, Step.START, if_match=if_match, by=by, now=now)
    work_order.assignee_id = work_order.assignee_id or by.advisor_id
    work_order.responded_at = work_order.responded_at or now
    return work_order


async def resolve(
    tx: AsyncSession, work_order_id: UUID, *, resolution: str, cause: str, if_match: str, by: Caller, now: datetime
) -> WorkOrder:
    """Say what was done and what the cause was."""
    work_order = await _step(tx, work_order_id, Step.RESOLVE, if_match=if_match, by=by, now=now)
    work_order.resolution = keyring(tx).seal("work_order", "resolution", work_order_id, resolution)
    work_order.cause, work_order.resolved_at = cause, now
    return work_order


async def close(tx: AsyncSession, work_order_id: UUID, *, if_match: str, by: Caller, now: datetime) -> WorkOrder:
    """Agree that it is put right; the client is asked next."""
    work_order = await _step(tx, work_order_id, Step.CLOSE, if_match=if_match, by=by, now=now)
    work_order.closed_at = now
    closed = events.WorkOrderClosed(
        work_order_id=work_order_id,
        client_id=work_order.client_id,
        boutique_id=work_order.boutique_id,
        advisor_id=work_order.advisor_id,
        appointment_id=work_order.appointment_id,
        answer_id=work_order.answer_id,
        closed_at=now,
    )
    record(tx, closed, occurred_at=now)
    return work_order


async def reopen(tx: AsyncSession, work_order_id: UUID, *, if_match: str, by: Caller, now: datetime) -> WorkOrder:
    """Go on with it: its time to resolve starts anew, and she is not asked meanwhile if she has not been yet."""
    work_order = await _step(tx, work_order_id, Step.REOPEN, if_match=if_match, by=by, now=now)
    work_order.resolved_at = work_order.closed_at = None
    policy = rules.policy_of(Severity(work_order.severity), await queries.policies(tx))
    work_order.started_at = now
    work_order.policy_version = policy.version
    work_order.resolve_within_minutes = int(policy.resolve_within.total_seconds() // 60)
    work_order.due_at = now + policy.resolve_within
    await inviting.withdraw(tx, work_order_id, reason="work-order-reopened")
    return work_order


async def write_note(tx: AsyncSession, work_order_id: UUID, text: str, *, by: Caller, now: datetime) -> WorkOrderNote:
    """Write something down. Raises NotFound or NotYourWorkOrder."""
    work_order = await queries.work_order(tx, work_order_id, by=by)
    rules.check_hand(None, leads=by.role in queries.LEADS, assigned=_is_assigned(work_order, by))
    note_id = new_id()
    note = WorkOrderNote(
        brand_id=work_order.brand_id,
        work_order_id=work_order_id,
        note_id=note_id,
        text=keyring(tx).seal("work_order_note", "text", note_id, text),
        subject=by.subject,
        written_at=now,
    )
    tx.add(note)
    await tx.flush()
    return note


def close_loop(tx: AsyncSession, work_order: WorkOrder, *, answer_id: UUID, score: int, now: datetime) -> None:
    """Write down what she said when asked again: it stays, whatever becomes of a new work order."""
    work_order.loop_answer_id, work_order.loop_score, work_order.loop_closed_at = answer_id, score, now
    work_order.recovered = score >= rules.RECOVERED
    work_order.version += 1
    closed = events.LoopClosed(
        work_order_id=work_order.work_order_id,
        client_id=work_order.client_id,
        boutique_id=work_order.boutique_id,
        answer_id=answer_id,
        score=score,
        recovered=work_order.recovered,
    )
    record(tx, closed, occurred_at=now)


def follow(work_order: WorkOrder, opened: WorkOrder) -> None:
    """Let a work order lead to the first one that was opened by an answer about it."""
    work_order.followed_by_id = work_order.followed_by_id or opened.work_order_id
    work_order.version += 1


async def _step(
    tx: AsyncSession, work_order_id: UUID, step: Step, *, if_match: str, by: Caller, now: datetime
) -> WorkOrder:
    # The row lock makes two simultaneous steps take turns.
    work_order = await queries.work_order(tx, work_order_id, by=by, locked=True)
    rules.check_hand(step, leads=by.role in queries.LEADS, assigned=_is_assigned(work_order, by))
    check_match(if_match, work_order.version)
    loop_closed = work_order.loop_closed_at is not None
    work_order.status = rules.after(Status(work_order.status), step, loop_closed=loop_closed)
    work_order.version += 1
    _note_step(tx, work_order, step, subject=by.subject, now=now)
    return work_order


def _is_assigned(work_order: WorkOrder, by: Caller) -> bool:
    return by.advisor_id is not None and by.advisor_id == work_order.assignee_id


def _note_step(tx: AsyncSession, work_order: WorkOrder, step: str, *, subject: str, now: datetime) -> None:
    row = WorkOrderStep(
        brand_id=work_order.brand_id,
        work_order_id=work_order.work_order_id,
        step_id=new_id(),
        step=step,
        status=work_order.status,
        subject=subject,
        taken_at=now,
    )
    tx.add(row)
