"""Leave of advisors and closures of boutiques: time that is taken around the visits which stand there already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import violated
from infra.identity import Caller
from infra.ids import new_id
from infra.refusal import Kind, Refusal
from infra.wire import check_match
from services.appointments.availability import queries
from services.appointments.availability.actions.taking import take_turns
from services.appointments.availability.rules.absences import Said
from services.appointments.directory import queries as directory
from services.appointments.directory.actions.staff import AdvisorHasLeft
from services.appointments.directory.queries import brand
from services.appointments.directory.rules import Span
from services.appointments.directory.tables import Boutique, Closure, Leave

Row = TypeVar("Row", Leave, Closure)

# The functions stand in the migration. The first lock makes closures take turns with whoever comes to a boutique.
_ALONE = text("select pg_advisory_xact_lock(hashtextextended('cover ' || cast(:brand as text), 0))")
_COVER = text(
    """
    select cover(cast(:brand as text), these.id, tstzrange(cast(:starts_at as timestamptz), :ends_at, '[)'))
    from unnest(cast(:resources as uuid[])) with ordinality as these (id, n) order by these.n
    """
)


class LeaveOverlaps(Refusal):
    """She is away then already."""

    kind = Kind.CONFLICT
    slug = "leave-overlaps"
    en = "The advisor is on leave for some of this time already. Change that leave instead."
    zh = "该顾问在此期间已有休假记录，请修改原有记录。"


class ClosureOverlaps(Refusal):
    """It is closed then already."""

    kind = Kind.CONFLICT
    slug = "closure-overlaps"
    en = "The boutique is closed for some of this time already. Change that closure instead."
    zh = "该精品店在此期间已有停业记录，请修改原有记录。"


@dataclass(frozen=True)
class Standing(Generic[Row]):
    """Leave or a closure, and the appointments that stand in it all the same: somebody has to see to them."""

    row: Row
    in_the_way: Sequence[UUID]


async def add_leave(
    tx: AsyncSession, advisor_id: UUID, said: Said, *, reason: str, by: Caller, now: datetime
) -> Standing[Leave]:
    """Have an advisor away for a time; visits in it stay.

    Raises NotFound, AdvisorHasLeft, LeaveOverlaps and `Said`'s.
    """
    boutique = await _her_boutique(tx, advisor_id, by)
    span = said.span(boutique.zone)
    await take_turns(tx, [advisor_id])
    made = Leave(
        brand_id=boutique.brand_id,
        leave_id=new_id(),
        advisor_id=advisor_id,
        during=_range(span),
        reason=reason,
        created_by=by.subject,
        created_at=now,
        version=1,
    )
    tx.add(made)
    return await _stand(tx, made, [advisor_id], span, now=now)


async def change_leave(
    tx: AsyncSession,
    advisor_id: UUID,
    leave_id: UUID,
    *,
    said: Said | None,
    reason: str | None,
    if_match: str,
    by: Caller,
    now: datetime,
) -> Standing[Leave]:
    """Change when she is away or why; raises NotFound, Stale, LeaveOverlaps and `Said`'s."""
    boutique = await _her_boutique(tx, advisor_id, by)
    await take_turns(tx, [advisor_id])
    leave = await directory.leave(tx, advisor_id, leave_id, lock=True)
    return await _change(tx, leave, [advisor_id], boutique, said=said, reason=reason, if_match=if_match, now=now)


async def end_leave(tx: AsyncSession, advisor_id: UUID, leave_id: UUID, *, if_match: str, by: Caller) -> None:
    """She is not away after all; raises NotFound, Stale."""
    await directory.own_advisor(tx, advisor_id, by)
    await take_turns(tx, [advisor_id])
    await _end(tx, await directory.leave(tx, advisor_id, leave_id, lock=True), [advisor_id], if_match=if_match)


