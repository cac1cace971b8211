"""One client's record, for whoever of the house may see her."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from infra.app import By, Now, OfKit, router
from infra.database import Transaction
from infra.identity import Caller, Role, permit
from infra.openapi import refuses, tagged
from infra.wire import After, IfMatch, Limit, Page, Spelled, etag
from services.profile.clients import actions as clients
from services.profile.clients import queries as client_queries
from services.profile.clients.models import names
from services.profile.clients.schemas import BirthdayView, CorrectionForm
from services.profile.consents import actions as consent_actions
from services.profile.consents import queries as consents
from services.profile.consents.schemas import ConsentsView, DecisionsForm, standing
from services.profile.desk.api import pages
from services.profile.desk.queries import cards
from services.profile.desk.queries.cards import Card
from services.profile.desk.schemas.finding import CardView
from services.profile.desk.schemas.record import ClientView, IdentityView, LookForm, TouchpointView
from services.profile.identities import actions as identity_actions
from services.profile.identities import queries as identities
from services.profile.messages.actions import permission as messages
from services.profile.messages.schemas.permissions import PermissionsView
from services.profile.privacy import actions as privacy
from services.profile.privacy.queries import Sight
from services.profile.privacy.rules import STAFF
from services.profile.purchases.schemas import PurchaseView
from services.profile.segments import queries as segments
from services.profile.segments.queries.picture import picture
from services.profile.segments.rules import received_as
from services.profile.segments.schemas.standing import SegmentView
from services.profile.touchpoints.rules import Contact

routes = router()

OnDay = Annotated[date, Spelled]


@routes.get("/clients/{client_id}", responses=tagged())
@permit(Role.SERVICE, *STAFF)
async def client(client_id: UUID, tx: Transaction, by: By, now: Now, response: Response) -> ClientView:
    """A client in full. That the caller looked, and on what ground, is written down."""
    sight = await privacy.look(tx, client_id, seen="client", by=by, now=now)
    view, version = await _client_view(tx, sight, today=await segments.today(tx, now))
    response.headers["ETag"] = etag(version)
    return view


@routes.patch("/clients/{client_id}")
@permit(*STAFF)
async def correct(
    client_id: UUID, form: CorrectionForm, if_match: IfMatch, *, tx: Transaction, by: By, now: Now, response: Response
) -> ClientView:
    """Correct how a client is named and addressed, and when she was born."""
    sight = await privacy.look(tx, client_id, seen="client", by=by, now=now)
    today = await segments.today(tx, now)
    changes = form.changes(today=today)
    await clients.correct(tx, sight.family, changes, if_match=if_match)
    if "birthday" in changes:
        await consent_actions.examine(tx, sight.family, now=now)
    await identity_actions.seek(tx, [sight.client_id])
    view, version = await _client_view(tx, sight, today=today)
    response.headers["ETag"] = etag(version)
    return view


@routes.get("/clients/{client_id}/card")
@permit(Role.SERVICE, *STAFF)
async def card(client_id: UUID, tx: Transaction, by: By, now: Now) -> CardView:
    """What one needs to greet her."""
    sight = await privacy.look(tx, client_id, seen="card", by=by, now=now)
    return card_view((await cards.cards(tx, [sight.client_id]))[0])


@routes.post("/clients/{client_id}/looks")
@permit(Role.SERVICE)
async def look(client_id: UUID, form: LookForm, tx: Transaction, by: By, now: Now) -> CardView:
    """A peer asks for somebody: may she see this client? Decided and written down as if she had asked herself."""
    asker = Caller(
        form.subject,
        form.role,
        by.brand_id,
        advisor_id=form.advisor_id,
        boutique_ids=frozenset(form.boutique_ids),
    )
    sight = await privacy.look(tx, client_id, seen=form.seen, by=asker, now=now)
    return card_view((await cards.cards(tx, [sight.client_id]))[0])


@routes.get("/clients/{client_id}/timeline")
@permit(Role.SERVICE, *STAFF)
async def timeline(
    client_id: UUID,
    *,
    tx: Transaction,
    by: By,
    now: Now,
    kind: Annotated[list[Contact] | None, Query(max_length=20)] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[TouchpointView]:
    """Every recorded contact with a client, the latest first; only of some kinds, if named."""
    sight = await privacy.look(tx, client_id, seen="timeline", by=by, now=now)
    return await pages.timeline(tx, sight.client_id, kinds=kind, after=after, limit=limit)


@routes.get("/clients/{client_id}/purchases")
@permit(Role.SERVICE, *STAFF)
async def purchases(
    client_id: UUID, *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[PurchaseView]:
    """What a client bought, the latest first."""
    sight = await privacy.look(tx, client_id, seen="purchases", by=by, now=now)
    return await pages.purchases(tx, sight.client_id, after=after, limit=limit, inside=True)


@routes.get("/clients/{client_id}/segment", responses=refuses(409))
@permit(Role.SERVICE, *STAFF)
async def segment(client_id: UUID, tx: Transaction, by: By, now: Now, as_of: OnDay | None = None) -> SegmentView:
    """A client's segment, stage of life, engagement and value on a day; today's without a day.

    Reckoned from her receipts and contacts. Nothing is told while profiling is off.
    """
    sight = await privacy.look(tx, client_id, seen="segment", by=by, now=now)
    today = await segments.today(tx, now)
    return SegmentView.of(await picture(tx, sight.client_id, as_of or today, today=today))


@routes.get("/clients/{client_id}/consents")
@permit(Role.SERVICE, *STAFF)
async def client_consents(client_id: UUID, tx: Transaction, by: By, now: Now) -> ConsentsView:
    """What a client allows."""
    sight = await privacy.look(tx, client_id, seen="consents", by=by, now=now)
    return standing(await consents.decisions(tx, sight.client_id))


@routes.put("/clients/{client_id}/consents")
@permit(*STAFF)
async def decide(client_id: UUID, form: DecisionsForm, tx: Transaction, by: By, now: Now) -> ConsentsView:
    """Write down what she decided in the boutique or on the phone."""
    sight = await privacy.look(tx, client_id, seen="consents", by=by, now=now)
    wishes = [one.wish() for one in form.consents]
    await consent_actions.decide(tx, sight.client_id, wishes, channel=form.channel, actor=by.subject, now=now)
    return standing(await consents.decisions(tx, sight.client_id))


@routes.get("/clients/{client_id}/permissions")
@permit(Role.SERVICE, *STAFF)
async def permissions(client_id: UUID, tx: Transaction, by: By, kit: OfKit, now: Now) -> PermissionsView:
    """What a client permits us to send, and how often."""
    sight = await privacy.look(tx, client_id, seen="permissions", by=by, now=now)
    found = await messages.overview(tx, sight.client_id, settings=kit.settings, now=now)
    return PermissionsView.of(found, kit.settings.wechat_templates)


def card_view(card: Card) -> CardView:
    """The card on the wire."""
    one = card.client
    return CardView(
        client_id=one.client_id,
        display_name=one.display_name,
        salutation=one.salutation,
        addressed_as=names.addressed_as(one.display_name, one.family_name, one.salutation),
        language=one.language,
        segment=card.segment,
        received_as=received_as(card.segment),
        owner_advisor_id=card.owner_advisor_id,
    )


async def _client_view(tx: Transaction, sight: Sight, *, today: date) -> tuple[ClientView, int]:
    found = (await cards.cards(tx, [sight.client_id]))[0]
    one = found.client
    birthday = await client_queries.birthday(tx, sight.family)
    view = ClientView(
        **card_view(found).model_dump(),
        family_name=one.family_name,
        given_name=one.given_name,
        birthday=BirthdayView.of(birthday, today=today) if birthday else None,
        identities=[
            IdentityView.model_validate(
                {
                    "kind": known.kind,
                    "system": known.system or None,
                    "value": None if known.kind in {"openid", "unionid", "wecom"} else known.value,
                }
            )
            for known in await identities.identities(tx, sight.family)
        ],
        merged_client_ids=list(sight.family[1:]),
        registered_at=one.registered_at,
    )
    return view, one.version
