"""Finding a client: by the beginning of her name, the end of her phone, or an identifier she shows."""

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.wire import Page, cursor, read_id_cursor
from services.profile.consents import queries as consents
from services.profile.desk import queries
from services.profile.desk.api.intake import known
from services.profile.desk.api.record import card_view
from services.profile.desk.rules import NothingToSearch
from services.profile.desk.schemas import CardView, IdentifiedView, IdentifyForm, MaskedView, SearchForm
from services.profile.identities import models
from services.profile.identities import queries as identities
from services.profile.privacy import queries as sights
from services.profile.privacy.rules import STAFF, ClientUnknown, ProcessingRestricted

routes = router()


@routes.post("/clients/search")
@permit(*STAFF)
async def search(form: SearchForm, tx: Transaction, by: By, now: Now) -> Page[CardView]:
    """Find among the clients the caller may see. A POST, so that no name stands in an address."""
    phone_tail = form.criteria.phone_tail if form.criteria else None
    if (form.text is None) == (phone_tail is None):
        raise NothingToSearch
    of = f"search:{form.text}:{phone_tail}"
    after = read_id_cursor(form.cursor, of=of)
    visible = await sights.visible(tx, by, now=now)
    if form.text is not None:
        found = await queries.found_by_name(tx, form.text, visible=visible, after=after, limit=form.limit + 1)
    else:
        found = await queries.found_by_tail(tx, phone_tail or "", visible=visible, after=after, limit=form.limit + 1)
    shown = found[: form.limit]
    # Whose data is not to be used is found by those only who look after that.
    hidden = set() if by.role is Role.PRIVACY else await consents.restricted(tx, shown)
    return Page(
        items=[card_view(card) for card in await queries.cards(tx, [one for one in shown if one not in hidden])],
        next_cursor=cursor(shown[-1], of=of) if len(found) > form.limit else None,
    )


@routes.post("/clients/identify")
@permit(Role.POS, *STAFF)
async def identify(form: IdentifyForm, tx: Transaction, by: By, now: Now) -> IdentifiedView:
    """Whom complete identifiers belong to, masked: enough to ask whether it is she."""
    held = await identities.holders(tx, [known(one) for one in form.identities])
    ids = list(dict.fromkeys(holder.canonical_id for holder in held.values()))
    items = []
    for card in await queries.cards(tx, ids):
        client = card.client
        phones = await queries.phones(tx, await identities.family(tx, client.client_id))
        try:
            await sights.sight(tx, client.client_id, by, now=now)
            is_open = True
        except (ClientUnknown, ProcessingRestricted):
            is_open = False
        items.append(
            MaskedView(
                client_id=client.client_id,
                masked_name=models.masked_name(client.display_name),
                salutation=client.salutation,
                masked_phone=models.masked_phone(phones[0].value) if phones else None,
                open=is_open,
            )
        )
    return IdentifiedView(items=items)
