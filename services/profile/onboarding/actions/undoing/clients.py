"""Taking back whom an import alone made known."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.erasure import carry_out
from infra.eventlog.outbox import record
from infra.tombstones import bury
from services.profile.clients import queries as client_queries
from services.profile.onboarding.actions.undoing.written import Left, Written
from services.profile.onboarding.rules.reasons import Stays
from services.profile.rights.events import ClientErased
from services.profile.rights.tables import DECISIONS

# Everything that somebody else, or another import, may have come to know of her. Her numbers are those of the moment
# in which she was registered, and her record is as it was then.
HERS = (
    "purchase",
    "remote_sale",
    "reported_contact",
    "wish",
    "client_owner",
    "client_deputy",
    "client_plan",
    "handover_client",
    "card",
    "card_wait",
    "privilege_grant",
    "message",
    "channel_word",
    "task_outcome",
    "campaign_member",
    "presence",
    "access_grant",
    "consent",
    "sensitive_item",
    "restriction",
    "client_date",
    "preference",
    "note",
    "data_request",
    "owned_piece",
    "touchpoint",
    "client_alias",
)
PAIRS = (
    ("client_alias", "canonical_id"),
    ("client_merge", "client_id"),
    ("client_merge", "merged_client_id"),
    ("never_merge", "one_id"),
    ("never_merge", "other_id"),
    ("handover_client", "was_inherited_from"),
    ("relation", "client_id"),
    ("relation", "other_client_id"),
    ("purchase_line", "recipient_id"),
)
_KNOWN_SINCE = text(
    "select distinct client_id from ("  # noqa: S608 - our own words
    + " union all ".join(
        f"select {column} as client_id from {table} where brand_id = :brand and {column} = any(:ids)"  # noqa: S608
        for table, column in (*((one, "client_id") for one in HERS), *PAIRS)
    )
    + " union all select i.client_id from identity i join client c using (brand_id, client_id)"
    " where i.brand_id = :brand and i.client_id = any(:ids) and (i.added_at <> c.registered_at"
    " or i.confirmed_at is not null or i.source <> 'import')"
    # What rules opened comes of what is taken back.
    " union all select client_id from task where brand_id = :brand and client_id = any(:ids) and opened_by <> 'rule'"
    " union all select client_id from client where brand_id = :brand and client_id = any(:ids) and version > 1"
    # Points that a receipt earned go with it; those that somebody gave are known of.
    " union all select client_id from points_entry where brand_id = :brand and client_id = any(:ids)"
    " and actor is not null"
    ") as since"
)


async def clients(tx: AsyncSession, import_id: UUID, last: Sequence[Written], now: datetime) -> Left:
    """Whoever is known by this import alone goes, everywhere: nothing was ever to be known of her."""
    every = {one.row_id: one.effect_id for one in last}
    there = set(await client_queries.by_id(tx, list(every)))
    left: Left = {effect: Stays.GONE for client_id, effect in every.items() if client_id not in there}
    while there:
        since = await _known_since(tx, there)
        left |= {every[one]: Stays.KNOWN_SINCE for one in since}
        there -= since
        async with tx.begin_nested() as attempt:
            # Whoever is just writing something about one of them down is waited for, and looked at again.
            for one in sorted(there):
                await bury(tx, f"client:{one}", now=now)
            if not await _known_since(tx, there):
                break
            await attempt.rollback()
    if there:
        gone = sorted(there)
        await carry_out(tx, DECISIONS, gone, now=now, blinds=[], phones=[])
        record(tx, ClientErased(erasure_id=import_id, client_ids=gone))
    return left


async def _known_since(tx: AsyncSession, client_ids: set[UUID]) -> set[UUID]:
    if not client_ids:
        return set()
    rows = await tx.execute(_KNOWN_SINCE, {"brand": tx.info["brand_id"], "ids": sorted(client_ids)})
    return set(rows.scalars())
