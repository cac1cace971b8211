"""Reads of what is known of a client; every id of hers is resolved first."""

import asyncio
import time
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import Database
from infra.eventlog.follower import lag
from infra.eventlog.port import Log
from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.recommend.taste.rules import Bought

PERSONALISATION = "personalisation"
FRESH = timedelta(seconds=5)  # behind the log by more than this, we may not have heard of a withdrawal
_LOOK_EVERY = 1.0  # seconds
_LOOK_AT_MOST = 1.0  # seconds

_BRAND_WIDE = frozenset({Role.HEADQUARTERS, Role.CLIENT_SERVICE, Role.SERVICE})
_VISIBLE = text(
    "select 1 from client_owner where brand_id = :brand and client_id = any(:ids) and (advisor_id = :advisor"
    " or (:leads and boutique_id = any(:boutiques)))"
    " union all select 1 from visit where brand_id = :brand and client_id = any(:ids)"
    " and boutique_id = any(:boutiques) and present_from <= :now and present_until > :now limit 1"
)


async def canonical(tx: AsyncSession, client_id: UUID) -> UUID:
    """The client she is known as now."""
    found = await tx.execute(
        text("select canonical_id from client_alias where brand_id = :brand and client_id = :client"),
        {"brand": tx.info["brand_id"], "client": client_id},
    )
    return found.scalar_one_or_none() or client_id


async def family(tx: AsyncSession, client_id: UUID) -> list[UUID]:
    """Every id that means this client: her own first, then those merged into her."""
    known_as = await canonical(tx, client_id)
    merged = await tx.execute(
        text("select client_id from client_alias where brand_id = :brand and canonical_id = :client order by 1"),
        {"brand": tx.info["brand_id"], "client": known_as},
    )
    return [known_as, *merged.scalars()]


async def may_personalise(tx: AsyncSession, ids: list[UUID]) -> bool:
    """Whether what we know of her may choose for her: her last word over all her ids; silence is a no."""
    found = await tx.execute(
        text(
            "select granted from consent where brand_id = :brand and client_id = any(:ids) and purpose = :purpose"
            " order by decided_at desc, granted limit 1"
        ),
        {"brand": tx.info["brand_id"], "ids": ids, "purpose": PERSONALISATION},
    )
    return bool(found.scalar_one_or_none())


async def purchases(tx: AsyncSession, ids: list[UUID]) -> list[Bought]:
    """What she bought, with the piece as the catalogue describes it now."""
    found = await tx.execute(
        text(
            "select b.piece_code, p.category, p.collection, b.quantity, b.purchased_at from bought b"
            " left join piece p on p.brand_id = b.brand_id and p.piece_code = b.piece_code"
            " where b.brand_id = :brand and b.client_id = any(:ids) order by b.purchased_at"
        ),
        {"brand": tx.info["brand_id"], "ids": ids},
    )
    return [Bought(*row) for row in found]


async def check_visible(tx: AsyncSession, ids: list[UUID], by: Caller, now: datetime) -> None:
    """Raise NotFound unless the caller may see this client: her own, or present at the caller's boutique."""
    if by.role in _BRAND_WIDE:
        return
    seen = await tx.execute(
        _VISIBLE,
        {
            "brand": tx.info["brand_id"],
            "ids": ids,
            "advisor": by.advisor_id if by.role is Role.ADVISOR else None,
            "leads": by.role in {Role.MANAGER, Role.REGIONAL},
            "boutiques": list(by.boutique_ids),
            "now": now,
        },
    )
    if seen.first() is None:
        raise NotFound


@dataclass
class _Look:
    """The last look at how far this process's follower is."""

    is_current: bool = False
    until: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


_looks: MutableMapping[Database, _Look] = WeakKeyDictionary()


async def is_current(database: Database, log: Log, follower: str) -> bool:
    """Whether what we know is at most five seconds old; looked up once a second, and False when nobody can tell.

    Call it before a transaction begins: it takes a connection of its own.
    """
    look = _looks.setdefault(database, _Look())
    async with look.turn:
        if time.monotonic() >= look.until:
            try:
                async with asyncio.timeout(_LOOK_AT_MOST):
                    look.is_current = await lag(database, log, follower) <= FRESH
            except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError):
                look.is_current = False
            look.until = time.monotonic() + _LOOK_EVERY
    return look.is_current
