"""Sessions: opened by a sign-in, carried on by refresh tokens, ended by leaving, closing or theft."""

import asyncio
import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity import queries
from gateway.identity.actions.exchange import Exchange
from gateway.identity.actions.sweeping import sweep
from gateway.identity.models.tokens import LIFETIME
from gateway.identity.rules import REFRESH_LIFETIME, Presented, RefreshRefused, Worth, brand_of, weigh
from gateway.identity.schemas import TokensView
from gateway.identity.tables import Account, RefreshToken, Session
from infra.app import Kit
from infra.crypto import keyring
from infra.database import Database
from infra.eventlog.hint import pause
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import Unauthenticated
from infra.restoration import restored_since
from infra.tombstones import spare

SWEEP = 3600.0  # seconds between removals of what has expired


@dataclass(frozen=True)
class Person:
    """The WeChat side of a client's session."""

    appid: str
    openid: str = field(repr=False)


async def open_for_account(tx: AsyncSession, exchange: Exchange, account: Account, *, now: datetime) -> TokensView:
    """Begin a session of a member of staff."""
    session = _session(tx, role=account.role, account_id=account.account_id, now=now)
    return await _tokens(tx, exchange, session, staff(account), now=now)


async def open_for_client(
    tx: AsyncSession, exchange: Exchange, client_id: UUID, person: Person, *, now: datetime
) -> TokensView:
    """Begin a session of a client who came from the mini-program; raises NotFound if she was erased this moment."""
    await spare(tx, f"client:{client_id}")
    session = _session(tx, role=Role.CLIENT.value, client_id=client_id, now=now)
    session.appid = person.appid
    session.openid = keyring(tx).seal("session", "openid", session.session_id, person.openid)
    return await _tokens(tx, exchange, session, _client(session), now=now)


def open_for_partner(tx: AsyncSession, partner_id: UUID, *, role: str, now: datetime) -> None:
    """The standing session of a partner system: it has the partner's id, and ends with the partner."""
    _session(tx, role=role, partner_id=partner_id, session_id=partner_id, now=now)


async def person(tx: AsyncSession, session_id: UUID) -> tuple[Session, Person] | None:
    """A client's session and who she is in WeChat; None for a session that began elsewhere."""
    session = await queries.session(tx, session_id)
    if session is None or session.openid is None or session.appid is None:
        return None
    return session, Person(session.appid, keyring(tx).open("session", "openid", session_id, session.openid))


async def recognise(
    tx: AsyncSession, exchange: Exchange, session_id: UUID, client_id: UUID, *, now: datetime
) -> TokensView:
    """Go on with a session as the client she turned out to be; raises Unauthenticated if it has ended meanwhile."""
    session = await queries.session(tx, session_id, lock=True)
    if session is None or session.revoked_at is not None:
        raise Unauthenticated
    await spare(tx, f"client:{client_id}")
    session.client_id = client_id
    return await _tokens(tx, exchange, session, _client(session), now=now)


async def refresh(database: Database, exchange: Exchange, token: str, *, now: datetime) -> TokensView:
    """Exchange a refresh token for new tokens; raises RefreshRefused.

    A used one ends its whole family, unless it is repeated within the grace: then it answers the same successor again
    (docs/decisions/0013).
    """
    brand_id = brand_of(token)
    if brand_id is None:
        raise RefreshRefused
    # The verdict leaves the transaction before it is raised: a family that ends must stay ended.
    async with database.transaction(brand_id) as tx:
        tokens = await _rotated(tx, exchange, token, now=now)
    if tokens is None:
        raise RefreshRefused
    return tokens


async def _rotated(tx: AsyncSession, exchange: Exchange, token: str, *, now: datetime) -> TokensView | None:
    found = await queries.refresh_token(tx, _hash(token), lock=True)
    session = await queries.session(tx, found.session_id, lock=True) if found is not None else None
    if found is None or session is None:
        return None
    # Whether it was used, or its session ended, between the backup and the restore is no longer known.
    if await restored_since(tx, found.issued_at):
        end(exchange, session, because="restored", now=now)
        return None
    successor = _successor(tx, token)
    # Not locked: whoever uses it waits for the session, which is ours.
    following = await queries.refresh_token(tx, _hash(successor))
    is_successor_used = following is None or following.used_at is not None
    worth = weigh(Presented(found.expires_at, found.used_at, session.revoked_at, is_successor_used), now=now)
    if worth is Worth.REUSED:
        end(exchange, session, because="refresh-token-reused", now=now)
    if worth not in {Worth.GOOD, Worth.REPEATED}:
        return None
    caller = _client(session)
    if session.account_id is not None:
        # Read again: her role or boutique may have changed since she signed in.
        account = await queries.account(tx, session.account_id)
        if account is None or account.closed_at is not None:
            return None
        caller = staff(account)
    if worth is Worth.REPEATED:
        return _view(exchange, session, caller, successor, now=now)
    found.used_at = now
    return await _tokens(tx, exchange, session, caller, now=now, refresh_token=successor)


