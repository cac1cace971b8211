"""How the log is doing, as gauges: read when somebody looks, with queries that stay small however much has piled up."""

import asyncio

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.database import Database
from infra.eventlog.direct import direct
from infra.eventlog.postgres import PostgresLog
from infra.telemetry import metrics, reduced

PATIENCE = 2.0  # seconds; whoever looks must get an answer while the database is away too
MOST = 10_000  # facts counted at most

# The oldest stands among those numbered already, or else has the lowest id. Since when it waits is in its event id:
# `occurred_at` may be the time of a purchase years ago.
_OUTBOX = """
select (select count(*) from (select from outbox where published_at is null limit $1) as waiting) as unpublished,
    (select extract(epoch from clock_timestamp() - coalesce(uuid_extract_timestamp(event_id), occurred_at))
     from outbox where published_at is null order by relay_seq, id limit 1) as age
"""
_RECONCILED = """
select missing + foreign_facts as differences, extract(epoch from clock_timestamp() - checked_at) as age
from reconciliation where source = $1
"""
_FOLLOWER = """
select coalesce((select position from follower_cursor where follower = $1), 0) as position,
    (select count(*) from (select from parked_fact where follower = $1 limit $2) as aside) as parked
"""
_LOG = """
select (select position from log_head) - $1 as behind,
    (select extract(epoch from clock_timestamp() - appended_at) from fact where position > $1
     order by position limit 1) as lag
"""


async def measure(database: Database, log: PostgresLog, name: str, *, follows: bool) -> None:
    """Read outbox, follower and log of one service; what cannot be read is not a number, rather than out of date."""
    unpublished = age = behind = seconds = parked = differences = checked = metrics.NOT_A_NUMBER
    try:
        async with asyncio.timeout(PATIENCE):
            unpublished, age = await _row(database.engine, _OUTBOX, MOST)
            differences, checked = await _row(database.engine, _RECONCILED, name)
            if follows:
                position, parked = await _row(database.engine, _FOLLOWER, name, MOST)
                behind, seconds = await _row(log.engine, _LOG, int(position))
    except Exception as fault:  # noqa: BLE001 - whatever cannot be read, everything else must be shown
        structlog.get_logger().warning("gauges-unread", **reduced(fault))
    metrics.UNPUBLISHED.labels(name).set(unpublished)
    metrics.OLDEST.labels(name).set(max(age, 0.0))
    metrics.DIFFERENCES.labels(name).set(differences)
    metrics.CHECKED.labels(name).set(checked)
    if follows:
        metrics.PARKED.labels(name).set(parked)
        metrics.BEHIND.labels(name).set(behind)
        metrics.LAG.labels(name).set(max(seconds, 0.0))


async def _row(engine: AsyncEngine, query: str, *args: object) -> tuple[float, float]:
    """Two numbers; nothing waiting is 0, no row is no number."""
    async with direct(engine) as connection:
        row = await connection.fetchrow(query, *args)
    if row is None:
        return metrics.NOT_A_NUMBER, metrics.NOT_A_NUMBER
    return float(row[0] or 0), float(row[1] or 0)
