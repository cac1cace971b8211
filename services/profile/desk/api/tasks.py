"""Something to do for a client that somebody thought of, for those who may see her."""

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.openapi import refuses
from services.profile.privacy import queries as sights
from services.profile.tasks.actions import carrying
from services.profile.tasks.schemas import TaskForm, TaskView

routes = router()


@routes.post("/tasks", status_code=201, responses=refuses(404))
@permit(Role.ADVISOR, Role.CLIENT_SERVICE, Role.MANAGER, Role.HEADQUARTERS)
@idempotent()
async def open_task(form: TaskForm, tx: Transaction, by: By, now: Now) -> TaskView:
    """Open a task for a client whom the caller may see."""
    sight = await sights.sight(tx, form.client_id, by, now=now)
    opened = await carrying.open_by_hand(
        tx,
        sight.client_id,
        form.due_on,
        form.words,
        is_offer=form.is_offer,
        advisor_id=form.advisor_id,
        by=by,
        now=now,
    )
    return TaskView.model_validate(opened)
