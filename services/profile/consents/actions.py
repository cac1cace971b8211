"""Giving and withdrawing consent, and keeping what needs one of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from infra.eventlog.outbox import record
from infra.identity import Caller
from infra.ids import new_id
from infra.refusal import NotFound
from services.profile.clients import queries as clients
from services.profile.clients.actions import preferences
from services.profile.clients.models import days
from services.profile.consents import queries, rules
from services.profile.consents.events import (
    ConsentGiven,
    ConsentWithdrawn,
    ProcessingRestricted,
    ProcessingResumed,
)
from services.profile.consents.rules import ConsentMissing, ProfilingOff, Purpose, Sensitive, Wish
from services.profile.identities import queries as identities

_STANDING = "brand_id = :brand and client_id = any(:ids) and purpose = :purpose"
_OPEN = "withdrawn_at is null and replaced_at is null"
_REPLACE = text(f"update consent set replaced_at = :now where {_STANDING} and {_OPEN}")  # noqa: S608
_WITHDRAW = text(
    f"update consent set withdrawn_at = :now, withdrawn_by = :actor where {_STANDING} and {_OPEN}"  # noqa: S608
    " returning client_id"
)
_GIVE = """
insert into consent (brand_id, consent_id, client_id, purpose, notice_version, evidence, by_guardian, channel, actor,
    given_at)
select $1, item.consent_id, item.client_id, item.purpose, item.notice_version, item.evidence, item.by_guardian, $9, $10,
    item.given_at
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::boolean[], $8::timestamptz[])
    as item (consent_id, client_id, purpose, notice_version, evidence, by_guardian, given_at)
