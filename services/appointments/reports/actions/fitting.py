"""Fitting who comes, once a week and brand, by one instance, in a process of its own that leaves with its memory."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text

from infra.app import Kit
from infra.computing import computed
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.eventlog.lease import Lease
from infra.telemetry import reduced
from services.appointments.reports.queries import showing
from services.appointments.reports.rules.showing import Case, features

EVERY = timedelta(days=7)
REMEMBERED = timedelta(days=3 * 365)  # what is older is another house's
FIRST = 300.0  # seconds after a start: whoever restarts everything has other work to do first
LOOK = 3600.0  # seconds between two looks whether it is time
PATIENCE = 300.0  # seconds that a fit may take

_DUE = text(
    "select distinct brand_id from boutique b where not exists (select from no_show_fit f"
    " where f.brand_id = b.brand_id and f.fitted_at > :since) order by 1"
)
_KEEP = text(
    "insert into no_show_fit (brand_id, fitted_at, appointments, unusable, parameters, measures)"
    " values (:brand, :now, :appointments, :unusable, cast(:parameters as jsonb), cast(:measures as jsonb))"
    " on conflict do nothing"
)
# The last ones say how it goes on; older numbers are of no use.
_FORGET = text(
    "delete from no_show_fit where brand_id = :brand and fitted_at < cast(:now as timestamptz) - interval '1 year'"
)


async def fitting(kit: Kit, stop: asyncio.Event) -> None:
    """The loop; of several instances one does it."""
    lease = Lease(kit.database, "no-show-fits")
    await pause(stop, FIRST)
    while not stop.is_set():
        now = kit.clock()
        async with kit.database.transaction(EVERY_BRAND) as tx:
            due = (await tx.execute(_DUE, {"since": now - EVERY})).scalars().all()
        if due and await lease.hold() is not None:
            async with lease.renewed():
                for brand_id in due:
                    try:
                        await fit(kit.database, brand_id, now=now)
                    except Exception as fault:  # noqa: BLE001 - the other brands do not wait for this one
                        structlog.get_logger().warning("no-show-fit-failed", **reduced(fault))
        await pause(stop, LOOK)


async def fit(database: Database, brand_id: str, *, now: datetime) -> None:
    """Fit one brand's past visits and keep what came of it, also that there are too few."""
    async with database.snapshot(brand_id) as tx:
        known = await showing.past(tx, since=now - REMEMBERED, until=now)
    found = await computed("services.appointments.reports.models", rows=_rows(known), patience=PATIENCE)
    row = {
        "brand": brand_id,
        "now": now,
        "appointments": found["appointments"],
        "unusable": found["unusable"],
        "parameters": json.dumps(found["parameters"]),
        "measures": json.dumps(found["measures"]),
    }
    async with database.transaction(brand_id) as tx:
        await tx.execute(_KEEP, row)
        await tx.execute(_FORGET, {"brand": brand_id, "now": now})
    structlog.get_logger().info("no-show-model-fitted", brand=brand_id, count=found["appointments"])


async def _rows(known: Sequence[tuple[bool, Case]]) -> AsyncIterator[Sequence[float]]:
    for missed, case in known:
        yield [float(missed), *features(case)]
