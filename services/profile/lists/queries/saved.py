"""Reading saved lists, who is in them, and how many."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.profile.lists import rules
from services.profile.lists.queries import criteria as building
from services.profile.lists.queries.frames import Part
from services.profile.lists.rules import Criteria, Visibility

_LIST = (
    "select list_id, name, cast(criteria as text) as criteria, visibility, kept_by,"
    " boutique_id, created_at, changed_at, frozen_at, version"
    " from saved_list where brand_id = :brand and (visibility = 'brand' or kept_by = :subject"
    " or (visibility = 'boutique' and (:all_boutiques or boutique_id = any(cast(:boutiques as uuid[])))))"
)
_PAGE = text(f"{_LIST} and (cast(:after as uuid) is null or list_id < :after) order by list_id desc limit :limit")
_ONE = text(f"{_LIST} and list_id = :list_id")
_LOCKED = text(f"{_LIST} and list_id = :list_id for update")
# Of a whole house, what is summed up takes longer than a statement otherwise may.
PATIENCE = text("set local statement_timeout = '14s'")
_WORKS_AT = text("select advisor_id, boutique_id from advisor where brand_id = :brand and advisor_id = any(:ids)")


@dataclass(frozen=True, slots=True)
class SavedList:
    """A list as it is kept; with `frozen_at`, who was in it then is in it."""

    list_id: UUID
    name: str
    criteria: Criteria
    visibility: Visibility
    kept_by: str
    boutique_id: UUID | None
    created_at: datetime
    changed_at: datetime
    frozen_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many clients there are, and how many of them allow to be written to for marketing."""

    clients: int
    reachable: int


async def page(tx: AsyncSession, *, by: Caller, after: UUID | None, limit: int) -> list[SavedList]:
    """The lists that the caller finds, the latest first."""
    rows = await tx.execute(_PAGE, _asked(tx, by) | {"after": after, "limit": limit})
    return [_saved(row) for row in rows.mappings()]


async def saved_list(tx: AsyncSession, list_id: UUID, *, by: Caller, lock: bool = False) -> SavedList:
    """One list that the caller finds; raises NotFound."""
    asked = _asked(tx, by) | {"list_id": list_id}
    row = (await tx.execute(_LOCKED if lock else _ONE, asked)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _saved(row)


async def members(tx: AsyncSession, list_id: UUID, *, by: Caller, now: datetime, after: UUID, limit: int) -> list[UUID]:
    """The clients of a list behind one of them whom the caller may see, by id; raises NotFound.

    Criteria are evaluated anew for every page: freeze a large list before you walk through it.
    """
    part = await _who(tx, await saved_list(tx, list_id, by=by), by=by, now=now)
    statement = f"{_before(part)} select c.client_id from client c where {part.words}"  # noqa: S608 - our own words
    statement += " and c.client_id > :after order by c.client_id limit :limit"
    await tx.execute(PATIENCE)
    rows = await tx.execute(text(statement), {**part.values, "after": after, "limit": limit})
    return list(rows.scalars())


async def count(tx: AsyncSession, wanted: Criteria | UUID, *, by: Caller, now: datetime) -> Count:
    """How many clients meet criteria, or are in a list, of those whom the caller may see; raises NotFound."""
    if isinstance(wanted, UUID):
        part = await _who(tx, await saved_list(tx, wanted, by=by), by=by, now=now)
    else:
        part = await building.meeting(tx, wanted, by=by, now=now)
    allowed = building.ALLOWED.format(purposes="array['marketing']")
    statement = (
        f"{_before(part)} select count(*) as clients,"  # noqa: S608 - our own words
        f" count(allowed.client_id) as reachable from client c"
        f" left join ({allowed}) allowed on allowed.client_id = c.client_id where {part.words}"
    )
    await tx.execute(PATIENCE)
    row = (await tx.execute(text(statement), dict(part.values))).one()
    return Count(row.clients, row.reachable)


def inserting(part: Part) -> str:
    """The statement that keeps who is in a list at this moment; `:list_id` is the list."""
    return (
        f"{_before(part)} insert into list_member (brand_id, list_id, client_id)"  # noqa: S608 - our own words
        f" select :brand, :list_id, c.client_id from client c where {part.words}"
    )


async def works_at(tx: AsyncSession, advisor_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The boutiques of these advisors; of whom nobody has told us is absent."""
    rows = await tx.execute(_WORKS_AT, {"brand": tx.info["brand_id"], "ids": list(advisor_ids)})
    return {row.advisor_id: row.boutique_id for row in rows}


async def _who(tx: AsyncSession, one: SavedList, *, by: Caller, now: datetime) -> Part:
    if one.frozen_at is not None:
        return building.snapshot(tx, one.list_id, one.criteria, by=by, now=now)
    return await building.meeting(tx, one.criteria, by=by, now=now)


def _before(part: Part) -> str:
    return f"with {part.before}" if part.before else ""


def _asked(tx: AsyncSession, by: Caller) -> dict[str, object]:
    return {
        "brand": tx.info["brand_id"],
        "subject": by.subject,
        "all_boutiques": by.role is Role.HEADQUARTERS,
        "boutiques": sorted(by.boutique_ids),
    }


def _saved(row: RowMapping) -> SavedList:
    values: dict[str, Any] = {**row}
    kept = {"criteria": rules.read(json.loads(values["criteria"])), "visibility": Visibility(values["visibility"])}
    return SavedList(**values | kept)