def end(exchange: Exchange, session: Session, *, because: str, now: datetime) -> None:
    """End a session: here at once, in other instances at their next look."""
    if session.revoked_at is None:
        session.revoked_at, session.revoked_because = now, because
    exchange.revoke([session.session_id], now=now)


async def leave(tx: AsyncSession, exchange: Exchange, session_id: UUID, *, now: datetime) -> None:
    """Sign out. A partner's standing session is no sign-in: it ends when the partner is closed, and only then."""
    session = await queries.session(tx, session_id, lock=True)
    if session is not None and session.partner_id is None:
        end(exchange, session, because="signed-out", now=now)


async def forget(kit: Kit, stop: asyncio.Event) -> None:
    """Remove what has no more use: tokens that have expired, and the sessions that have none left."""
    while not stop.is_set():
        now = kit.clock()
        alive = exists().where(RefreshToken.brand_id == Session.brand_id, RefreshToken.session_id == Session.session_id)
        old = Session.opened_at <= now - REFRESH_LIFETIME
        await sweep(kit, stop, RefreshToken, RefreshToken.expires_at <= now)
        await sweep(kit, stop, Session, and_(Session.partner_id.is_(None), old, ~alive))
        await pause(stop, SWEEP)


def staff(account: Account) -> Caller:
    """An account as a caller."""
    return Caller(
        subject=str(account.account_id),
        role=Role(account.role),
        brand_id=account.brand_id,
        advisor_id=account.advisor_id,
        boutique_ids=frozenset(account.boutique_ids),
        region_id=account.region_id,
    )


def _client(session: Session) -> Caller:
    return Caller(str(session.client_id), Role.CLIENT, session.brand_id, client_id=session.client_id)


def _session(
    tx: AsyncSession,
    *,
    role: str,
    now: datetime,
    account_id: UUID | None = None,
    client_id: UUID | None = None,
    partner_id: UUID | None = None,
    session_id: UUID | None = None,
) -> Session:
    session = Session(
        brand_id=queries.brand(tx),
        session_id=session_id or new_id(),
        role=role,
        account_id=account_id,
        client_id=client_id,
        partner_id=partner_id,
        opened_at=now,
    )
    tx.add(session)
    return session


async def _tokens(
    tx: AsyncSession,
    exchange: Exchange,
    session: Session,
    caller: Caller,
    *,
    now: datetime,
    refresh_token: str | None = None,
) -> TokensView:
    refresh_token = refresh_token or f"{session.brand_id}.{secrets.token_urlsafe(32)}"
    tx.add(
        RefreshToken(
            brand_id=session.brand_id,
            token_hash=_hash(refresh_token),
            session_id=session.session_id,
            issued_at=now,
            expires_at=now + REFRESH_LIFETIME,
        )
    )
    await tx.flush()
    return _view(exchange, session, caller, refresh_token, now=now)


def _view(exchange: Exchange, session: Session, caller: Caller, refresh_token: str, *, now: datetime) -> TokensView:
    return TokensView(
        access_token=exchange.keys.sign(caller, session_id=session.session_id, now=now),
        expires_in=int(LIFETIME.total_seconds()),
        refresh_token=refresh_token,
        role=caller.role.value,
        brand=caller.brand_id,
        client_id=caller.client_id,
        advisor_id=caller.advisor_id,
    )


def _successor(tx: AsyncSession, token: str) -> str:
    # Made from the token and a key of ours, so that it can be said again though only its hash is stored.
    secret = base64.urlsafe_b64encode(keyring(tx).blind("refresh_token.successor", token)).rstrip(b"=").decode()
    return f"{queries.brand(tx)}.{secret}"


def _hash(token: str) -> bytes:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(token.encode()).digest()
