"""What appointments tells us of visits."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on


class VisitAgreed(Slice):
    """A visit has its time and place."""

    type: ClassVar[str] = "appointments.confirmed.v1"
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    piece_code: str | None


class VisitMoved(VisitAgreed):
    """It has another."""

    type: ClassVar[str] = "appointments.moved.v1"


class VisitCompleted(Slice):
    """She was received and has left."""

    type: ClassVar[str] = "appointments.visit-completed.v1"
    appointment_id: UUID


class VisitCancelled(VisitCompleted):
    """She will not come."""

    type: ClassVar[str] = "appointments.cancelled.v1"


class NoShowRecorded(VisitCompleted):
    """She did not come."""

    type: ClassVar[str] = "appointments.no-show-recorded.v1"


async def expect(tx: AsyncSession, facts: Sequence[Delivered[VisitAgreed]] | Sequence[Delivered[VisitMoved]]) -> None:
    """Remember a visit as it is agreed now."""
    await tx.execute(
        text(
            "insert into visit (brand_id, appointment_id, client_id, boutique_id, piece_code, is_live)"
            " values (:brand, :appointment, :client, :boutique, :piece, true)"
            " on conflict (brand_id, appointment_id) do update set client_id = excluded.client_id,"
            " boutique_id = excluded.boutique_id, piece_code = excluded.piece_code, is_live = true"
        ),
        [
            {
                "brand": told.brand_id,
                "appointment": told.fact.appointment_id,
                "client": told.fact.client_id,
                "boutique": told.fact.boutique_id,
                "piece": told.fact.piece_code,
            }
            for told in facts
        ],
    )


async def end(
    tx: AsyncSession,
    facts: Sequence[Delivered[VisitCompleted]]
    | Sequence[Delivered[VisitCancelled]]
    | Sequence[Delivered[NoShowRecorded]],
) -> None:
    """Nothing is prepared for it any more."""
    await tx.execute(
        text("update visit set is_live = false where brand_id = :brand and appointment_id = :appointment"),
        [{"brand": told.brand_id, "appointment": told.fact.appointment_id} for told in facts],
    )


FILLS = ("visit",)

REACTIONS: list[Reaction] = [
    on(VisitAgreed, expect, fills=FILLS),
    on(VisitMoved, expect, fills=FILLS),
    on(VisitCompleted, end, fills=FILLS),
    on(VisitCancelled, end, fills=FILLS),
    on(NoShowRecorded, end, fills=FILLS),
]
