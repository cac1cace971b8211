"""The tags the house holds about a client, shown to herself (PIPL, articles 24 and 45; NDR, article 42)."""

from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Caller, Role, permit
from infra.refusal import NotFound
from services.profile.clients.actions import preferences as actions
from services.profile.consents import actions as consents
from services.profile.consents.rules import Purpose, Wish
from services.profile.desk.queries import tags as queries
from services.profile.desk.queries.tags import SEGMENT
from services.profile.desk.schemas.tags import TagsView, TagView
from services.profile.privacy import queries as sights
from services.profile.privacy.queries import Sight

routes = router()

BY_DELETING = "tag-deleted"  # the notice of a no that was said by deleting the segment


@routes.get("/me/tags")
@permit(Role.CLIENT)
async def my_tags(tx: Transaction, by: By, now: Now) -> TagsView:
    """What the house has reckoned and inferred about me. What I said or what was seen is no tag: a copy has it."""
    sight = await _own(tx, by, now)
    held = await queries.tags(tx, sight.family)
    return TagsView(profiling=held.profiling, items=[TagView.model_validate(one) for one in held.tags])


@routes.delete("/me/tags/{tag}", status_code=204)
@permit(Role.CLIENT)
async def forget(tag: str, tx: Transaction, by: By, now: Now) -> None:
    """Delete one tag about me.

    `segment` would come back with the next receipt: deleting it switches profiling off, until I allow it again.
    """
    sight = await _own(tx, by, now)
    if tag not in {one.tag for one in (await queries.tags(tx, sight.family)).tags}:
        raise NotFound
    if tag == SEGMENT:
        no = Wish(Purpose.PERSONALISATION, granted=False, notice_version=BY_DELETING)
        await consents.decide(tx, sight.client_id, [no], channel="mini-program", actor="client", now=now)
    else:
        await actions.forget(tx, sight.family, UUID(tag))


async def _own(tx: Transaction, by: Caller, now: Now) -> Sight:
    if by.client_id is None:
        raise NotFound
    return await sights.sight(tx, by.client_id, by, now=now)
