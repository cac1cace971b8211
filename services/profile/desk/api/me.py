"""What the house shows a client of herself, and lets her correct."""

from datetime import date
from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Caller, Role, permit
from infra.openapi import tagged
from infra.refusal import NotFound
from infra.wire import After, IfMatch, Limit, Page, etag
from services.profile.clients import actions as clients
from services.profile.clients import queries as client_queries
from services.profile.clients.schemas import BirthdayView, CorrectionForm
from services.profile.consents import actions as consents
from services.profile.desk.api import pages
from services.profile.desk.queries import cards
from services.profile.desk.schemas.record import MeView
from services.profile.identities import actions as identity_actions
from services.profile.identities import models
from services.profile.privacy import queries as sights
from services.profile.privacy.queries import Sight
from services.profile.purchases.schemas import PurchaseView
from services.profile.segments import queries as segments

routes = router()


@routes.get("/me", responses=tagged())
@permit(Role.CLIENT)
async def me(tx: Transaction, by: By, now: Now, response: Response) -> MeView:
    """Who I am to the house."""
    sight = await sights.sight(tx, _own(by), by, now=now)
    view, version = await _me(tx, sight, today=await segments.today(tx, now))
    response.headers["ETag"] = etag(version)
    return view


@routes.patch("/me")
@permit(Role.CLIENT)
async def correct(
    form: CorrectionForm, if_match: IfMatch, *, tx: Transaction, by: By, now: Now, response: Response
) -> MeView:
    """Correct how I am named and addressed, and when I was born."""
    sight = await sights.sight(tx, _own(by), by, now=now)
    today = await segments.today(tx, now)
    changes = form.changes(today=today)
    await clients.correct(tx, sight.family, changes, if_match=if_match)
    if "birthday" in changes:
        await consents.examine(tx, sight.family, now=now)
    await identity_actions.seek(tx, [sight.client_id])
    view, version = await _me(tx, sight, today=today)
    response.headers["ETag"] = etag(version)
    return view


@routes.get("/me/purchases")
@permit(Role.CLIENT)
async def my_purchases(
    tx: Transaction,
    by: By,
    now: Now,
    after: After = None,
    limit: Limit = 50,
) -> Page[PurchaseView]:
    """What I bought, the latest first."""
    sight = await sights.sight(tx, _own(by), by, now=now)
    return await pages.purchases(tx, sight.client_id, after=after, limit=limit, inside=False)


def _own(by: Caller) -> UUID:
    if by.client_id is None:
        raise NotFound
    return by.client_id


async def _me(tx: Transaction, sight: Sight, *, today: date) -> tuple[MeView, int]:
    one = await client_queries.client(tx, sight.client_id)
    birthday = await client_queries.birthday(tx, sight.family)
    phones = await cards.phones(tx, sight.family)
    view = MeView(
        client_id=one.client_id,
        display_name=one.display_name,
        family_name=one.family_name,
        given_name=one.given_name,
        salutation=one.salutation,
        language=one.language,
        birthday=BirthdayView.of(birthday, today=today) if birthday else None,
        masked_phone=models.masked_phone(phones[0].value) if phones else None,
    )
    return view, one.version
