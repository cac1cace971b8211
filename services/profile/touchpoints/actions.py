"""Entering contacts into the timeline."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.profile.touchpoints.rules import Contact

_INSERT = """
insert into touchpoint (brand_id, touchpoint_id, event_id, client_id, kind, occurred_at, boutique_id, advisor_id,
    subject_id, details)
select $1, touchpoint_id, event_id, client_id, kind, occurred_at, boutique_id, advisor_id, subject_id, details::jsonb
from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[], $7::uuid[], $8::uuid[], $9::uuid[],
    $10::text[])
    as item (touchpoint_id, event_id, client_id, kind, occurred_at, boutique_id, advisor_id, subject_id, details)
on conflict (brand_id, event_id) do nothing
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One contact. `subject_id` is what it is about: the appointment, the purchase, the work order."""

    event_id: UUID
    client_id: UUID
    kind: Contact
    occurred_at: datetime
    boutique_id: UUID | None
    advisor_id: UUID | None
    subject_id: UUID
    details: Mapping[str, Any]


async def enter(tx: AsyncSession, entries: Sequence[Entry]) -> None:
    """Enter contacts, each event once, however often it is told."""
    if not entries:
        return
    connection = await tx.connection()
    await connection.exec_driver_sql(
        _INSERT,
        (
            tx.info["brand_id"],
            [entry.event_id for entry in entries],  # its own id too: entered anew, it is the same contact
            [entry.event_id for entry in entries],
            [entry.client_id for entry in entries],
            [entry.kind.value for entry in entries],
            [entry.occurred_at for entry in entries],
            [entry.boutique_id for entry in entries],
            [entry.advisor_id for entry in entries],
            [entry.subject_id for entry in entries],
            [json.dumps(dict(entry.details)) for entry in entries],
        ),
    )
