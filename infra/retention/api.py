"""How long one service keeps what, when it was last swept, and a brand's own choice of time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request
from pydantic import Field
from sqlalchemy import text

from infra.database import EVERY_BRAND, Transaction
from infra.identity import Role, permit
from infra.openapi import refuses
from infra.refusal import NotFound
from infra.retention.periods import Period
from infra.wire import Form, View

RUNS = 10  # of each category, the latest

_CHOSEN = text("select category, days from retention_period where brand_id = :brand")
_CHOOSE = text(
    "insert into retention_period (brand_id, category, days, chosen_by, chosen_at)"
    " values (:brand, :category, :days, :by, :now) on conflict (brand_id, category) do update"
    " set days = excluded.days, chosen_by = excluded.chosen_by, chosen_at = excluded.chosen_at"
)
# Of every brand's: when it ran, which says nothing of other brands. Of one's own: how many rows.
_RUNS = text(
    """
    select run.run_id, run.started_at, run.finished_at, coalesce(own.removed, 0) as removed
    from retention_run run
    left join retention_run own
        on own.run_id = run.run_id and own.category = run.category and own.brand_id = :brand
    where run.brand_id = :every and run.category = :category order by run.started_at desc limit :runs
    """
)

Name = Annotated[str, Path(max_length=64)]


class PeriodForm(Form):
    """The time a brand chooses, in days."""

    days: Annotated[int, Field(ge=1, le=36_600)]


class RunView(View):
    """One sweep: how many rows of this brand it removed or unlinked. `finished_at` is null while it is under way."""

    run_id: UUID
    started_at: datetime
    finished_at: datetime | None
    removed: int


class PeriodView(View):
    """One category: the days it is kept, the bounds of what a brand may choose, and its latest sweeps."""

    category: str
    days: int
    least: int
    most: int
    why: str
    tables: list[str]
    runs: list[RunView]


class PeriodsView(View):
    """Everything that one service removes by itself."""

    service: str
    items: list[PeriodView]


def routes(router: APIRouter, service: str, periods: Sequence[Period]) -> APIRouter:
    """The routes of one service, on its router."""
    declared = {one.category: one for one in periods}

    @router.get(f"/retention/{service}", name=f"{service}_retention", operation_id=f"{service}_retention")
    @permit(Role.PRIVACY, Role.HEADQUARTERS)
    async def kept(request: Request, tx: Transaction) -> PeriodsView:
        """How long this service keeps what, and what it last removed by itself."""
        return await _view(request, tx, service, periods)

    @router.put(
        f"/retention/{service}/{{category}}",
        name=f"{service}_retain",
        operation_id=f"{service}_retain",
        responses=refuses(400, 404),
    )
    @permit(Role.PRIVACY)
    async def keep(category: Name, form: PeriodForm, request: Request, tx: Transaction) -> PeriodsView:
        """Choose how long this service keeps a category, between what the law wants and what its purpose bears."""
        if category not in declared:
            raise NotFound
        declared[category].check(form.days)
        by, now = request.state.caller, request.app.state.kit.clock()
        row = {"brand": by.brand_id, "category": category, "days": form.days, "by": by.subject, "now": now}
        await tx.execute(_CHOOSE, row)
        return await _view(request, tx, service, periods)

    return router


async def _view(request: Request, tx: Transaction, service: str, periods: Sequence[Period]) -> PeriodsView:
    brand_id: str = request.state.caller.brand_id
    chosen = {row.category: row.days for row in await tx.execute(_CHOSEN, {"brand": brand_id})}
    kit: Any = request.app.state.kit
    async with kit.database.transaction(EVERY_BRAND) as every:
        items = []
        for one in periods:
            asked = {"brand": brand_id, "every": EVERY_BRAND, "category": one.category, "runs": RUNS}
            items.append(
                PeriodView(
                    category=one.category,
                    days=chosen.get(one.category, one.days),
                    least=one.least,
                    most=one.most,
                    why=one.why,
                    tables=list(dict.fromkeys(sweep.table for sweep in one.sweeps)),
                    runs=[RunView.model_validate(row) for row in await every.execute(_RUNS, asked)],
                )
            )
    return PeriodsView(service=service, items=items)
