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
from services.profile.consents.events import (
    ConsentGiven,
    ConsentWithdrawn,
    ProcessingRestricted,
    ProcessingResumed,
)
from services.profile.consents.rules import Purpose
from services.profile.identities import queries as identities

_STANDING = "brand_id = :brand and client_id = any(:ids) and purpose = :purpose"
_OPEN = "withdrawn_at is null and replaced_at is null"
_REPLACE = text(f"update consent set replaced_at = :now where {_STANDING} and {_OPEN}")  # noqa: S608
_WITHDRAW = text(
    f"update consent set withdrawn_at = :now, withdrawn_by = :actor where {_STANDING} and {_OPEN}"  # noqa: S608
)
_GIVE = """
insert into consent (brand_id, consent_id, client_id, purpose, notice_version, channel, actor, given_at)
select $1, consent_id, client_id, purpose, notice_version, $5, $6, $7
from unnest($2::uuid[], $3::uuid[], $4::text[], $8::text[]) as item (consent_id, client_id, purpose, notice_version)
"""
_RESTRICT = text(
    "insert into restriction (brand_id, client_id, restricted_at) values (:brand, :client_id, :now)"
    " on conflict (brand_id, client_id) do nothing"
)
_LIFT = text("delete from restriction where brand_id = :brand and client_id = any(:ids) returning client_id")


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
            await tx.execute(_WITHDRAW, where)
            if rules.stands(standing):
                record(tx, ConsentWithdrawn(client_id=ids[0], purpose=purpose))
        elif standing is None or not rules.stands(standing) or standing.notice_version != notice_version:
            await tx.execute(_REPLACE, where)
            one = Given(ids[0], purpose, notice_version)
            await give(tx, [one], channel=channel, actor=actor, now=now)


async def restrict(tx: AsyncSession, client_id: UUID, *, now: datetime) -> None:
    """Her data is kept from now on and not used, whatever she allows. Safe to repeat."""
    canonical = await identities.canonical(tx, client_id)
    await tx.execute(_RESTRICT, {"brand": tx.info["brand_id"], "client_id": canonical, "now": now})
    record(tx, ProcessingRestricted(client_id=canonical))


async def lift(tx: AsyncSession, client_id: UUID) -> None:
    """Her data may be used again as she allows; raises NotFound where nothing was restricted."""
    ids = await identities.family(tx, client_id)
    if not (await tx.execute(_LIFT, {"brand": tx.info["brand_id"], "ids": ids})).all():
        raise NotFound
    record(tx, ProcessingResumed(client_id=ids[0]))
