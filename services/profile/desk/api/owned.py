"""What a client owns, and finding a piece by its serial without knowing whose it is."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Caller, Role, permit
from infra.openapi import tagged
from infra.refusal import NotFound
from infra.wire import After, IfMatch, Limit, Page, cursor, etag, read_id_cursor
from services.profile.desk.queries import cards
from services.profile.desk.schemas.selling import FoundPieceView, FoundView, PieceOwnerView
from services.profile.identities import models
from services.profile.identities import queries as identities
from services.profile.pieces import actions
from services.profile.pieces import queries as pieces
from services.profile.pieces.actions import Papers
from services.profile.pieces.queries import Piece
from services.profile.pieces.rules import Way
from services.profile.pieces.schemas import (
    ChangeView,
    HandOverForm,
    OwnedView,
    PieceForm,
    PieceView,
    Serial,
    ServedView,
    ServiceForm,
    ServiceView,
)
from services.profile.privacy import actions as privacy
from services.profile.privacy import queries as sights
from services.profile.privacy.rules import STAFF, ClientUnknown, ProcessingRestricted
from services.profile.purchases.rules.lines import tidy_serial

routes = router()

# Who writes down what clients own.
KEEPERS = (
    Role.ADVISOR,
    Role.AFTER_SALES,
    Role.MANAGER,
    Role.REGIONAL,
    Role.CLIENT_SERVICE,
    Role.HEADQUARTERS,
)


@routes.get("/me/owned-pieces")
@permit(Role.CLIENT)
async def mine(tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50) -> Page[PieceView]:
    """What I own."""
    if by.client_id is None:
        raise NotFound
    sight = await sights.sight(tx, by.client_id, by, now=now)
    return await _page(tx, sight.client_id, after=after, limit=limit)


@routes.get("/clients/{client_id}/owned-pieces")
@permit(Role.SERVICE, *STAFF)
async def owned(
    client_id: UUID, *, tx: Transaction, by: By, now: Now, after: After = None, limit: Limit = 50
) -> Page[PieceView]:
    """What a client owns."""
    sight = await privacy.look(tx, client_id, seen="owned-pieces", by=by, now=now)
    return await _page(tx, sight.client_id, after=after, limit=limit)


@routes.post("/clients/{client_id}/owned-pieces", status_code=201, responses=tagged(201))
@permit(*KEEPERS)
@idempotent()
async def enter(
    client_id: UUID, form: PieceForm, *, tx: Transaction, by: By, now: Now, response: Response
) -> OwnedView:
    """Write down that a client owns a piece; what is told of one that is hers already completes it."""
    sight = await privacy.look(tx, client_id, seen="owned-pieces", by=by, now=now)
    papers = Papers(form.piece_code, form.certificate, form.warranty_until, form.care_guide)
    piece = await actions.enter(tx, sight.client_id, form.serial, papers, actor=by.subject, now=now)
    response.headers["ETag"] = etag(piece.version)
    return await _owned(tx, piece)


@routes.get("/owned-pieces")
@permit(Role.POS, *STAFF)
async def find(serial: Annotated[Serial, Query()], *, tx: Transaction, by: By, now: Now) -> FoundView:
    """The piece with this serial, without a receipt. Its owner is masked unless the caller may see her."""
    piece = await pieces.with_serial(tx, tidy_serial(serial))
    if piece is None:
        return FoundView(items=[])
    owner = await _owner(tx, piece.client_id, by, now=now) if piece.client_id is not None else None
    return FoundView(items=[FoundPieceView(**PieceView.of(piece).model_dump(), owner=owner)])


@routes.get("/owned-pieces/{piece_id}", responses=tagged())
@permit(*STAFF)
async def piece(piece_id: UUID, tx: Transaction, by: By, now: Now, response: Response) -> OwnedView:
    """One piece with everybody who owned it and everything that was done to it."""
    found = await _seen(tx, piece_id, by, now=now)
    response.headers["ETag"] = etag(found.version)
    return await _owned(tx, found)


@routes.post("/owned-pieces/{piece_id}/owners", status_code=201)
@permit(*KEEPERS)
@idempotent()
async def hand_over(
    piece_id: UUID, form: HandOverForm, *, if_match: IfMatch, tx: Transaction, by: By, now: Now, response: Response
) -> OwnedView:
    """A piece was given, sold or inherited. The caller may see both its owner and who gets it."""
    await _seen(tx, piece_id, by, now=now)
    heir = await privacy.look(tx, form.client_id, seen="owned-pieces", by=by, now=now)
    changed = await actions.hand_over(
        tx, piece_id, heir.client_id, Way(form.kind), if_match=if_match, actor=by.subject, now=now
    )
    response.headers["ETag"] = etag(changed.version)
    return await _owned(tx, changed)


@routes.post("/owned-pieces/{piece_id}/services", status_code=201)
@permit(*KEEPERS)
@idempotent()
async def serve(piece_id: UUID, form: ServiceForm, tx: Transaction, by: By, now: Now) -> ServedView:
    """Write down what was done to a piece."""
    await _seen(tx, piece_id, by, now=now)
    service_id = await actions.serve(tx, piece_id, form.kind, form.served_on, form.note, actor=by.subject, now=now)
    return ServedView(service_id=service_id)


async def _page(tx: Transaction, client_id: UUID, *, after: str | None, limit: int) -> Page[PieceView]:
    of = f"owned-pieces:{client_id}"
    found = await pieces.owned(tx, client_id, after=read_id_cursor(after, of=of), limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=[PieceView.of(one) for one in found[:limit]],
        next_cursor=cursor(found[limit - 1].piece_id, of=of) if more else None,
    )


async def _seen(tx: Transaction, piece_id: UUID, by: Caller, *, now: datetime) -> Piece:
    """A piece whose owner the caller may see, or that nobody owns; raises NotFound, ClientUnknown."""
    found = await pieces.piece(tx, piece_id)
    if found.client_id is not None:
        await privacy.look(tx, found.client_id, seen="owned-pieces", by=by, now=now)
    return found


async def _owned(tx: Transaction, found: Piece) -> OwnedView:
    events = await pieces.history(tx, [found.piece_id])
    owner = await identities.canonical(tx, found.client_id) if found.client_id is not None else None
    return OwnedView(
        **PieceView.of(found).model_dump(),
        client_id=owner,
        history=[ChangeView.model_validate(event) for event in events[found.piece_id]],
        services=[ServiceView.model_validate(one) for one in await pieces.services(tx, found.piece_id)],
    )


async def _owner(tx: Transaction, client_id: UUID, by: Caller, *, now: datetime) -> PieceOwnerView | None:
    """The owner as the caller may see her; None for somebody who was erased, or whose data is not to be used."""
    family = await identities.family(tx, client_id)
    shown = await cards.cards(tx, family[:1])
    if not shown:
        return None
    try:
        await privacy.look(tx, client_id, seen="owned-pieces", by=by, now=now)
        is_open = True
    except ClientUnknown:
        is_open = False
    except ProcessingRestricted:
        return None
    one, phones = shown[0].client, await cards.phones(tx, family)
    return PieceOwnerView(
        client_id=one.client_id,
        masked_name=models.masked_name(one.display_name),
        salutation=one.salutation,
        masked_phone=models.masked_phone(phones[0].value) if phones else None,
        open=is_open,
        display_name=one.display_name if is_open else None,
    )
