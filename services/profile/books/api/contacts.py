"""What WeCom pushed to the gateway about contacts."""

from infra.app import Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from services.profile.books.actions.contacts import ContactEvent, take
from services.profile.books.schemas.contacts import ContactEventsForm, TakenView

routes = router()


@routes.post("/wecom/events")
@permit(Role.SERVICE)
async def take_contact_events(form: ContactEventsForm, tx: Transaction, now: Now) -> TakenView:
    """Whose contacts clients are, and transfers that ended. Safe to repeat: the latest word holds."""
    events = [ContactEvent(**event.model_dump(exclude={"event_id"})) for event in form.events]
    return TakenView(accepted=await take(tx, events, now=now))
