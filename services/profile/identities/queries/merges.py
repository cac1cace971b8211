"""What was merged and taken back, and who are never one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.crypto import keyring
from services.profile.identities.queries.records import family

_MERGE = "select merge_id, client_id, merged_client_id, merged_at, evidence, actor, reason, separated_at, separated_by"
_STANDING = text(f"{_MERGE} from client_merge where brand_id = :brand and merge_id = :id and separated_at is null")
_MERGES = text(
    f"{_MERGE} from client_merge where brand_id = :brand"
    " and (client_id = any(:ids) or merged_client_id = any(:ids)) and (:also_separated or separated_at is null)"
    " and (cast(:after as uuid) is null or merge_id < :after) order by merge_id desc limit :limit"
)
_NEVER = text(
    "select never_id, one_id, other_id, set_at, actor, reason from never_merge where brand_id = :brand"
    " and (one_id = any(:ids) or other_id = any(:ids))"
    " and (cast(:after as uuid) is null or never_id < :after) order by never_id desc limit :limit"
)
_APART = text(
    "select exists (select from never_merge where brand_id = :brand"
    " and (one_id = any(:ids) and other_id = any(:others) or one_id = any(:others) and other_id = any(:ids)))"
)


@dataclass(frozen=True, slots=True)
class Merge:
    """One edge: who joined the two, when and why, and who took it back."""

    merge_id: UUID
    client_id: UUID
    merged_client_id: UUID
    merged_at: datetime
    evidence: str
    actor: str
    reason: str | None
    separated_at: datetime | None
    separated_by: str | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that are two people, and who said so."""

    never_id: UUID
    one_id: UUID
    other_id: UUID
    set_at: datetime
    actor: str
    reason: str | None


async def standing_merge(tx: AsyncSession, merge_id: UUID) -> Merge | None:
    """A merge that nobody has taken back."""
    row = (await tx.execute(_STANDING, {"brand": tx.info["brand_id"], "id": merge_id})).mappings().one_or_none()
    return _merge(tx, row) if row is not None else None


async def merges(
    tx: AsyncSession, client_ids: Sequence[UUID], *, also_separated: bool, after: UUID | None, limit: int
) -> list[Merge]:
    """The merges of these records, the latest first."""
    asked = {"brand": tx.info["brand_id"], "ids": list(client_ids), "after": after, "limit": limit}
    found = await tx.execute(_MERGES, asked | {"also_separated": also_separated})
    return [_merge(tx, row) for row in found.mappings()]


async def never_merged(tx: AsyncSession, client_ids: Sequence[UUID], *, after: UUID | None, limit: int) -> list[Pair]:
    """With whom these records are never to be merged; what was said last first."""
    ring = keyring(tx)
    asked = {"brand": tx.info["brand_id"], "ids": list(client_ids), "after": after, "limit": limit}
    return [
        Pair(
            **{
                **row,
                "reason": ring.open("never_merge", "reason", row["never_id"], row["reason"]) if row["reason"] else None,
            }
        )
        for row in (await tx.execute(_NEVER, asked)).mappings()
    ]


async def are_apart(tx: AsyncSession, one: UUID, other: UUID) -> bool:
    """Whether somebody found these two clients, under any of their records, to be different people."""
    asked = {"brand": tx.info["brand_id"], "ids": await family(tx, one), "others": await family(tx, other)}
    return bool((await tx.execute(_APART, asked)).scalar_one())


def _merge(tx: AsyncSession, row: RowMapping) -> Merge:
    reason = keyring(tx).open("client_merge", "reason", row["merge_id"], row["reason"]) if row["reason"] else None
    return Merge(**{**row, "reason": reason})
