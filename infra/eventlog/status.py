"""How the log stands, seen from one service: what it sends, what it takes, who does it, and what is wrong."""

import asyncio
from typing import Any

from infra.database import Database, is_passing
from infra.eventlog import extent
from infra.eventlog.direct import Connection, direct
from infra.eventlog.follower import lag
from infra.eventlog.gauges import MOST
from infra.eventlog.parking import parked_count
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.reconcile import last_verdict
from infra.eventlog.rewind import first_new
from infra.eventlog.views import (
    Finding,
    FollowerView,
    LeaseView,
    ReconciliationView,
    SourceView,
    StatusView,
    finding,
)

PATIENCE = 1.0  # seconds that a probe waits for the log: it is told of the service in any case

# Since when a fact waits is in its event id: `occurred_at` may be the time of a purchase years ago.
_WAITING = """
select (select count(*) from (select from outbox where published_at is null limit $1) as unpublished) as count,
    extract(epoch from clock_timestamp() - (
        select coalesce(uuid_extract_timestamp(event_id), occurred_at) from outbox
        where published_at is null order by relay_seq, id limit 1
    ))::float8 as oldest
"""
_CURSOR = "select position from follower_cursor where follower = $1"
_TAKEN = "select source, relay_seq from follower_source where follower = $1"
_PARKED = "select count(*) from parked_fact where follower = $1 and ($2::text is null or brand_id = $2)"
_LEASES = "select name, epoch, expires_at > clock_timestamp() as is_held from lease order by name"
_SOURCES = "select source, last_relay_seq from log_source"
_LAST = "select last_relay_seq from log_source where source = $1"
_OLDEST = """
select greatest(extract(epoch from clock_timestamp() - appended_at), 0)::float8 from fact
where position > $1 order by position limit 1
"""


async def look(database: Database, log: PostgresLog, service: str, *, brand_id: str | None = None) -> StatusView:
    """One service's view of the log; while the log is away its own half is answered and that is said.

    What is parked is counted of one brand or of all.
    """
    async with direct(database.engine) as own:
        numbered = await extent.numbered(own, service)
        waiting: Any = await own.fetchrow(_WAITING, MOST)
        position = int(await own.fetchval(_CURSOR, service) or 0)
        taken = {row["source"]: row["relay_seq"] for row in await own.fetch(_TAKEN, service)}
        parked = int(await own.fetchval(_PARKED, service, brand_id))
        leases = [LeaseView(**row) for row in await own.fetch(_LEASES)]
    verdict = await last_verdict(database, service)
    source = SourceView(
        numbered=numbered.last,
        published=numbered.published,
        waiting=waiting["count"],
        oldest_waiting_seconds=waiting["oldest"] and round(max(waiting["oldest"], 0.0), 3),
    )
    follower = FollowerView(position=position, parked=parked)
    findings: list[Finding] = []
    try:
        async with direct(log.engine) as shared:
            source, follower, findings = await _in_the_log(shared, service, source, follower, taken)
    except Exception as fault:
        if not is_passing(fault):
            raise
        findings.append(finding("log-away"))
    if parked:
        findings.append(finding("facts-parked"))
    if verdict is not None and not verdict.agrees:
        findings.append(finding("outbox-differs"))
    return StatusView(
        service=service,
        source=source,
        follower=follower,
        leases=leases,
        reconciliation=None if verdict is None else ReconciliationView.model_validate(verdict),
        findings=findings,
    )


async def _in_the_log(
    shared: Connection, service: str, source: SourceView, follower: FollowerView, taken: dict[str, int]
) -> tuple[SourceView, FollowerView, list[Finding]]:
    head = await extent.head(shared)
    last = {row["source"]: row["last_relay_seq"] for row in await shared.fetch(_SOURCES)}
    behind = sum(max(number - taken.get(name, 0), 0) for name, number in last.items())
    new = await first_new(shared, taken)
    oldest = await shared.fetchval(_OLDEST, new - 1) if new is not None else 0.0
    findings = []
    in_log = last.get(service, 0)
    # The outbox was asked first: what the log has more is what the relay has done since.
    if in_log < source.published:
        findings.append(finding("log-lost-facts"))
    if new is not None and new <= follower.position:
        findings.append(finding("facts-skipped"))
    return (
        source.model_copy(update={"in_log": in_log}),
        follower.model_copy(
            update={"head": head, "behind_facts": behind, "behind_seconds": round(float(oldest or 0.0), 3)}
        ),
        findings,
    )


async def readiness(database: Database, log: PostgresLog, service: str) -> dict[str, str | int | float | None]:
    """What a probe is told of the log, in a few look-ups.

    `lag` in seconds, null while the log is away; `log` is whole, lost-facts or away; `reconciliation` agrees, differs,
    or is null before the first.
    """
    verdict = await last_verdict(database, service)
    told: dict[str, str | int | float | None] = {
        "parked": await parked_count(database, service),
        "lag": None,
        "log": "away",
        "reconciliation": None if verdict is None else ("agrees" if verdict.agrees else "differs"),
    }
    async with direct(database.engine) as own:
        published = (await extent.numbered(own, service)).published
    try:
        async with asyncio.timeout(PATIENCE):
            async with direct(log.engine) as shared:
                in_log = int(await shared.fetchval(_LAST, service) or 0)
            seconds = (await lag(database, log, service)).total_seconds()
        told |= {"log": "whole" if in_log >= published else "lost-facts", "lag": round(seconds, 3)}
    except Exception as fault:
        if not is_passing(fault):
            raise
    return told
