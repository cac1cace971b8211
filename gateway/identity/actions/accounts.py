"""Accounts of staff: the first one, new ones, signing in with one, closing one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity import queries
from gateway.identity.actions import sessions
from gateway.identity.actions.exchange import Exchange
from gateway.identity.models.passwords import Passwords
from gateway.identity.rules import OwnAccount, SignInRefused, UsernameTaken, require_place, sole
from gateway.identity.schemas import AccountForm, StaffForm, TokensView
from gateway.identity.tables import Account
from infra.database import EVERY_BRAND, Database
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import NotFound


async def open_first(database: Database, passwords: Passwords, *, named: str, password: str, now: datetime) -> None:
    """While a brand has no account, make `brand:username` for its headquarters."""
    brand_id, _, username = named.partition(":")
    async with database.transaction(brand_id) as tx:
        if await queries.has_accounts(tx):
            return
    password_hash = await passwords.hash(password)
    async with database.transaction(brand_id) as tx:
        # Another instance may be doing the same at this moment.
        await _insert(tx, username=username, password_hash=password_hash, role=Role.HEADQUARTERS.value, now=now)


async def open_account(tx: AsyncSession, passwords: Passwords, form: AccountForm, *, now: datetime) -> Account:
    """Make an account; raises PlaceMissing or UsernameTaken."""
    require_place(
        form.role,
        has_advisor=form.advisor_id is not None,
        boutiques=len(form.boutique_ids),
        has_region=form.region_id is not None,
    )
    account_id = await _insert(
        tx,
        username=form.username,
        password_hash=await passwords.hash(form.password),
        role=form.role,
        advisor_id=form.advisor_id,
        boutique_ids=sorted(set(form.boutique_ids)),
        region_id=form.region_id,
        now=now,
    )
    made = await queries.account(tx, account_id) if account_id is not None else None
    if made is None:
        raise UsernameTaken
    return made


async def sign_in(
    database: Database, passwords: Passwords, exchange: Exchange, form: StaffForm, *, now: datetime
) -> TokensView:
    """Open a session for a username and its password.

    Raises SignInRefused, after the same work, for an unknown username, a closed account and a wrong password alike.
    """
    username = form.username.strip().lower()
    async with database.transaction(form.brand or EVERY_BRAND) as tx:
        named = {account.brand_id: account for account in await queries.accounts_named(tx, username)}
    brand_id = sole(named.keys())
    account = named[brand_id] if brand_id is not None else None
    known = account.password_hash if account is not None and account.closed_at is None else None
    if not await passwords.matches(known, form.password) or account is None:
        raise SignInRefused
    async with database.transaction(account.brand_id) as tx:
        # Locked and read again: closing an account and signing in with it take turns.
        current = await queries.account(tx, account.account_id, lock=True)
        if current is None or current.closed_at is not None:
            raise SignInRefused
        return await sessions.open_for_account(tx, exchange, current, now=now)


async def close(tx: AsyncSession, exchange: Exchange, account_id: UUID, *, by: Caller, now: datetime) -> Account:
    """End an account and every session of it, at once; raises NotFound or OwnAccount."""
    account = await queries.account(tx, account_id, lock=True)
    if account is None:
        raise NotFound
    if by.subject == str(account_id):
        raise OwnAccount
    account.closed_at = account.closed_at or now
    for session in await queries.open_sessions(tx, account_id):
        sessions.end(exchange, session, because="account-closed", now=now)
    return account


async def _insert(
    tx: AsyncSession,
    *,
    username: str,
    password_hash: str,
    role: str,
    now: datetime,
    advisor_id: UUID | None = None,
    boutique_ids: list[UUID] | None = None,
    region_id: UUID | None = None,
) -> UUID | None:
    row = {
        "brand_id": queries.brand(tx),
        "account_id": new_id(),
        "username": username,
        "password_hash": password_hash,
        "role": role,
        "advisor_id": advisor_id,
        "boutique_ids": boutique_ids or [],
        "region_id": region_id,
        "created_at": now,
    }
    adding = insert(Account).values(row).on_conflict_do_nothing(index_elements=["brand_id", "username"])
    made: UUID | None = await tx.scalar(adding.returning(Account.account_id))
    return made