"""
# A no of records that never said a word on it: given and withdrawn in one moment.
_REFUSE = text(
    "insert into consent (brand_id, consent_id, client_id, purpose, notice_version, channel, actor, given_at,"
    " withdrawn_at, withdrawn_by) select :brand, item.consent_id, item.client_id, :purpose, :notice, :channel, :actor,"
    " :now, :now, :actor"
    " from unnest(cast(:consent_ids as uuid[]), cast(:ids as uuid[])) as item (consent_id, client_id)"
    " where not exists (select from consent where consent.brand_id = :brand and consent.client_id = item.client_id"
    " and consent.purpose = :purpose and consent.replaced_at is null) returning client_id"
)
_KEEP = text(
    "insert into sensitive_item (brand_id, item_id, client_id, kind, value, device, noted_by, noted_at)"
    " values (:brand, :item_id, :client_id, :kind, :value, :device, :by, :now)"
)
_HERS = "brand_id = :brand and client_id = any(:ids)"
_REMOVE = text(f"delete from sensitive_item where {_HERS} and item_id = :item_id returning item_id")  # noqa: S608
_FORGET = text(f"delete from sensitive_item where {_HERS} and kind = any(:kinds)")  # noqa: S608
_RESTRICT = text(
    "insert into restriction (brand_id, client_id, restricted_at) values (:brand, :client_id, :now)"
    " on conflict (brand_id, client_id) do nothing"
)
_LIFT = text("delete from restriction where brand_id = :brand and client_id = any(:ids) returning client_id")


UNDER_AGE = "under-age"  # who withdrew a consent that a child had given herself: nobody, her birthday did


@dataclass(frozen=True, slots=True)
class Given:
    """One consent of one client, under one version of the notice; `evidence` says where the proof lies."""

    client_id: UUID
    purpose: Purpose
    notice_version: str
    evidence: str | None = None
    by_guardian: bool = False
    given_at: datetime | None = None  # of an old system's; now, where nothing is said


async def give(tx: AsyncSession, given: Sequence[Given], *, channel: str, actor: str, now: datetime) -> list[UUID]:
    """Keep consents of clients who have none standing for these purposes, in one statement, and announce them.

    Answers their ids, in the order given.
    """
    if not given:
        return []
    ring, rows = keyring(tx), [(new_id(), one) for one in given]
    connection = await tx.connection()
    await connection.exec_driver_sql(
        _GIVE,
        (
            tx.info["brand_id"],
            [consent_id for consent_id, _ in rows],
            [one.client_id for one in given],
            [one.purpose.value for one in given],
            [one.notice_version for one in given],
            [
                ring.seal("consent", "evidence", consent_id, one.evidence) if one.evidence else None
                for consent_id, one in rows
            ],
            [one.by_guardian for one in given],
            [one.given_at or now for one in given],
            channel,
            actor,
        ),
    )
    for one in given:
        record(tx, ConsentGiven(client_id=one.client_id, purpose=one.purpose))
    return [consent_id for consent_id, _ in rows]


async def decide(
    tx: AsyncSession,
    client_id: UUID,
    wishes: Sequence[Wish],
    *,
    channel: str,
    actor: str,
    now: datetime,
    keeps_no: bool = False,
) -> None:
    """Do as she wishes, purpose by purpose; raises NotFound, and GuardianNeeded for a child's own yes.

    The same yes again changes nothing; a yes to a newer notice replaces the older one. What was kept for a purpose
    alone goes with it: sensitive items, and with personalisation what was inferred of her. A no where she has said
    nothing is written down for profiling, and with `keeps_no` for every purpose.
    """
    ids = await identities.family(tx, client_id)
    # Two decisions of one client take turns.
    if not await clients.locked(tx, ids):
        raise NotFound
    birthday = await clients.birthday(tx, ids)
    # By the day of UTC: what counts is years.
    age = days.age(birthday, now.date()) if birthday else None
    for wish in wishes:
        rules.check_age(wish, age)
        standing = rules.latest(await queries.decisions(tx, ids[0]), wish.purpose)
        where = {"brand": tx.info["brand_id"], "ids": ids, "purpose": wish.purpose.value, "now": now, "actor": actor}
        if not wish.granted:
            if keeps_no or rules.is_worth_a_row(wish.purpose):
                # Said for every record that is she, and held by each of them if they are ever separated.
                said = {"consent_ids": [new_id() for _ in ids], "notice": wish.notice_version, "channel": channel}
                for client in sorted((await tx.execute(_REFUSE, where | said)).scalars()):
                    record(tx, ConsentWithdrawn(client_id=client, purpose=wish.purpose))
            await _withdraw(tx, ids, wish.purpose, was_standing=rules.stands(standing), actor=actor, now=now)
        elif standing is None or not rules.stands(standing) or standing.notice_version != wish.notice_version:
            # What another record of hers says stays with it: the later yes counts before it while they are one.
            await tx.execute(_REPLACE, where | {"ids": ids[:1]})
            one = Given(ids[0], wish.purpose, wish.notice_version, wish.evidence, wish.by_guardian)
            await give(tx, [one], channel=channel, actor=actor, now=now)


async def examine(tx: AsyncSession, family: Sequence[UUID], *, now: datetime) -> None:
    """Withdraw what she turns out to have been too young to allow; for whenever her birthday is written down anew.

    Under 14 only a guardian's consent with its evidence stands (PIPL, article 31).
    """
    await clients.locked(tx, family)
    birthday = await clients.birthday(tx, family)
    age = days.age(birthday, now.date()) if birthday else None
    if age is None:
        return
    decisions = await queries.decisions(tx, family[0])
    for purpose in Purpose:
        last = rules.latest(decisions, purpose)
        if last is not None and rules.is_outgrown_by(last, age):
            await _withdraw(tx, family, purpose, was_standing=True, actor=UNDER_AGE, now=now)


async def check_profiling(tx: AsyncSession, family: Sequence[UUID]) -> None:
    """Raise ProfilingOff where nothing may be inferred of her; a withdrawal in the same moment waits for this."""
    await clients.locked(tx, family)
    if await queries.profiling_off(tx, family[:1]):
        raise ProfilingOff


async def _withdraw(
    tx: AsyncSession, ids: Sequence[UUID], purpose: Purpose, *, was_standing: bool, actor: str, now: datetime
) -> None:
    where = {"brand": tx.info["brand_id"], "ids": list(ids), "purpose": purpose.value, "now": now, "actor": actor}
    # A no is said for every record that is she, and holds for each of them if they are ever separated.
    refused = set((await tx.execute(_WITHDRAW, where)).scalars())
    await tx.execute(_FORGET, where | {"kinds": rules.kept_for(purpose)})
    if purpose is Purpose.PERSONALISATION:
        await preferences.forget_inferred(tx, ids)
    if was_standing:
        for client in sorted({ids[0], *refused}):
            record(tx, ConsentWithdrawn(client_id=client, purpose=purpose))


async def keep_item(
    tx: AsyncSession, client_id: UUID, kind: Sensitive, value: str, device: str | None, *, by: Caller, now: datetime
) -> UUID:
    """Keep something sensitive that she allows to be kept; answers its id. Raises ConsentMissing."""
    ids = await identities.family(tx, client_id)
    # A withdrawal in the same moment goes before this, or takes this with it.
    await clients.locked(tx, ids)
    purpose = rules.purpose_of(kind)
    if not await queries.granted(tx, ids[0], purpose):
        raise ConsentMissing(purpose=purpose.value)
    item_id = new_id()
    await tx.execute(
        _KEEP,
        {
            "brand": tx.info["brand_id"],
            "item_id": item_id,
            "client_id": ids[0],
            "kind": kind.value,
            "value": keyring(tx).seal("sensitive_item", "value", item_id, value),
            "device": device,
            "by": by.subject,
            "now": now,
        },
    )
    return item_id


async def remove_item(tx: AsyncSession, client_id: UUID, item_id: UUID) -> None:
    """Forget something sensitive; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "ids": await identities.family(tx, client_id), "item_id": item_id}
    if (await tx.execute(_REMOVE, asked)).one_or_none() is None:
        raise NotFound


async def restrict(tx: AsyncSession, client_id: UUID, *, now: datetime) -> None:
    """Her data is kept from now on and not used, whatever she allows. Safe to repeat."""
    canonical = await identities.canonical(tx, client_id)
    await tx.execute(_RESTRICT, {"brand": tx.info["brand_id"], "client_id": canonical, "now": now})
    record(tx, ProcessingRestricted(client_id=canonical))


async def lift(tx: AsyncSession, client_id: UUID) -> None:
    """Her data may be used again as she allows; raises NotFound where nothing was restricted."""
    ids = await identities.family(tx, client_id)
    lifted = set((await tx.execute(_LIFT, {"brand": tx.info["brand_id"], "ids": ids})).scalars())
    if not lifted:
        raise NotFound
    # Of each record that was restricted: who hears of it keeps them apart, as the facts come.
    for one in sorted({ids[0], *lifted}):
        record(tx, ProcessingResumed(client_id=one))
