"""What somebody needs who is about to receive clients, for the service that prepares their visits."""

from collections.abc import Collection
from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Caller, Role, permit
from services.profile.clients.queries import notes
from services.profile.desk.api import pages
from services.profile.desk.api.notes import note_view
from services.profile.desk.api.preferences import preference_views
from services.profile.desk.api.record import card_view
from services.profile.desk.queries import cards
from services.profile.desk.schemas.briefs import BriefPart, BriefsForm, BriefsView, BriefView
from services.profile.loyalty.queries import privileges
from services.profile.loyalty.rules.privileges import Granted
from services.profile.loyalty.schemas.privileges import GrantView
from services.profile.privacy import actions as privacy
from services.profile.privacy.queries import Sight
from services.profile.touchpoints import queries as contacts
from services.profile.touchpoints.rules import Contact
from services.profile.touchpoints.schemas import WishView

routes = router()

LAST = 5  # of purchases, contacts and notes
# What was said or lived through with people; not each tap in the mini-program.
CONVERSATIONS = (
    Contact.VISIT_COMPLETED,
    Contact.NO_SHOW,
    Contact.CALL,
    Contact.MESSAGING,
    Contact.MESSAGE_SENT,
    Contact.ANSWER,
    Contact.WORK_ORDER_OPENED,
    Contact.WORK_ORDER_CLOSED,
)
WISHES = 20


@routes.post("/briefs")
@permit(Role.SERVICE)
async def briefs(form: BriefsForm, tx: Transaction, by: By, now: Now) -> BriefsView:
    """A peer asks for somebody about clients she is to receive: each is decided and written down as a look of hers.

    Cards and gifts, which are asked of all who come on a day, cost the same number of statements however many.
    """
    asker = Caller(
        form.subject,
        form.role,
        by.brand_id,
        advisor_id=form.advisor_id,
        boutique_ids=frozenset(form.boutique_ids),
    )
    # In one order: two who ask at the same moment must not wait for each other.
    sights = await privacy.look_at_all(tx, sorted(set(form.client_ids)), seen=form.seen, by=asker, now=now)
    heads = sorted({sight.client_id for sight in sights.values()})
    shown = {card.client.client_id: card_view(card) for card in await cards.cards(tx, heads)}
    gifts = await _gifts(tx, sights.values()) if BriefPart.GIFTS in form.parts else {}
    found = []
    for client_id, sight in sights.items():
        parts = await _parts(tx, sight, form.parts, asker)
        if BriefPart.GIFTS in form.parts:
            parts["gifts"] = gifts[sight.client_id]
        found.append(BriefView(client_id=client_id, card=shown[sight.client_id]).model_copy(update=parts))
    return BriefsView(items=found)


async def _gifts(tx: Transaction, sights: Collection[Sight]) -> dict[UUID, list[GrantView]]:
    """What is granted and not handed over, by each person's surviving record."""
    of = {one: sight.client_id for sight in sights for one in sight.family}
    found: dict[UUID, list[GrantView]] = {sight.client_id: [] for sight in sights}
    for one in await privileges.hers(tx, sorted(of)) if of else []:
        if one.status is Granted.GRANTED:
            found[of[one.client_id]].append(GrantView.model_validate(one))
    return found


async def _parts(tx: Transaction, sight: Sight, wanted: frozenset[BriefPart], asker: Caller) -> dict[str, object]:
    told: dict[str, object] = {}
    if BriefPart.PREFERENCES in wanted:
        told["preferences"] = [one for one in await preference_views(tx, sight) if not one.outdone]
    if BriefPart.CONVERSATIONS in wanted:
        told["conversations"] = [
            *await pages.contacts_behind(tx, sight.client_id, kinds=CONVERSATIONS, behind=None, limit=LAST)
        ]
        written = await notes.page(tx, sight.family, reader=asker.subject, after=None, limit=LAST)
        # A private note is for its author's eyes, and this may be printed.
        told["notes"] = [note_view(one, asker) for one in written if not one.is_private]
    if BriefPart.PURCHASES in wanted:
        told["purchases"] = [*await pages.purchases_behind(tx, sight.client_id, behind=None, limit=LAST, inside=True)]
    if BriefPart.WISHES in wanted:
        wishes = await contacts.wishes(tx, sight.family, after=None, limit=WISHES)
        told["wishes"] = [WishView.model_validate(one) for one in wishes if one.closed_as is None]
    return told
