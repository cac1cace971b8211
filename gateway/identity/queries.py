"""Reads of accounts, sessions and regions."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity.tables import Account, BoutiqueRegion, RefreshToken, Session
from infra.database import EVERY_BRAND


def brand(tx: AsyncSession) -> str:
    """The brand of this transaction."""
    found: str = tx.info["brand_id"]
    return found


async def accounts_named(tx: AsyncSession, username: str) -> list[Account]:
    """The accounts of this username, of the transaction's brand or, in a sweep, of every brand."""
    asked = select(Account).where(Account.username == username)
    if brand(tx) != EVERY_BRAND:
        asked = asked.where(Account.brand_id == brand(tx))
    return list(await tx.scalars(asked.limit(2)))


async def account(tx: AsyncSession, account_id: UUID, *, lock: bool = False) -> Account | None:
    """One account of the brand."""
    asked = select(Account).where(Account.brand_id == brand(tx), Account.account_id == account_id)
    found: Account | None = await tx.scalar(asked.with_for_update() if lock else asked)
    return found


async def accounts_after(tx: AsyncSession, account_id: UUID | None, limit: int) -> list[Account]:
    """The brand's accounts in the order they were made, after one."""
    asked = select(Account).where(Account.brand_id == brand(tx))
    if account_id is not None:
        asked = asked.where(Account.account_id > account_id)
    return list(await tx.scalars(asked.order_by(Account.account_id).limit(limit)))


async def has_accounts(tx: AsyncSession) -> bool:
    """Whether anybody of the brand has an account."""
    return await tx.scalar(select(Account.account_id).where(Account.brand_id == brand(tx)).limit(1)) is not None


async def session(tx: AsyncSession, session_id: UUID, *, lock: bool = False) -> Session | None:
    """One session of the brand."""
    asked = select(Session).where(Session.brand_id == brand(tx), Session.session_id == session_id)
    found: Session | None = await tx.scalar(asked.with_for_update() if lock else asked)
    return found


async def open_sessions(tx: AsyncSession, account_id: UUID) -> list[Session]:
    """The sessions of an account that have not ended."""
    asked = select(Session).where(
        Session.brand_id == brand(tx), Session.account_id == account_id, Session.revoked_at.is_(None)
    )
    return list(await tx.scalars(asked.with_for_update()))


async def refresh_token(tx: AsyncSession, token_hash: bytes, *, lock: bool = False) -> RefreshToken | None:
    """A refresh token; locked, the second of two who present it at once sees it used."""
    asked = select(RefreshToken).where(RefreshToken.brand_id == brand(tx), RefreshToken.token_hash == token_hash)
    found: RefreshToken | None = await tx.scalar(asked.with_for_update() if lock else asked)
    return found


async def revoked_since(tx: AsyncSession, since: datetime) -> list[UUID]:
    """The sessions of every brand that were revoked after this moment."""
    return list(await tx.scalars(select(Session.session_id).where(Session.revoked_at > since)))


async def regions(tx: AsyncSession) -> dict[tuple[str, UUID], frozenset[UUID]]:
    """The boutiques of each region of every brand."""
    found: dict[tuple[str, UUID], set[UUID]] = defaultdict(set)
    for row in await tx.scalars(select(BoutiqueRegion)):
        found[row.brand_id, row.region_id].add(row.boutique_id)
    return {region: frozenset(boutiques) for region, boutiques in found.items()}
