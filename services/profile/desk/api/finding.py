"""Finding a client: by the beginning of her name, the end of her phone, or an identifier she shows."""

from dataclasses import astuple
from uuid import UUID

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Role, permit
from infra.refusal import BadRequest
from infra.wire import Page, cursor, read_cursor
from services.profile.consents import queries as consents
from services.profile.desk.api.intake import known
from services.profile.desk.api.record import card_view
from services.profile.desk.queries import cards, finding
from services.profile.desk.queries.finding import Place, Sought
from services.profile.desk.rules import NothingToSearch
from services.profile.desk.schemas.finding import (
    CardView,
    CriteriaForm,
    IdentifiedView,
    IdentifyForm,
    MaskedView,
    SearchForm,
)
from services.profile.identities import models
from services.profile.identities import queries as identities
from services.profile.privacy import queries as sights
from services.profile.privacy.rules import STAFF, ClientUnknown, ProcessingRestricted

routes = router()

SEVERAL = 10  # of those who share a number: more than that is nobody's


@routes.post("/clients/search")
@permit(*STAFF)
async def search(form: SearchForm, tx: Transaction, by: By, now: Now) -> Page[CardView]:
    """Find among the clients the caller may see. A POST, so that no name stands in an address."""
    criteria = form.criteria or CriteriaForm()
    sought = Sought(form.text, criteria.phone_tail, criteria.member, criteria.email, criteria.serial)
    if sum(one is not None for one in astuple(sought)) != 1:
        raise NothingToSearch
    of = f"search:{sought}"
    visible = await sights.visible(tx, by, now=now)
    found = await finding.found(tx, sought, visible=visible, after=_place(form.cursor, of=of), limit=form.limit + 1)
    shown = found[: form.limit]
    last = shown[-1] if len(found) > form.limit else None
    ids = [one.client_id for one in shown]
    # Whose data is not to be used is found by those only who look after that.
    hidden = set() if by.role is Role.PRIVACY else await consents.restricted(tx, ids)
    return Page(
        items=[card_view(card) for card in await cards.cards(tx, [one for one in ids if one not in hidden])],
        next_cursor=cursor(last.client_id, last.way, last.key, last.record_id, of=of) if last else None,
    )


def _place(value: str | None, *, of: str) -> Place | None:
    """Where the last page ended; raises BadRequest for a cursor of another search, or a made-up one."""
    parts = read_cursor(value, of=of, parts=4)
    try:
        return Place(UUID(parts[0]), int(parts[1]), parts[2], UUID(parts[3])) if parts is not None else None
    except ValueError:
        raise BadRequest from None


@routes.post("/clients/identify")
@permit(Role.POS, *STAFF)
async def identify(form: IdentifyForm, tx: Transaction, by: By, now: Now) -> IdentifiedView:
    """Whom complete identifiers belong to, masked: enough to ask whether it is she."""
    shown = [known(one) for one in form.identities]
    held = await identities.holders(tx, shown)
    several = await identities.sharing(tx, shown, limit=SEVERAL)
    ids = list(dict.fromkeys([*(holder.canonical_id for holder in held.values()), *several]))
    # A till goes on recording what she buys; nobody else finds her by a number.
    hidden = set() if by.role in {Role.POS, Role.PRIVACY} else await consents.restricted(tx, ids)
    items = []
    for card in await cards.cards(tx, [one for one in ids if one not in hidden]):
        client = card.client
        phones = await cards.phones(tx, await identities.family(tx, client.client_id))
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
