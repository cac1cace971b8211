"""Putting clients into books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.identity import Caller, Role
from infra.refusal import NotFound
from infra.wire import check_match
from services.profile.books import queries
from services.profile.books.events import OwnerAssigned, OwnerReleased
from services.profile.books.queries import Owner, staff
from services.profile.books.queries import policy as policies
from services.profile.books.rules import owners as rules
from services.profile.books.rules.policy import Load
from services.profile.clients import queries as clients
from services.profile.identities import queries as identities

_ASSIGN = text(
    "insert into client_owner as held (brand_id, client_id, advisor_id, boutique_id, assigned_at)"
    " select :brand, item.*, :now"
    " from unnest(cast(:ids as uuid[]), cast(:advisors as uuid[]), cast(:boutiques as uuid[])) as item"
    # Who has her already is not told so again.
    " on conflict (brand_id, client_id) do update set advisor_id = excluded.advisor_id,"
    " boutique_id = excluded.boutique_id, assigned_at = excluded.assigned_at, version = held.version + 1,"
    " inherited_from = null"
    " where (held.advisor_id, held.boutique_id) is distinct from (excluded.advisor_id, excluded.boutique_id)"
    " returning client_id, advisor_id, boutique_id"
)
_INHERITED = text(
    "update client_owner set inherited_from = :merged_client_id where brand_id = :brand and client_id = :client_id"
)
_RELEASE = text(
    "delete from client_owner where brand_id = :brand and client_id = any(:ids) and inherited_from = any(:leaving)"
    " returning client_id"
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A client, the advisor she goes to, and the advisor's boutique."""

    client_id: UUID
    advisor_id: UUID
    boutique_id: UUID


async def assign(
    tx: AsyncSession, client_id: UUID, *, advisor_id: UUID, boutique_id: UUID, by: Caller, if_match: str, now: datetime
) -> Owner:
    """Put a client into an advisor's book; raises NotFound, AdvisorNotThere, BookFull, and Stale when overtaken.

    A manager does so within her boutiques only, with clients she may see: that is for the caller to ask first.
    """
    canonical = await identities.canonical(tx, client_id)
    # The client's row lock: two people who want to give her away take turns.
    if not await clients.locked(tx, [canonical]):
        raise NotFound
    before = await queries.owner_of(tx, canonical)
    if by.role is Role.MANAGER and not rules.may_assign(
        boutique_id, before.boutique_id if before else None, own=by.boutique_ids
    ):
        raise NotFound
    advisor = (await staff.by_id(tx, [advisor_id])).get(advisor_id)
    if advisor is not None and advisor.has_left:
        raise rules.AdvisorNotThere
    works_at = advisor.boutique_id if advisor is not None else None
    rules.check_advisor(boutique_id, works_at, by_service=by.role is Role.SERVICE)
    check_match(if_match, before.version if before else 0)
    if by.role is not Role.SERVICE and (before is None or before.advisor_id != advisor_id):
        await _check_room(tx, canonical, advisor_id)
    await assign_all(tx, [Assignment(canonical, advisor_id, boutique_id)], now=now)
    return (await queries.owners(tx, [canonical]))[canonical]


async def who_left(tx: AsyncSession, advisor_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these advisors have left the house; of whom nobody has told us has not."""
    known = await staff.by_id(tx, advisor_ids)
    return {one.advisor_id for one in known.values() if one.has_left}


async def _check_room(tx: AsyncSession, client_id: UUID, advisor_id: UUID) -> None:
    setting = (await policies.policy(tx)).policy
    if await policies.counted(tx, [client_id], setting):
        load = (await policies.loads(tx, [advisor_id], setting)).get(advisor_id, Load())
        setting.check_room(load.counted + 1)


async def assign_all(tx: AsyncSession, assignments: Sequence[Assignment], *, now: datetime) -> None:
    """Put these surviving records into books, whoever had them, and announce what changed; one statement.

    Each client at most once. Safe to repeat: a client who is already there is left alone.
    """
    wanted = sorted(assignments, key=lambda one: one.client_id)
    if not wanted:
        return
    changed = await tx.execute(
        _ASSIGN,
        {
            "brand": tx.info["brand_id"],
            "ids": [one.client_id for one in wanted],
            "advisors": [one.advisor_id for one in wanted],
            "boutiques": [one.boutique_id for one in wanted],
            "now": now,
        },
    )
    for row in changed:
        record(tx, OwnerAssigned(client_id=row.client_id, advisor_id=row.advisor_id, boutique_id=row.boutique_id))


async def inherit(tx: AsyncSession, client_id: UUID, merged_client_id: UUID, *, now: datetime) -> None:
    """After a merge: who owned the merged record owns the surviving one, unless that had an owner of its own.

    Whose owner it was is kept, for the day the two are separated. Not after it: the fact of a merge may come late.
    """
    survivor = await identities.canonical(tx, client_id)
    if await identities.canonical(tx, merged_client_id) != survivor:
        return
    owners = await queries.owners(tx, [survivor, merged_client_id])
    if survivor not in owners and merged_client_id in owners:
        owner = owners[merged_client_id]
        await assign_all(tx, [Assignment(survivor, owner.advisor_id, owner.boutique_id)], now=now)
        origin = {"client_id": survivor, "merged_client_id": owner.inherited_from or merged_client_id}
        await tx.execute(_INHERITED, {"brand": tx.info["brand_id"], **origin})


async def disinherit(tx: AsyncSession, client_ids: Sequence[UUID], *, now: datetime) -> None:
    """After a separation: these were one client and are several; whoever has another's advisor lets her go."""
    families = {family[0]: family for family in [await identities.family(tx, one) for one in client_ids]}
    for family in families.values():
        others = [one for other in families.values() if other is not family for one in other]
        released = await tx.execute(_RELEASE, {"brand": tx.info["brand_id"], "ids": family, "leaving": others})
        for client_id in released.scalars():
            record(tx, OwnerReleased(client_id=client_id))
        # Another record that is still hers may have had an advisor all along.
        for merged in family[1:]:
            await inherit(tx, family[0], merged, now=now)
