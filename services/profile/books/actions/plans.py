"""Planning with a client: her development, and when she is spoken to."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.identity import Caller
from infra.refusal import NotFound
from infra.wire import check_match
from services.profile.books.queries import plans
from services.profile.books.queries.plans import Plan
from services.profile.clients import queries as clients
from services.profile.segments import queries as segments

_WRITE = text(
    "insert into client_plan (brand_id, client_id, stage, next_step, every_weeks, next_contact_on, changed_by,"
    " changed_at) values (:brand, :client_id, :stage, :next_step, :every_weeks, :next_contact_on, :by, :now)"
    " on conflict (brand_id, client_id) do update set stage = excluded.stage, next_step = excluded.next_step,"
    " every_weeks = excluded.every_weeks, next_contact_on = excluded.next_contact_on,"
    " changed_by = excluded.changed_by, changed_at = excluded.changed_at, version = client_plan.version + 1"
)


async def write(
    tx: AsyncSession,
    client_id: UUID,
    *,
    stage: str | None,
    next_step: str | None,
    every_weeks: int | None,
    next_contact_on: date | None,
    if_match: str,
    by: Caller,
    now: datetime,
) -> Plan:
    """Replace a surviving record's plan; raises NotFound, Stale.

    The next contact is due in that many weeks, unless somebody says on which day.
    """
    # The client's row lock: two who plan with her take turns, and who erases her waits.
    if not await clients.locked(tx, [client_id]):
        raise NotFound
    check_match(if_match, (await plans.plan(tx, client_id)).version)
    if every_weeks is not None and next_contact_on is None:
        next_contact_on = await segments.today(tx, now) + timedelta(weeks=every_weeks)
    words = keyring(tx).seal("client_plan", "next_step", client_id, next_step) if next_step else None
    await tx.execute(
        _WRITE,
        {
            "brand": tx.info["brand_id"],
            "client_id": client_id,
            "stage": stage,
            "next_step": words,
            "every_weeks": every_weeks,
            "next_contact_on": next_contact_on,
            "by": by.subject,
            "now": now,
        },
    )
    return await plans.plan(tx, client_id)
