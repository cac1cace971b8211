"""Partner systems and the token endpoint they use."""

import base64
import binascii
import json
from typing import Annotated
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

from fastapi import Path, Request, Response
from pydantic import ValidationError

from gateway.identity.api import OfExchange
from gateway.partners import actions, queries
from gateway.partners.rules import InvalidClient, UnsupportedGrant
from gateway.partners.schemas import (
    KeySummary,
    KeyView,
    NewPartnerView,
    PartnerForm,
    PartnerView,
    TokenForm,
    TokenView,
)
from gateway.partners.tables import Partner, PartnerKey
from infra.app import Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import Role, permit, public
from infra.openapi import refuses
from infra.refusal import BadRequest, Malformed, NotFound
from infra.wire import After, Limit, Page, cursor, read_id_cursor

FORM = "application/x-www-form-urlencoded"
TOKEN_BODY = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": TokenForm.model_json_schema()} for kind in (FORM, "application/json")},
    }
}

routes = router()


@routes.post("/auth/token", openapi_extra=TOKEN_BODY, responses=refuses(401))
@public
async def give_token(request: Request, kit: OfKit, exchange: OfExchange, response: Response, now: Now) -> TokenView:
    """Client credentials (RFC 6749): id and secret in the body, as a form or as JSON, or by HTTP Basic."""
    form = await _token_form(request)
    if form.grant_type != "client_credentials":
        raise UnsupportedGrant
    response.headers["Pragma"] = "no-cache"
    return await actions.give_token(
        kit.database, exchange, client_id=form.client_id, client_secret=form.client_secret, now=now
    )


@routes.post("/partners", status_code=201)
@permit(Role.HEADQUARTERS)
@idempotent()
async def let_in(form: PartnerForm, tx: Transaction, now: Now) -> NewPartnerView:
    """Let a till or another system in. Its secrets are shown this once."""
    partner, key = await actions.let_in(tx, form, now=now)
    return NewPartnerView(
        partner_id=partner.partner_id,
        name=partner.name,
        role=partner.role,
        boutique_ids=partner.boutique_ids,
        **key.model_dump(),
    )


@routes.get("/partners")
@permit(Role.HEADQUARTERS)
async def list_partners(tx: Transaction, limit: Limit = 50, after: After = None) -> Page[PartnerView]:
    """The brand's partners, oldest first, closed ones included."""
    found = await queries.partners_after(tx, read_id_cursor(after, of="partners"), limit + 1)
    more = cursor(found[limit - 1].partner_id, of="partners") if len(found) > limit else None
    return Page(items=[_view(partner, []) for partner in found[:limit]], next_cursor=more)


@routes.get("/partners/{partner_id}")
@permit(Role.HEADQUARTERS)
async def show_partner(partner_id: UUID, tx: Transaction) -> PartnerView:
    """One partner and its keys in use."""
    partner = await queries.partner(tx, partner_id)
    if partner is None:
        raise NotFound
    return _view(partner, await queries.live_keys(tx, partner_id))


@routes.post("/partners/{partner_id}/keys", status_code=201)
@permit(Role.HEADQUARTERS)
@idempotent()
async def give_key(partner_id: UUID, tx: Transaction, now: Now) -> KeyView:
    """A second key, so that the first can be replaced without an interruption."""
    return await actions.give_key(tx, partner_id, now=now)


@routes.post("/partners/{partner_id}/keys/{key_id}/close", status_code=204)
@permit(Role.HEADQUARTERS)
async def close_key(
    partner_id: UUID, key_id: Annotated[str, Path(pattern=r"^mk_[0-9a-f]{16}$")], tx: Transaction, now: Now
) -> None:
    """Take a key out of use."""
    await actions.close_key(tx, partner_id, key_id, now=now)


@routes.post("/partners/{partner_id}/close")
@permit(Role.HEADQUARTERS)
async def shut_out(partner_id: UUID, tx: Transaction, exchange: OfExchange, now: Now) -> PartnerView:
    """Close a partner: its keys and tokens end at once."""
    return _view(await actions.shut_out(tx, exchange, partner_id, now=now), [])


def _view(partner: Partner, keys: list[PartnerKey]) -> PartnerView:
    return PartnerView(
        partner_id=partner.partner_id,
        client_id=actions.client_id(partner),
        name=partner.name,
        role=partner.role,
        boutique_ids=partner.boutique_ids,
        created_at=partner.created_at,
        closed_at=partner.closed_at,
        keys=[KeySummary.model_validate(key) for key in keys],
    )


async def _token_form(request: Request) -> TokenForm:
    body = await request.body()
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
            fields = dict(
                parse_qsl(
                    body.decode(), max_num_fields=20, keep_blank_values=True, strict_parsing=True, errors="strict"
                )
            )
        else:
            fields = json.loads(body)
        form = TokenForm.model_validate(fields)
    except ValidationError as wrong:
        errors = [{"pointer": "/body/" + "/".join(map(str, one["loc"])), "code": one["type"]} for one in wrong.errors()]
        raise Malformed(errors=errors) from None
    except (ValueError, RecursionError):
        raise BadRequest from None
    basic: bytes | None = getattr(request.state, "basic", None)
    return form if basic is None or form.client_id else _by_basic(form, basic)


def _by_basic(form: TokenForm, header: bytes) -> TokenForm:
    scheme, _, value = header.decode("latin-1").partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise InvalidClient from None
    return TokenForm(
        grant_type=form.grant_type, client_id=unquote_plus(name)[:128], client_secret=unquote_plus(secret)[:256]
    )
