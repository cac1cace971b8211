"""What the two advisors of a client handed over do: say goodbye, introduce themselves, speak to her."""

from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Caller, Role, permit
from infra.refusal import NotFound
from services.profile.books.actions import drafting, moving
from services.profile.books.queries import handovers as queries
from services.profile.books.rules.drafts import Kind
from services.profile.books.rules.handovers import OPEN
from services.profile.books.schemas.handovers import DraftForm, DraftsView, HandedView

routes = router()

SPEAK = (Role.ADVISOR, Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)


@routes.get("/handovers/{handover_id}/clients/{client_id}/drafts")
@permit(*SPEAK)
async def drafts(handover_id: UUID, client_id: UUID, tx: Transaction, by: By) -> DraftsView:
    """Drafts of farewell and introduction in her language. They are sent by a person, or not at all."""
    await _concerns(tx, handover_id, client_id, by, while_open=True)
    return _view(await drafting.drafts_for(tx, handover_id, client_id))


@routes.put("/handovers/{handover_id}/clients/{client_id}/drafts/{kind}")
@permit(*SPEAK)
async def change(
    handover_id: UUID, client_id: UUID, kind: Kind, form: DraftForm, *, tx: Transaction, by: By
) -> DraftsView:
    """Keep a draft as a person has changed it."""
    await _concerns(tx, handover_id, client_id, by, while_open=True)
    return _view(await drafting.change(tx, handover_id, client_id, kind, form.words))


@routes.post("/handovers/{handover_id}/clients/{client_id}/contacted")
@permit(*SPEAK)
async def contacted(handover_id: UUID, client_id: UUID, *, tx: Transaction, by: By, now: Now) -> HandedView:
    """Keep that the new advisor has spoken to her; when the last one has been, the handover is complete."""
    await _concerns(tx, handover_id, client_id, by)
    await moving.contacted(tx, handover_id, client_id, now=now)
    return HandedView.model_validate(await queries.entry(tx, handover_id, client_id))


def _view(found: dict[Kind, str]) -> DraftsView:
    return DraftsView(farewell=found[Kind.FAREWELL], introduction=found[Kind.INTRODUCTION])


async def _concerns(
    tx: Transaction, handover_id: UUID, client_id: UUID, by: Caller, *, while_open: bool = False
) -> None:
    """Raise NotFound unless the caller leads the handover, or is one of the two advisors.

    Drafts say what is known of her: an advisor reads them only while she is going from the one to the other.
    """
    narrowed = by.boutique_ids if by.role in {Role.MANAGER, Role.REGIONAL} else None
    handover = await queries.handover(tx, handover_id, boutiques=narrowed)
    entry = await queries.entry(tx, handover_id, client_id)
    if by.role is not Role.ADVISOR:
        return
    if by.advisor_id not in {handover.from_advisor_id, entry.advisor_id}:
        raise NotFound
    if while_open and (handover.status not in OPEN or entry.state not in {"planned", "moved"}):
        raise NotFound
