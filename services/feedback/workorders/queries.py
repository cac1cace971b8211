"""Reads of work orders and policies."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.feedback.workorders.rules import DEFAULTS, Policy, Severity, Status, policy_of
from services.feedback.workorders.tables import Advisor, SlaPolicy, WorkOrder, WorkOrderNote, WorkOrderStep

LEADS = frozenset({Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS})
UNDONE = (Status.OPEN, Status.ASSIGNED, Status.IN_PROGRESS)


def seen_by(by: Caller) -> ColumnElement[bool]:
    """Headquarters see the brand, everyone else her boutiques."""
    return true() if by.role is Role.HEADQUARTERS else WorkOrder.boutique_id.in_(by.boutique_ids)


def reads_words(by: Caller, *, assignee_id: UUID | None) -> bool:
    """Whether a client's own words are for this caller: for who leads, and for the one who must put it right."""
    return by.role in LEADS or (by.advisor_id is not None and by.advisor_id == assignee_id)


async def work_order(tx: AsyncSession, work_order_id: UUID, *, by: Caller, locked: bool = False) -> WorkOrder:
    """One work order, if wanted held until the commit; raises NotFound, also if the caller may not see it."""
    query = select(WorkOrder).where(
        WorkOrder.brand_id == tx.info["brand_id"], WorkOrder.work_order_id == work_order_id, seen_by(by)
    )
    found = await tx.scalar(query.with_for_update() if locked else query)
    if found is None:
        raise NotFound
    return found


async def held(tx: AsyncSession, work_order_id: UUID) -> WorkOrder | None:
    """One work order, held until the commit, for our own reactions."""
    return await tx.get(WorkOrder, (tx.info["brand_id"], work_order_id), with_for_update=True)


async def notes(tx: AsyncSession, work_order_id: UUID) -> Sequence[WorkOrderNote]:
    """Notes, oldest first."""
    return (
        await tx.scalars(
            select(WorkOrderNote)
            .where(WorkOrderNote.brand_id == tx.info["brand_id"], WorkOrderNote.work_order_id == work_order_id)
            .order_by(WorkOrderNote.note_id)
        )
    ).all()


async def history(tx: AsyncSession, work_order_id: UUID) -> Sequence[WorkOrderStep]:
    """Steps, oldest first."""
    return (
        await tx.scalars(
            select(WorkOrderStep)
            .where(WorkOrderStep.brand_id == tx.info["brand_id"], WorkOrderStep.work_order_id == work_order_id)
            .order_by(WorkOrderStep.step_id)
        )
    ).all()


async def works_at(tx: AsyncSession, advisor_id: UUID, boutique_id: UUID) -> bool:
    """Whether we have heard that this advisor joined that boutique."""
    return await tx.get(Advisor, (tx.info["brand_id"], advisor_id, boutique_id)) is not None


async def policies(tx: AsyncSession) -> list[Policy]:
    """The policies that hold, the gravest first: what the house has set, and the suite's own where it has not."""
    stored = await tx.scalars(select(SlaPolicy).where(SlaPolicy.brand_id == tx.info["brand_id"]))
    own = {
        policy.severity: Policy(
            severity=Severity(policy.severity),
            at_most_score=policy.at_most_score,
            respond_within=timedelta(minutes=policy.respond_within_minutes),
            resolve_within=timedelta(minutes=policy.resolve_within_minutes),
            version=policy.version,
        )
        for policy in stored
    }
    return [own.get(default.severity, default) for default in DEFAULTS]


async def own_policy(tx: AsyncSession, severity: Severity) -> SlaPolicy:
    """The house's policy of one severity, begun from the suite's own; all of its policies are held till the commit."""
    # A policy is judged beside the others, which may have no row to lock yet.
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"sla-policy:{tx.info['brand_id']}", 0))))
    default = policy_of(severity, DEFAULTS)
    row = insert(SlaPolicy).values(
        brand_id=tx.info["brand_id"],
        severity=severity,
        at_most_score=default.at_most_score,
        respond_within_minutes=int(default.respond_within.total_seconds() // 60),
        resolve_within_minutes=int(default.resolve_within.total_seconds() // 60),
        version=default.version,
    )
    await tx.execute(row.on_conflict_do_nothing())
    return await tx.get_one(SlaPolicy, (tx.info["brand_id"], severity))


async def of_answers(tx: AsyncSession, answer_ids: Collection[UUID]) -> Mapping[UUID, WorkOrder]:
    """The work orders that answers have opened, by answer."""
    found = await tx.scalars(
        select(WorkOrder).where(WorkOrder.brand_id == tx.info["brand_id"], WorkOrder.answer_id.in_(answer_ids))
    )
    return {order.answer_id: order for order in found if order.answer_id is not None}


async def undone_of(tx: AsyncSession, client_ids: Collection[UUID], *, by: Caller) -> Sequence[WorkOrder]:
    """What is still to be put right for these records and the caller may see, the next deadline first."""
    query = (
        select(WorkOrder)
        .where(
            WorkOrder.brand_id == tx.info["brand_id"],
            WorkOrder.client_id.in_(client_ids),
            WorkOrder.status.in_(UNDONE),
            seen_by(by),
        )
        .order_by(WorkOrder.due_at, WorkOrder.work_order_id)
    )
    return (await tx.scalars(query)).all()


async def page(
    tx: AsyncSession,
    *,
    by: Caller,
    now: datetime,
    boutique_id: UUID | None,
    status: Status | None,
    assignee_id: UUID | None,
    overdue: bool | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[WorkOrder]:
    """The most urgent first, behind the one of that deadline and id."""
    query = select(WorkOrder).where(WorkOrder.brand_id == tx.info["brand_id"], seen_by(by))
    if boutique_id is not None:
        query = query.where(WorkOrder.boutique_id == boutique_id)
    if status is not None:
        query = query.where(WorkOrder.status == status)
    if assignee_id is not None:
        query = query.where(WorkOrder.assignee_id == assignee_id)
    if overdue is not None:
        late = WorkOrder.status.in_(UNDONE) & (WorkOrder.due_at < now)
        query = query.where(late if overdue else ~late)
    if after is not None:
        query = query.where(tuple_(WorkOrder.due_at, WorkOrder.work_order_id) > tuple_(*after))
    return (await tx.scalars(query.order_by(WorkOrder.due_at, WorkOrder.work_order_id).limit(limit))).all()