async def add_closure(
    tx: AsyncSession, boutique_id: UUID, said: Said, *, reason: str, by: Caller, now: datetime
) -> Standing[Closure]:
    """Close a boutique for a time; visits in it stay. Raises NotFound, ClosureOverlaps and `Said`'s."""
    boutique = await directory.own_boutique(tx, boutique_id, by)
    span = said.span(boutique.zone)
    resources = await _whole_boutique(tx, boutique_id)
    made = Closure(
        brand_id=boutique.brand_id,
        closure_id=new_id(),
        boutique_id=boutique_id,
        during=_range(span),
        reason=reason,
        created_by=by.subject,
        created_at=now,
        version=1,
    )
    tx.add(made)
    return await _stand(tx, made, resources, span, now=now)


async def change_closure(
    tx: AsyncSession,
    boutique_id: UUID,
    closure_id: UUID,
    *,
    said: Said | None,
    reason: str | None,
    if_match: str,
    by: Caller,
    now: datetime,
) -> Standing[Closure]:
    """Change when it is closed or why; raises NotFound, Stale, ClosureOverlaps and `Said`'s."""
    boutique = await directory.own_boutique(tx, boutique_id, by)
    resources = await _whole_boutique(tx, boutique_id)
    closure = await directory.closure(tx, boutique_id, closure_id, lock=True)
    return await _change(tx, closure, resources, boutique, said=said, reason=reason, if_match=if_match, now=now)


async def end_closure(tx: AsyncSession, boutique_id: UUID, closure_id: UUID, *, if_match: str, by: Caller) -> None:
    """It is open after all; raises NotFound, Stale."""
    await directory.own_boutique(tx, boutique_id, by)
    resources = await _whole_boutique(tx, boutique_id)
    await _end(tx, await directory.closure(tx, boutique_id, closure_id, lock=True), resources, if_match=if_match)


async def _her_boutique(tx: AsyncSession, advisor_id: UUID, by: Caller) -> Boutique:
    advisor = await directory.own_advisor(tx, advisor_id, by)
    if advisor.left_at is not None:
        raise AdvisorHasLeft
    return await directory.boutique(tx, advisor.boutique_id)


async def _whole_boutique(tx: AsyncSession, boutique_id: UUID) -> Sequence[UUID]:
    # Nobody comes to the boutique from here to the commit, and nobody books anybody of it.
    await tx.execute(_ALONE, {"brand": brand(tx)})
    resources = await queries.staffed(tx, boutique_id)
    await take_turns(tx, resources)
    return resources


async def _change(
    tx: AsyncSession,
    row: Row,
    resources: Sequence[UUID],
    boutique: Boutique,
    *,
    said: Said | None,
    reason: str | None,
    if_match: str,
    now: datetime,
) -> Standing[Row]:
    check_match(if_match, row.version)
    before = after = directory.bounds(row)
    if said is not None:
        after = said.span(boutique.zone)
        row.during = _range(after)
    if reason is not None:
        row.reason = reason
    row.version += 1
    return await _stand(tx, row, resources, after, before, now=now)


async def _stand(
    tx: AsyncSession, row: Row, resources: Sequence[UUID], span: Span, *freed: Span, now: datetime
) -> Standing[Row]:
    try:
        await tx.flush()
    except IntegrityError as fault:
        match violated(fault):
            case "ex_leave_overlap":
                raise LeaveOverlaps from None
            case "ex_closure_overlap":
                raise ClosureOverlaps from None
        raise
    await _cover(tx, resources, [*freed, span])
    return Standing(row, await queries.in_the_way(tx, resources, span, now=now))


async def _end(tx: AsyncSession, row: Leave | Closure, resources: Sequence[UUID], *, if_match: str) -> None:
    check_match(if_match, row.version)
    span = directory.bounds(row)
    await tx.delete(row)
    await tx.flush()
    await _cover(tx, resources, [span])


async def _cover(tx: AsyncSession, resources: Sequence[UUID], spans: Iterable[Span]) -> None:
    for span in spans:
        await tx.execute(
            _COVER,
            {
                "brand": brand(tx),
                "resources": sorted(resources),
                "starts_at": span.starts_at,
                "ends_at": span.ends_at,
            },
        )


def _range(span: Span) -> Range[datetime]:
    return Range(span.starts_at, span.ends_at, bounds="[)")
