"""What is still to be put right for clients who are about to come, for the service that prepares their visits."""

from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Caller, Role, permit
from infra.refusal import NotPermitted
from services.feedback.invitations.queries import families
from services.feedback.workorders import queries
from services.feedback.workorders.rules import Severity, Status
from services.feedback.workorders.schemas import AskerForm, OpenOrdersOfView, OpenOrdersView, OpenOrderView

routes = router()

# Whoever else asks sees no work orders here either, and is told so: an empty list would say that nothing is open.
SEES = frozenset({Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS})


@routes.post("/work-orders/open")
@permit(Role.SERVICE)
async def open_orders(form: AskerForm, tx: Transaction, by: By, now: Now) -> OpenOrdersView:
    """A peer asks for somebody what is open for some clients: as much as she would see herself; raises NotPermitted."""
    if form.role not in SEES:
        raise NotPermitted
    asker = Caller(
        form.subject,
        form.role,
        by.brand_id,
        advisor_id=form.advisor_id,
        boutique_ids=frozenset(form.boutique_ids),
    )
    wanted = await families(tx, set(form.client_ids))
    found = await queries.undone_of(tx, {one for family in wanted.values() for one in family}, by=asker)
    items = []
    for client_id in sorted(wanted):
        hers: list[UUID] = list(wanted[client_id])
        orders = [
            OpenOrderView(
                work_order_id=one.work_order_id,
                boutique_id=one.boutique_id,
                appointment_id=one.appointment_id,
                severity=Severity(one.severity),
                status=Status(one.status),
                assignee_id=one.assignee_id,
                opened_at=one.opened_at,
                due_at=one.due_at,
                overdue=one.due_at < now,
            )
            for one in found
            if one.client_id in hers
        ]
        if orders:
            items.append(OpenOrdersOfView(client_id=client_id, work_orders=orders))
    return OpenOrdersView(items=items)
