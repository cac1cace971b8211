"""Reads of what is known of a client; every id of hers is resolved first."""

import asyncio
import time
from collections.abc import MutableMapping
from datetime import timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import Database
from infra.eventlog.follower import lag
from infra.eventlog.port import Log
from infra.restrictions import restricted
from services.recommend.taste.rules import Bought

PERSONALISATION = "personalisation"
FRESH = timedelta(seconds=5)  # behind the log by more than this, we may not have heard of a withdrawal
_MEASURE_AT_MOST = 1.0  # seconds
_HOLDS = 3.0  # seconds that a measurement holds when none follows: the watch measures every second


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
    """Whether what we know of her may choose for her: her last word over all her ids; silence is a no.

    Where her data is not to be used, no word of hers helps.
    """
    if await restricted(tx, ids):
        return False
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


_current_until: MutableMapping[Database, float] = WeakKeyDictionary()  # monotonic seconds


async def measure(database: Database, log: Log, follower: str) -> None:
    """Find out whether what we know is at most five seconds old, and remember it for `is_current`."""
    try:
        async with asyncio.timeout(_MEASURE_AT_MOST):
            fresh = await lag(database, log, follower) <= FRESH
    except (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError):
        fresh = False
    _current_until[database] = time.monotonic() + _HOLDS if fresh else 0.0


def is_current(database: Database) -> bool:
    """Whether what we know was fresh when last measured; False when nobody can tell."""
    return time.monotonic() < _current_until.get(database, 0.0)
