"""Giving and withdrawing consent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.ids import new_id
from infra.refusal import NotFound
from services.profile.clients import queries as clients
from services.profile.consents import queries, rules
from services.profile.consents.events import ConsentGiven, ConsentWithdrawn
from services.profile.consents.rules import Purpose
from services.profile.identities import queries as identities

_STANDING = "brand_id = :brand and client_id = any(:ids) and purpose = :purpose"
_OPEN = "withdrawn_at is null and replaced_at is null"
_REPLACE = text(f"update consent set replaced_at = :now where {_STANDING} and {_OPEN}")  # noqa: S608
_WITHDRAW = text(
    f"update consent set withdrawn_at = :now, withdrawn_by = :actor where {_STANDING} and {_OPEN}"  # noqa: S608
    " returning client_id"
)
_GIVE = """
insert into consent (brand_id, consent_id, client_id, purpose, notice_version, channel, actor, given_at)
select $1, consent_id, client_id, purpose, notice_version, $5, $6, $7
from unnest($2::uuid[], $3::uuid[], $4::text[], $8::text[]) as item (consent_id, client_id, purpose, notice_version)
"""


@dataclass(frozen=True, slots=True)
class Given:
    """One consent of one client, under one version of the notice."""

    client_id: UUID
    purpose: Purpose
    notice_version: str


async def give(tx: AsyncSession, given: Sequence[Given], *, channel: str, actor: str, now: datetime) -> None:
    """Keep consents of clients who have none standing for these purposes, in one statement, and announce them."""
    if not given:
        return
    connection = await tx.connection()
    await connection.exec_driver_sql(
        _GIVE,
        (
            tx.info["brand_id"],
            [new_id() for _ in given],
            [one.client_id for one in given],
            [one.purpose.value for one in given],
            channel,
            actor,
            now,
            [one.notice_version for one in given],
        ),
    )
    for one in given:
        record(tx, ConsentGiven(client_id=one.client_id, purpose=one.purpose))


async def decide(
    tx: AsyncSession,
    client_id: UUID,
    wishes: Sequence[tuple[Purpose, bool, str]],
    *,
    channel: str,
    actor: str,
    now: datetime,
) -> None:
    """Do as she wishes, purpose by purpose: (purpose, granted, notice version). Raises NotFound.

    The same yes again changes nothing; a yes to a newer notice replaces the older one.
    """
    ids = await identities.family(tx, client_id)
    # Two decisions of one client take turns.
    if not await clients.locked(tx, ids):
        raise NotFound
    for purpose, granted, notice_version in wishes:
        standing = rules.latest(await queries.decisions(tx, ids[0]), purpose)
        where = {"brand": tx.info["brand_id"], "ids": ids, "purpose": purpose.value, "now": now, "actor": actor}
        if not granted:
            # A no is said for every record that is she, and holds for each of them if they are ever separated.
            refused = set((await tx.execute(_WITHDRAW, where)).scalars())
            if rules.stands(standing):
                for one in sorted({ids[0], *refused}):
                    record(tx, ConsentWithdrawn(client_id=one, purpose=purpose))
        elif standing is None or not rules.stands(standing) or standing.notice_version != notice_version:
            # What another record of hers says stays with it: the later yes counts before it while they are one.
            await tx.execute(_REPLACE, where | {"ids": ids[:1]})
            given = Given(ids[0], purpose, notice_version)
            await give(tx, [given], channel=channel, actor=actor, now=now)
