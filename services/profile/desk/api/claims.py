"""Claiming an anonymous receipt: by the client with what stands on it, or by staff for her."""

from uuid import UUID

from infra.app import By, Now, OfKit, router
from infra.identity import Caller, Role, permit
from infra.openapi import refuses
from services.profile.desk.queries import cards
from services.profile.desk.schemas.selling import ClaimForm, ClaimView
from services.profile.identities.models import e164
from services.profile.privacy import actions as privacy
from services.profile.purchases.actions import claims
from services.profile.purchases.rules.claims import ClaimIncomplete, Proof

routes = router()


@routes.post("/purchases/claims", responses=refuses(404, 409))
@permit(
    Role.CLIENT,
    Role.ADVISOR,
    Role.AFTER_SALES,
    Role.EVENTS,
    Role.MANAGER,
    Role.REGIONAL,
    Role.CLIENT_SERVICE,
    Role.HEADQUARTERS,
)
async def claim(form: ClaimForm, by: By, kit: OfKit, now: Now) -> ClaimView:
    """Give an anonymous receipt to the client whose it is. Safe to repeat; how often a client may try is limited."""
    hers = form.client_id or by.client_id
    if hers is None:
        raise ClaimIncomplete
    number, name, proof = _asked(form, by)
    if name is not None and by.role is Role.CLIENT:
        # Before the transaction below holds a connection: who needs two of them at once may wait for ever.
        await claims.count_try(kit.database, by, name, now=now)
    async with kit.database.transaction(by.brand_id) as tx:
        sight = await privacy.look(tx, hers, seen="claim", by=by, now=now)
        found: list[UUID] = []
        if number is not None:
            found += await claims.claim_by_phone(tx, sight.client_id, number, now=now)
        if name is not None:
            phones = [one.value for one in await cards.phones(tx, sight.family)]
            found.append(await claims.claim(tx, sight.client_id, name, proof=proof, phones=phones))
    return ClaimView(client_id=sight.client_id, purchase_ids=found)


def _asked(form: ClaimForm, by: Caller) -> tuple[str | None, tuple[str, str] | None, Proof | None]:
    """A phone, or a receipt and the proof that a client owes; raises ClaimIncomplete."""
    told = [form.pos, form.receipt, form.purchased_on, form.net_minor]
    if form.phone is not None and told.count(None) == len(told):
        return e164(form.phone), None, None
    if form.phone is not None or form.pos is None or form.receipt is None:
        raise ClaimIncomplete
    if form.purchased_on is not None and form.net_minor is not None:
        return None, (form.pos, form.receipt), Proof(form.purchased_on, form.net_minor)
    if by.role is Role.CLIENT or form.purchased_on is not None or form.net_minor is not None:
        raise ClaimIncomplete
    return None, (form.pos, form.receipt), None
