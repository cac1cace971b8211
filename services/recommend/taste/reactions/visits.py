"""What appointments tells us of visits."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.recommend.taste.rules import AROUND_A_VISIT


class VisitAgreed(Slice):
    """A visit has its time and place."""

    type: ClassVar[str] = "appointments.confirmed.v1"
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    advisor_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    piece_code: str | None


class VisitMoved(VisitAgreed):
    """It has another."""

    type: ClassVar[str] = "appointments.moved.v1"


class ClientArrived(Slice):
    """She is in the boutique."""

    type: ClassVar[str] = "appointments.client-arrived.v1"
    appointment_id: UUID
    arrived_at: AwareDatetime


class VisitCompleted(Slice):
    """She was received and has left."""

    type: ClassVar[str] = "appointments.visit-completed.v1"
    appointment_id: UUID
    completed_at: AwareDatetime


class VisitCancelled(Slice):
    """She will not come."""

    type: ClassVar[str] = "appointments.cancelled.v1"
    appointment_id: UUID


class HoldExpired(VisitCancelled):
    """She did not confirm."""

    type: ClassVar[str] = "appointments.expired.v1"


class NoShowRecorded(VisitCancelled):
    """She did not come."""

    type: ClassVar[str] = "appointments.no-show-recorded.v1"


async def expect(tx: AsyncSession, facts: Sequence[Delivered[VisitAgreed]] | Sequence[Delivered[VisitMoved]]) -> None:
    """Remember a visit as it is agreed now. A day around it she is present to the people of the boutique."""
    await tx.execute(
        text(
            "insert into visit (brand_id, appointment_id, client_id, boutique_id, advisor_id, starts_at, ends_at,"
            " piece_code, is_live, present_from, present_until) values (:brand, :appointment, :client, :boutique,"
            " :advisor, :starts_at, :ends_at, :piece, true, :from, :until)"
            " on conflict (brand_id, appointment_id) do update set client_id = excluded.client_id,"
            " boutique_id = excluded.boutique_id, advisor_id = excluded.advisor_id, starts_at = excluded.starts_at,"
            " ends_at = excluded.ends_at, piece_code = excluded.piece_code, is_live = true,"
            " present_from = excluded.present_from, present_until = excluded.present_until"
        ),
        [
            {
                "brand": told.brand_id,
                "appointment": told.fact.appointment_id,
                "client": told.fact.client_id,
                "boutique": told.fact.boutique_id,
                "advisor": told.fact.advisor_id,
                "starts_at": told.fact.starts_at,
                "ends_at": told.fact.ends_at,
                "piece": told.fact.piece_code,
                "from": told.fact.starts_at - AROUND_A_VISIT,
                "until": told.fact.ends_at + AROUND_A_VISIT,
            }
            for told in facts
        ],
    )


async def receive(tx: AsyncSession, facts: Sequence[Delivered[ClientArrived]]) -> None:
    """Whoever is in the boutique is present, however early she came."""
    await tx.execute(
        text(
            "update visit set present_from = least(present_from, :at)"
            " where brand_id = :brand and appointment_id = :appointment"
        ),
        [
            {"brand": told.brand_id, "appointment": told.fact.appointment_id, "at": told.fact.arrived_at}
            for told in facts
        ],
    )


async def see_off(tx: AsyncSession, facts: Sequence[Delivered[VisitCompleted]]) -> None:
    """Nothing is prepared any more; she stays present for a day, for what is still to be done."""
    await tx.execute(
        text(
            "update visit set is_live = false, present_until = :until"
            " where brand_id = :brand and appointment_id = :appointment"
        ),
        [
            {
                "brand": told.brand_id,
                "appointment": told.fact.appointment_id,
                "until": told.fact.completed_at + AROUND_A_VISIT,
            }
            for told in facts
        ],
    )


async def give_up(
    tx: AsyncSession,
    facts: Sequence[Delivered[VisitCancelled]] | Sequence[Delivered[HoldExpired]] | Sequence[Delivered[NoShowRecorded]],
) -> None:
    """No visit, no presence."""
    await tx.execute(
        text(
            "update visit set is_live = false, present_from = null, present_until = null"
            " where brand_id = :brand and appointment_id = :appointment"
        ),
        [{"brand": told.brand_id, "appointment": told.fact.appointment_id} for told in facts],
    )


REACTIONS: list[Reaction] = [
    on(VisitAgreed, expect),
    on(VisitMoved, expect),
    on(ClientArrived, receive),
    on(VisitCompleted, see_off),
    on(VisitCancelled, give_up),
    on(HoldExpired, give_up),
    on(NoShowRecorded, give_up),
]
