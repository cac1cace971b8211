"""Sign-in, tokens, accounts."""

from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Depends, Request, Response

from gateway.identity import queries
from gateway.identity.actions import accounts, clients, sessions
from gateway.identity.actions.exchange import Exchange
from gateway.identity.models.passwords import Passwords
from gateway.identity.rules import WeChatNotSetUp
from gateway.identity.schemas import (
    AccountForm,
    AccountView,
    PhoneForm,
    RefreshForm,
    StaffForm,
    TokensView,
    WeChatForm,
)
from infra.app import By, Kit, Now, OfKit, router
from infra.database import Transaction
from infra.idempotency import idempotent
from infra.identity import INSIDE, Role, permit, public
from infra.openapi import refuses
from infra.refusal import NotFound
from infra.wechat.client import WeChat
from infra.wire import After, Limit, Page, cursor, read_id_cursor

ANYBODY = tuple(role for role in Role if role not in INSIDE)

routes = router()
keys = router(prefix="")


class Guesses(Protocol):
    """Counts attempts at one username of a brand."""

    async def attempt(self, username: str, *, brand_id: str | None, address: str) -> None:
        """Raise a refusal when there were too many."""

    async def forgive(self, username: str, *, brand_id: str | None, address: str) -> None:
        """Count an attempt no more: it was right."""


def _exchange(request: Request) -> Exchange:
    found: Exchange = request.app.state.exchange
    return found


def _passwords(request: Request) -> Passwords:
    found: Passwords = request.app.state.passwords
    return found


def _guesses(request: Request) -> Guesses:
    found: Guesses = request.app.state.guesses
    return found


def _wechat(request: Request) -> WeChat:
    found: WeChat | None = request.app.state.wechat
    if found is None:
        raise WeChatNotSetUp
    return found


def _session_id(request: Request) -> UUID:
    # The door has put it there, beside the inner token that it exchanged the outer one for.
    found: UUID | None = getattr(request.state, "session_id", None)
    if found is None:
        raise NotFound
    return found


OfExchange = Annotated[Exchange, Depends(_exchange)]
OfPasswords = Annotated[Passwords, Depends(_passwords)]
OfWeChat = Annotated[WeChat, Depends(_wechat)]
OfGuesses = Annotated[Guesses, Depends(_guesses)]
SessionId = Annotated[UUID, Depends(_session_id)]


@routes.post("/auth/staff", responses=refuses(401))
@public
async def sign_in_staff(
    form: StaffForm,
    *,
    request: Request,
    kit: OfKit,
    exchange: OfExchange,
    passwords: OfPasswords,
    guesses: OfGuesses,
    now: Now,
) -> TokensView:
    """Sign in with username and password."""
    address = request.client.host if request.client else ""
    username = form.username.strip().lower()
    await guesses.attempt(username, brand_id=form.brand, address=address)
    tokens = await accounts.sign_in(kit.database, passwords, exchange, form, now=now)
    await guesses.forgive(username, brand_id=form.brand, address=address)
    return tokens


@routes.post("/auth/wechat", responses=refuses(401, 403, 410))
@public
async def sign_in_wechat(
    form: WeChatForm, *, request: Request, kit: OfKit, exchange: OfExchange, wechat: OfWeChat, now: Now
) -> TokensView:
    """Sign in from the mini-program with the code of wx.login."""
    return await clients.sign_in(kit, exchange, wechat, brand_id=_house(request), code=form.code, now=now)


@routes.post("/auth/wechat/phone", responses=refuses(404, 409, 410))
@permit(Role.CLIENT)
async def give_phone(
    form: PhoneForm, *, kit: OfKit, exchange: OfExchange, wechat: OfWeChat, by: By, session_id: SessionId, now: Now
) -> TokensView:
    """Add the phone of the phone button's code; the answer's tokens are for the client she turned out to be."""
    return await clients.give_phone(kit, exchange, wechat, by=by, session_id=session_id, code=form.code, now=now)


@routes.post("/auth/refresh", responses=refuses(401))
@public
async def refresh(form: RefreshForm, kit: OfKit, exchange: OfExchange, now: Now) -> TokensView:
    """Exchange the refresh token for new tokens.

    Each is good once: a second use ends the sign-in for everybody, unless it repeats a lost answer within ten seconds.
    """
    return await sessions.refresh(kit.database, exchange, form.refresh_token, now=now)


@routes.post("/auth/logout", status_code=204, responses=refuses(404))
@permit(*ANYBODY)
async def sign_out(tx: Transaction, exchange: OfExchange, session_id: SessionId, now: Now) -> None:
    """End this sign-in."""
    await sessions.leave(tx, exchange, session_id, now=now)


@routes.post("/accounts", status_code=201)
@permit(Role.HEADQUARTERS)
@idempotent()
async def open_account(form: AccountForm, tx: Transaction, passwords: OfPasswords, now: Now) -> AccountView:
    """Give somebody an account."""
    return AccountView.model_validate(await accounts.open_account(tx, passwords, form, now=now))


@routes.get("/accounts")
@permit(Role.HEADQUARTERS)
async def list_accounts(tx: Transaction, limit: Limit = 50, after: After = None) -> Page[AccountView]:
    """The brand's accounts, oldest first, closed ones included."""
    found = await queries.accounts_after(tx, read_id_cursor(after, of="accounts"), limit + 1)
    more = cursor(found[limit - 1].account_id, of="accounts") if len(found) > limit else None
    return Page(items=[AccountView.model_validate(account) for account in found[:limit]], next_cursor=more)


@routes.get("/accounts/{account_id}")
@permit(Role.HEADQUARTERS)
async def show_account(account_id: UUID, tx: Transaction) -> AccountView:
    """One account."""
    found = await queries.account(tx, account_id)
    if found is None:
        raise NotFound
    return AccountView.model_validate(found)


@routes.post("/accounts/{account_id}/close")
@permit(Role.HEADQUARTERS)
async def close_account(account_id: UUID, tx: Transaction, exchange: OfExchange, by: By, now: Now) -> AccountView:
    """End an account. Whoever is signed in with it is out from this moment."""
    return AccountView.model_validate(await accounts.close(tx, exchange, account_id, by=by, now=now))


@keys.get("/.well-known/jwks.json")
@public
async def jwks(exchange: OfExchange, response: Response, now: Now) -> dict[str, list[dict[str, str]]]:
    """The public keys that access tokens are signed with."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return exchange.keys.jwks(now=now)


def _house(request: Request) -> str:
    """The brand whose mini-program this is."""
    kit: Kit = request.app.state.kit
    brand_id: str = getattr(kit.settings, "mini_program_brand", "")
    if not brand_id:
        raise WeChatNotSetUp
    return brand_id
