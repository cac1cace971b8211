"""Granting privileges: never more than there are, and no piece of a limited edition before its list is closed."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.ids import new_id
from infra.wire import check_match
from services.profile.clients import queries as clients
from services.profile.consents import queries as consents
from services.profile.identities import queries as identities
from services.profile.loyalty.events import PrivilegeGranted
from services.profile.loyalty.queries import points as ledger
from services.profile.loyalty.queries import privileges as queries
from services.profile.loyalty.queries.privileges import Grant, Privilege
from services.profile.loyalty.rules import privileges as rules
from services.profile.loyalty.rules.privileges import (
    Candidate,
    DeadlineAhead,
    Granted,
    PrivilegeClosed,
    PrivilegeExhausted,
    PrivilegeHeld,
    PrivilegeKind,
    QuantityBelowGranted,
    WantedPrivilege,
)
from services.profile.segments import queries as segments

_CREATE = text(
    "insert into privilege (brand_id, privilege_id, kind, name, piece_code, quantity, order_rule, deadline_at,"
    " created_at) values (:brand, :privilege_id, :kind, :name, :piece_code, :quantity, :order_rule, :deadline_at, :now)"
)
_CHANGE = text(
    "update privilege set quantity = :quantity, deadline_at = :deadline_at,"
    " closed_at = case when :is_closed then coalesce(closed_at, :now) end, version = version + 1"
    " where brand_id = :brand and privilege_id = :privilege_id"
)
_LIST = text(
    "insert into privilege_grant (brand_id, grant_id, privilege_id, client_id, status, listed_at, listed_by,"
    " granted_at) values (:brand, :grant_id, :privilege_id, :client_id, :status, :now, :by, :granted_at)"
)
_STEP = text(
    "update privilege_grant set status = cast(:status as text),"
    " granted_at = case when cast(:status as text) = 'granted' then :now else granted_at end,"
    " handed_over_at = case when cast(:status as text) = 'handed-over' then :now end,"
    " handed_over_by = case when cast(:status as text) = 'handed-over' then :by end"
    " where brand_id = :brand and grant_id = any(:ids)"
)


async def create(tx: AsyncSession, wanted: WantedPrivilege, *, now: datetime) -> Privilege:
    """Set up a privilege; raises PrivilegeUnclear."""
    rules.check_form(
        wanted.kind, quantity=wanted.quantity, order_rule=wanted.order_rule, deadline_at=wanted.deadline_at
    )
    privilege_id = new_id()
    row = {"brand": tx.info["brand_id"], "privilege_id": privilege_id, "now": now} | asdict(wanted)
    await tx.execute(_CREATE, row)
    return await queries.privilege(tx, privilege_id)


async def change(
    tx: AsyncSession,
    privilege_id: UUID,
    *,
    quantity: int | None,
    deadline_at: datetime | None,
    is_closed: bool,
    if_match: str,
    now: datetime,
) -> Privilege:
    """Change how many there are, until when, and whether it is closed.

    Raises NotFound, Stale, PrivilegeUnclear and QuantityBelowGranted.
    """
    before = await queries.privilege(tx, privilege_id, lock=True)
    check_match(if_match, before.version)
    rules.check_form(before.kind, quantity=quantity, order_rule=before.order_rule, deadline_at=deadline_at)
    if quantity is not None and quantity < before.granted:
        raise QuantityBelowGranted(granted=before.granted)
    row = {"brand": tx.info["brand_id"], "privilege_id": privilege_id, "quantity": quantity, "now": now}
    await tx.execute(_CHANGE, row | {"deadline_at": deadline_at, "is_closed": is_closed})
    return await queries.privilege(tx, privilege_id)


async def grant(tx: AsyncSession, privilege_id: UUID, family: Sequence[UUID], *, by: str, now: datetime) -> Grant:
    """Grant one person a gift or a greeting, or put her on a priority list; `family` begins with her record.

    Raises NotFound, PrivilegeClosed, PrivilegeHeld and PrivilegeExhausted.
    """
    of = await queries.privilege(tx, privilege_id, lock=True)
    rules.check_open(closed_at=of.closed_at, deadline_at=of.deadline_at, now=now)
    if any(one.privilege_id == privilege_id for one in await queries.hers(tx, family)):
        raise PrivilegeHeld
    at_once = of.kind is not PrivilegeKind.PRIORITY_LIST
    if at_once and of.left == 0:
        raise PrivilegeExhausted
    grant_id = new_id()
    status = Granted.GRANTED if at_once else Granted.LISTED
    row = {"brand": tx.info["brand_id"], "grant_id": grant_id, "privilege_id": privilege_id, "client_id": family[0]}
    await tx.execute(_LIST, row | {"status": status, "now": now, "by": by, "granted_at": now if at_once else None})
    if at_once:
        _announce(tx, of, grant_id, family[0])
    return await queries.grant(tx, privilege_id, grant_id)


async def allot(tx: AsyncSession, privilege_id: UUID, *, by: str, now: datetime) -> Privilege:
    """Grant what is left of a limited edition to those on its list, in its order; safe to repeat.

    Whose data may not be used is passed over, and so is who has one already, by another record of hers. Raises
    NotFound, PrivilegeClosed and DeadlineAhead.
    """
    of = await queries.privilege(tx, privilege_id, lock=True)
    if of.order_rule is None or of.closed_at is not None:
        raise PrivilegeClosed
    if of.deadline_at is not None and now < of.deadline_at:
        raise DeadlineAhead
    listed = await queries.listed(tx, privilege_id)
    canonical = await identities.canonicals(tx, [one.client_id for one in listed])
    hers = sorted(set(canonical.values()))
    spared = set(await clients.by_id(tx, hers)) - await consents.restricted(tx, hers)
    spared -= await queries.holders(tx, privilege_id)
    candidates = [
        Candidate(one.grant_id, canonical[one.client_id], one.number)
        for one in listed
        if canonical[one.client_id] in spared
    ]
    ordered = rules.in_order(
        candidates,
        of.order_rule,
        segments=await segments.current(tx, hers),
        points=await ledger.balances(tx, hers),
    )
    chosen = ordered[: of.left or 0]
    await _step(tx, [one.grant_id for one in chosen], Granted.GRANTED, by=by, now=now)
    for one in chosen:
        _announce(tx, of, one.grant_id, one.client_id)
    return await queries.privilege(tx, privilege_id)


async def hand_over(tx: AsyncSession, before: Grant, *, by: str, now: datetime) -> Grant:
    """Write down that she has it; raises GrantSettled."""
    return await _follow(tx, before, Granted.HANDED_OVER, by=by, now=now)


async def withdraw(tx: AsyncSession, before: Grant, *, by: str, now: datetime) -> Grant:
    """Take back what was not handed over yet; raises GrantSettled."""
    return await _follow(tx, before, Granted.WITHDRAWN, by=by, now=now)


async def _follow(tx: AsyncSession, before: Grant, after: Granted, *, by: str, now: datetime) -> Grant:
    await queries.privilege(tx, before.privilege_id, lock=True)
    # As it is now that nobody else can change it.
    current = await queries.grant(tx, before.privilege_id, before.grant_id)
    rules.check_step(current.status, after)
    await _step(tx, [before.grant_id], after, by=by, now=now)
    return await queries.grant(tx, before.privilege_id, before.grant_id)


async def _step(tx: AsyncSession, grant_ids: Sequence[UUID], status: Granted, *, by: str, now: datetime) -> None:
    row = {"brand": tx.info["brand_id"], "ids": list(grant_ids), "status": status.value, "by": by, "now": now}
    await tx.execute(_STEP, row)


def _announce(tx: AsyncSession, of: Privilege, grant_id: UUID, client_id: UUID) -> None:
    told = PrivilegeGranted(grant_id=grant_id, privilege_id=of.privilege_id, client_id=client_id, kind=of.kind)
    record(tx, told)
