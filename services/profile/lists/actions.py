"""Keeping lists of clients, and freezing who is in them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller
from infra.ids import new_id
from infra.refusal import NotFound
from infra.wire import check_match
from services.profile.lists import queries, rules
from services.profile.lists.queries import SavedList, criteria, saved
from services.profile.lists.rules import Criteria, ListFrozen, WantedList

_KEEP = text(
    "insert into saved_list (brand_id, list_id, name, criteria, visibility, kept_by, boutique_id, created_at,"
    " changed_at)"
    " values (:brand, :list_id, :name, cast(:criteria as jsonb), :visibility, :by, :boutique_id, :now, :now)"
)
_CHANGE = text(
    "update saved_list set name = :name, criteria = cast(:criteria as jsonb), visibility = :visibility,"
    " boutique_id = :boutique_id, frozen_at = :frozen_at, changed_at = :now, version = version + 1"
    " where brand_id = :brand and list_id = :list_id"
)
_FROZEN = text("update saved_list set frozen_at = :now where brand_id = :brand and list_id = :list_id")
_FORGET = text("delete from saved_list where brand_id = :brand and list_id = :list_id")
_THAW = text("delete from list_member where brand_id = :brand and list_id = :list_id")


async def check(tx: AsyncSession, wanted: Criteria, *, by: Caller) -> None:
    """Raise CriteriaContradict, CriterionIncomplete, or CriteriaHidden when the caller may not ask for this."""
    wanted.check()
    rules.check_seen(
        wanted,
        role=by.role,
        advisor_id=by.advisor_id,
        boutique_ids=by.boutique_ids,
        region_id=by.region_id,
        works_at=await queries.works_at(tx, wanted.advisors),
    )


async def keep(tx: AsyncSession, wanted: WantedList, *, by: Caller, now: datetime) -> SavedList:
    """Keep a list; raises as `check` does, VisibilityTooWide and BoutiqueMissing."""
    await check(tx, wanted.criteria, by=by)
    _check_visibility(wanted, by)
    list_id = new_id()
    await tx.execute(_KEEP, _row(tx, list_id, wanted, now=now) | {"by": by.subject})
    if wanted.is_frozen:
        await _freeze(tx, list_id, wanted, by=by, now=now)
    return await queries.saved_list(tx, list_id, by=by)


async def change(
    tx: AsyncSession, list_id: UUID, wanted: WantedList, *, by: Caller, if_match: str, now: datetime
) -> SavedList:
    """Change a list of the caller's own; freezing takes who is in it now, thawing forgets them.

    Raises NotFound, Stale, ListFrozen, and as `keep` does.
    """
    before = await _own(tx, list_id, by=by)
    check_match(if_match, before.version)
    await check(tx, wanted.criteria, by=by)
    _check_visibility(wanted, by)
    if before.frozen_at is not None and wanted.is_frozen and wanted.criteria != before.criteria:
        raise ListFrozen
    frozen_at = before.frozen_at if wanted.is_frozen else None
    await tx.execute(_CHANGE, _row(tx, list_id, wanted, now=now) | {"frozen_at": frozen_at})
    if wanted.is_frozen and before.frozen_at is None:
        await _freeze(tx, list_id, wanted, by=by, now=now)
    elif not wanted.is_frozen:
        await tx.execute(_THAW, {"brand": tx.info["brand_id"], "list_id": list_id})
    return await queries.saved_list(tx, list_id, by=by)


async def forget(tx: AsyncSession, list_id: UUID, *, by: Caller) -> None:
    """Forget a list of the caller's own; raises NotFound."""
    await _own(tx, list_id, by=by)
    where = {"brand": tx.info["brand_id"], "list_id": list_id}
    await tx.execute(_THAW, where)
    await tx.execute(_FORGET, where)


async def _own(tx: AsyncSession, list_id: UUID, *, by: Caller) -> SavedList:
    found = await queries.saved_list(tx, list_id, by=by, lock=True)
    if found.kept_by != by.subject:
        raise NotFound
    return found


def _check_visibility(wanted: WantedList, by: Caller) -> None:
    rules.check_visibility(wanted.visibility, wanted.boutique_id, role=by.role, boutique_ids=by.boutique_ids)


async def _freeze(tx: AsyncSession, list_id: UUID, wanted: WantedList, *, by: Caller, now: datetime) -> None:
    part = await criteria.meeting(tx, wanted.criteria, by=by, now=now)
    await tx.execute(saved.PATIENCE)
    await tx.execute(text(saved.inserting(part)), {**part.values, "list_id": list_id})
    await tx.execute(_FROZEN, {"brand": tx.info["brand_id"], "list_id": list_id, "now": now})


def _row(tx: AsyncSession, list_id: UUID, wanted: WantedList, *, now: datetime) -> dict[str, object]:
    return {
        "brand": tx.info["brand_id"],
        "list_id": list_id,
        "name": wanted.name,
        "criteria": rules.written(wanted.criteria),
        "visibility": wanted.visibility.value,
        "boutique_id": wanted.boutique_id,
        "now": now,
    }
