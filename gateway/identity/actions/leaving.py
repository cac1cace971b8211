"""Ending what somebody who leaves the house could still open."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity.tables import Account, Session


async def close_accounts(tx: AsyncSession, brand_id: str, advisor_ids: Sequence[UUID], *, now: datetime) -> None:
    """Close these advisors' accounts and end whatever was signed in with them. Safe to repeat."""
    hers = update(Account).where(
        Account.brand_id == brand_id, Account.advisor_id.in_(advisor_ids), Account.closed_at.is_(None)
    )
    closed = list(await tx.scalars(hers.values(closed_at=now).returning(Account.account_id)))
    await end_sessions(tx, brand_id, closed, because="account-closed", now=now)


async def end_sessions(
    tx: AsyncSession, brand_id: str, account_ids: Sequence[UUID], *, because: str, now: datetime
) -> None:
    """End what was signed in with these accounts; every instance sees it within a second."""
    ended = update(Session).where(
        Session.brand_id == brand_id, Session.account_id.in_(account_ids), Session.revoked_at.is_(None)
    )
    await tx.execute(ended.values(revoked_at=now, revoked_because=because))
