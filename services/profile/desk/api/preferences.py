"""What a client likes, and how the house knows."""

from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit
from infra.ids import new_id
from services.profile.clients.actions import preferences as actions
from services.profile.clients.queries import preferences as queries
from services.profile.clients.rules import CONFIDENCE, Preference, Provenance, outdone
from services.profile.clients.schemas import PreferenceForm, PreferencesView, PreferenceView
from services.profile.consents import actions as consents
from services.profile.consents import queries as decisions
from services.profile.desk.rules import KEEP_RECORDS
from services.profile.privacy import actions as privacy
from services.profile.privacy.queries import Sight
from services.profile.privacy.rules import STAFF
from services.profile.segments import queries as segments

routes = router()


@routes.get("/clients/{client_id}/preferences")
@permit(Role.SERVICE, *STAFF)
async def preferences(client_id: UUID, tx: Transaction, by: By, now: Now) -> PreferencesView:
    """What is known of her taste. What she said outdoes what was observed, and that what was inferred."""
    sight = await privacy.look(tx, client_id, seen="preferences", by=by, now=now)
    return PreferencesView(items=await preference_views(tx, sight))


@routes.post("/clients/{client_id}/preferences", status_code=201)
@permit(*KEEP_RECORDS)
@idempotent()
async def learn(client_id: UUID, form: PreferenceForm, tx: Transaction, by: By, now: Now) -> PreferenceView:
    """Write down what somebody learned of her taste; nothing inferred while she has switched profiling off."""
    sight = await privacy.look(tx, client_id, seen="preferences", by=by, now=now)
    if form.provenance is Provenance.INFERRED:
        await consents.check_profiling(tx, sight.family)
    today = await segments.today(tx, now)
    learned = Preference(
        preference_id=new_id(),
        topic=form.topic,
        value=form.value,
        likes=form.likes,
        provenance=form.provenance,
        confidence=form.confidence or CONFIDENCE[form.provenance],
        learned_on=form.learned_on or today,
        noted_by=by.subject,
    )
    await actions.learn(tx, sight.client_id, learned, today=today)
    [view] = [one for one in await preference_views(tx, sight) if one.preference_id == learned.preference_id]
    return view


@routes.delete("/clients/{client_id}/preferences/{preference_id}", status_code=204)
@permit(*KEEP_RECORDS)
async def end(client_id: UUID, preference_id: UUID, tx: Transaction, by: By, now: Now) -> None:
    """It holds no longer; what it outdid counts again."""
    sight = await privacy.look(tx, client_id, seen="preferences", by=by, now=now)
    await actions.end(tx, sight.family, preference_id, by=by, now=now)


async def preference_views(tx: Transaction, sight: Sight) -> list[PreferenceView]:
    """What is known of her taste, on the wire."""
    known = await queries.known(tx, sight.family)
    if await decisions.profiling_off(tx, sight.family[:1]):
        # What was inferred of a record that was merged into hers is hers to see no longer either.
        known = [one for one in known if one.provenance is not Provenance.INFERRED]
    behind = outdone(known)
    return [
        PreferenceView(
            preference_id=one.preference_id,
            topic=one.topic,
            value=one.value,
            likes=one.likes,
            provenance=one.provenance,
            confidence=one.confidence,
            learned_on=one.learned_on,
            noted_by=one.noted_by,
            outdone=one.preference_id in behind,
        )
        for one in known
    ]
