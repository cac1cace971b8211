"""Reading privileges, and to whom they were granted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.refusal import NotFound
from services.profile.loyalty.queries.used import used
from services.profile.loyalty.rules.privileges import Granted, OrderRule, PrivilegeKind

_COLUMNS = (
    "privilege_id, kind, name, piece_code, quantity, order_rule, deadline_at, created_at, closed_at, version,"
    " (select count(*) from privilege_grant g where g.brand_id = p.brand_id and g.privilege_id = p.privilege_id"
    " and status in ('granted', 'handed-over')) as granted,"
    " (select count(*) from privilege_grant g where g.brand_id = p.brand_id and g.privilege_id = p.privilege_id"
    " and status = 'handed-over') as handed_over,"
    " (select count(*) from privilege_grant g where g.brand_id = p.brand_id and g.privilege_id = p.privilege_id"
    " and status = 'listed') as listed"
)
_PAGE = text(
    f"select {_COLUMNS} from privilege p where brand_id = :brand"  # noqa: S608 - our own words
    " and (cast(:after as uuid) is null or privilege_id < :after) order by privilege_id desc limit :limit"
)
_ONE = text(f"select {_COLUMNS} from privilege p where brand_id = :brand and privilege_id = :privilege_id")  # noqa: S608
# The row lock: everybody who wants one of them takes turns. What was granted is counted afterwards, by a statement of
# its own, that sees what was committed while this one waited.
_LOCK = text("select from privilege where brand_id = :brand and privilege_id = :privilege_id for update")
_GRANT = (
    "select grant_id, g.number, g.privilege_id, p.kind, p.name, g.client_id, g.status, g.listed_at, g.granted_at,"
    " g.handed_over_at from privilege_grant g join privilege p"
    " on p.brand_id = g.brand_id and p.privilege_id = g.privilege_id where g.brand_id = :brand"
)
_GRANTS = text(
    f"{_GRANT} and g.privilege_id = :privilege_id and g.number > :after"
    f" and (cast(:only as uuid[]) is null or g.client_id = any(:only)) and {used('g')} order by g.number limit :limit"
)
_HERS = text(f"{_GRANT} and g.client_id = any(:ids) and g.status <> 'withdrawn' order by g.number")
_ONE_GRANT = text(f"{_GRANT} and g.privilege_id = :privilege_id and grant_id = :grant_id")
_HOLDERS = text(
    "select coalesce(a.canonical_id, g.client_id) from privilege_grant g"
    " left join client_alias a on a.brand_id = g.brand_id and a.client_id = g.client_id"
    " where g.brand_id = :brand and g.privilege_id = :privilege_id and g.status in ('granted', 'handed-over')"
)
_LISTED = text(f"{_GRANT} and g.privilege_id = :privilege_id and g.status = 'listed' order by g.number")


@dataclass(frozen=True, slots=True)
class Privilege:
    """A privilege, and how many of it were granted, handed over, and are listed for."""

    privilege_id: UUID
    kind: PrivilegeKind
    name: str
    piece_code: str | None
    quantity: int | None
    order_rule: OrderRule | None
    deadline_at: datetime | None
    created_at: datetime
    closed_at: datetime | None
    version: int
    granted: int
    handed_over: int
    listed: int

    @property
    def left(self) -> int | None:
        """How many may still be granted; None where nobody counts."""
        return max(self.quantity - self.granted, 0) if self.quantity is not None else None


@dataclass(frozen=True, slots=True)
class Grant:
    """One client's part in a privilege."""

    grant_id: UUID
    number: int
    privilege_id: UUID
    kind: PrivilegeKind
    name: str
    client_id: UUID
    status: Granted
    listed_at: datetime
    granted_at: datetime | None
    handed_over_at: datetime | None


async def page(tx: AsyncSession, *, after: UUID | None, limit: int) -> list[Privilege]:
    """The privileges, the latest first."""
    rows = await tx.execute(_PAGE, {"brand": tx.info["brand_id"], "after": after, "limit": limit})
    return [_privilege(row) for row in rows.mappings()]


async def privilege(tx: AsyncSession, privilege_id: UUID, *, lock: bool = False) -> Privilege:
    """One privilege, nobody else's to grant if locked; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "privilege_id": privilege_id}
    if lock:
        await tx.execute(_LOCK, asked)
    row = (await tx.execute(_ONE, asked)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _privilege(row)


async def grants(
    tx: AsyncSession, privilege_id: UUID, *, only: Sequence[UUID] | None, after: int, limit: int
) -> list[Grant]:
    """To whom it was granted and who is listed, in the order they came; of some clients, if named.

    Whoever had her data restricted is not shown.
    """
    asked = {"brand": tx.info["brand_id"], "privilege_id": privilege_id, "after": after, "limit": limit}
    rows = await tx.execute(_GRANTS, asked | {"only": None if only is None else list(only)})
    return [_grant(row) for row in rows.mappings()]


async def listed(tx: AsyncSession, privilege_id: UUID) -> list[Grant]:
    """Who is on a priority list and has nothing yet."""
    asked = {"brand": tx.info["brand_id"], "privilege_id": privilege_id}
    return [_grant(row) for row in (await tx.execute(_LISTED, asked)).mappings()]


async def holders(tx: AsyncSession, privilege_id: UUID) -> set[UUID]:
    """The surviving records of those to whom it was granted, handed over or not."""
    asked = {"brand": tx.info["brand_id"], "privilege_id": privilege_id}
    return set((await tx.execute(_HOLDERS, asked)).scalars())


async def hers(tx: AsyncSession, family: Sequence[UUID]) -> list[Grant]:
    """What one person was granted, or is listed for."""
    rows = await tx.execute(_HERS, {"brand": tx.info["brand_id"], "ids": list(family)})
    return [_grant(row) for row in rows.mappings()]


async def grant(tx: AsyncSession, privilege_id: UUID, grant_id: UUID) -> Grant:
    """One grant; raises NotFound."""
    asked = {"brand": tx.info["brand_id"], "privilege_id": privilege_id, "grant_id": grant_id}
    row = (await tx.execute(_ONE_GRANT, asked)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _grant(row)


def _privilege(row: RowMapping) -> Privilege:
    values: dict[str, Any] = {**row}
    order = OrderRule(values["order_rule"]) if values["order_rule"] else None
    return Privilege(**values | {"kind": PrivilegeKind(values["kind"]), "order_rule": order})


def _grant(row: RowMapping) -> Grant:
    values: dict[str, Any] = {**row}
    return Grant(**values | {"kind": PrivilegeKind(values["kind"]), "status": Granted(values["status"])})
