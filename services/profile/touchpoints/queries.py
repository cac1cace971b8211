"""Reading the timeline."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.identities import queries as identities
from services.profile.touchpoints.rules import Contact

_PAGE = text(
    "select touchpoint_id, kind, occurred_at, boutique_id, advisor_id, subject_id, cast(details as text) as details"
    " from touchpoint where brand_id = :brand and client_id = any(:ids)"
    " and (cast(:kinds as text[]) is null or kind = any(:kinds))"
    " and (cast(:after_at as timestamptz) is null"
    " or (occurred_at, touchpoint_id) < (:after_at, cast(:after_id as uuid)))"
    " order by occurred_at desc, touchpoint_id desc limit :limit"
)


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """One recorded contact."""

    touchpoint_id: UUID
    kind: Contact
    occurred_at: datetime
    boutique_id: UUID | None
    advisor_id: UUID | None
    subject_id: UUID
    details: dict[str, Any]


async def page(
    tx: AsyncSession,
    client_id: UUID,
    *,
    kinds: Sequence[Contact] | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Touchpoint]:
    """A client's contacts, the latest first, over all records that are she."""
    rows = await tx.execute(
        _PAGE,
        {
            "brand": tx.info["brand_id"],
            "ids": await identities.family(tx, client_id),
            "kinds": [kind.value for kind in kinds] if kinds else None,
            "after_at": after[0] if after else None,
            "after_id": after[1] if after else None,
            "limit": limit,
        },
    )
    return [
        Touchpoint(**{**row, "kind": Contact(row["kind"]), "details": json.loads(row["details"])})
        for row in rows.mappings()
    ]
