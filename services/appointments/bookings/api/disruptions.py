"""Routes of disruptions: an advisor is ill, a boutique closed."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import permit
from infra.openapi import refuses
from services.appointments.bookings.actions.disrupting import disrupt
from services.appointments.bookings.api.shown import LEADS
from services.appointments.bookings.queries.proposals import disrupted, disruption
from services.appointments.bookings.rules.disruptions import Settled
from services.appointments.bookings.schemas.proposals import DisruptedVisitView, DisruptionForm, DisruptionView
from services.appointments.directory.rules import Span

routes = router()


@routes.post("/disruptions", status_code=201, responses={200: {"model": DisruptionView}, **refuses(404)})
@permit(*LEADS)
@idempotent()
async def settle_disruption(
    *, form: DisruptionForm, tx: Transaction, by: By, now: Now, response: Response
) -> DisruptionView:
    """Settle every visit in the way at once: given to somebody who is free then, or another time offered.

    Safe to repeat: what was settled stays so. With `dry_run` the answer is a 200 and nothing changes.
    """
    settled = await disrupt(
        tx,
        advisor_id=form.advisor_id,
        boutique_id=form.boutique_id,
        span=Span(form.from_at, form.to_at),
        reason=form.reason,
        is_rehearsal=form.dry_run,
        by=by,
        now=now,
    )
    if form.dry_run:
        response.status_code = 200
    return _view(settled, is_rehearsal=form.dry_run)


@routes.get("/disruptions/{disruption_id}")
@permit(*LEADS)
async def read_disruption(disruption_id: UUID, tx: Transaction, by: By) -> DisruptionView:
    """What became of the visits that a disruption stood in the way of."""
    found = await disruption(tx, disruption_id, by)
    rows = await disrupted(tx, disruption_id)
    return DisruptionView(
        disruption_id=disruption_id,
        boutique_id=found.boutique_id,
        advisor_id=found.advisor_id,
        from_at=found.from_at,
        to_at=found.to_at,
        reason=found.reason,
        visits=[DisruptedVisitView.model_validate(row) for row in rows],
        more=False,
    )


def _view(settled: Settled, *, is_rehearsal: bool) -> DisruptionView:
    trouble = settled.trouble
    return DisruptionView(
        disruption_id=None if is_rehearsal else settled.disruption_id,
        boutique_id=trouble.boutique_id,
        advisor_id=trouble.advisor_id,
        from_at=trouble.span.starts_at,
        to_at=trouble.span.ends_at,
        reason=trouble.reason,
        visits=[DisruptedVisitView.model_validate(one) for one in settled.visits],
        more=settled.more,
    )
