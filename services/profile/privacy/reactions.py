"""What opens and closes a client to the people of a boutique: the list at the bottom shows it all."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered
from infra.eventlog.follower import Reaction, on
from services.profile.privacy import actions
from services.profile.touchpoints.reactions.visits import (
    Cancelled,
    ClientArrived,
    Confirmed,
    Moved,
    NoShowRecorded,
    VisitCompleted,
    VisitLeft,
    VisitorArrived,
    VisitorRecognised,
)


async def expect(tx: AsyncSession, facts: Sequence[Delivered[Confirmed]] | Sequence[Delivered[Moved]]) -> None:
    """From a day before the visit until a day after it."""
    for delivered in facts:
        visit = delivered.fact
        await actions.expect(
            tx,
            visit.appointment_id,
            visit.client_id,
            visit.boutique_id,
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
        )


async def arrive(tx: AsyncSession, facts: Sequence[Delivered[ClientArrived]]) -> None:
    """Whoever is in the boutique is to be greeted by name."""
    for delivered in facts:
        visit = delivered.fact
        await actions.arrive(tx, visit.appointment_id, visit.client_id, visit.boutique_id, arrived_at=visit.arrived_at)


async def leave(tx: AsyncSession, facts: Sequence[Delivered[VisitCompleted]]) -> None:
    """Until a day after she left."""
    for delivered in facts:
        await actions.leave(tx, delivered.fact.appointment_id, completed_at=delivered.fact.completed_at)


async def stay_away(
    tx: AsyncSession, facts: Sequence[Delivered[Cancelled]] | Sequence[Delivered[NoShowRecorded]]
) -> None:
    """No visit, no presence."""
    for delivered in facts:
        await actions.stay_away(tx, delivered.fact.appointment_id)


async def meet(tx: AsyncSession, facts: Sequence[Delivered[VisitorArrived]]) -> None:
    """Whoever is known at the door and has no appointment is present too, as long as she is there and a day more."""
    for delivered in facts:
        one = delivered.fact
        if one.client_id is not None and one.appointment_id is None:
            await actions.arrive(tx, one.visit_id, one.client_id, one.boutique_id, arrived_at=one.arrived_at)


async def recognise(tx: AsyncSession, facts: Sequence[Delivered[VisitorRecognised]]) -> None:
    """Present is whom they know her to be, nobody else any more."""
    for delivered in facts:
        one = delivered.fact
        await actions.stay_away(tx, one.visit_id)
        if one.client_id is not None:
            await actions.arrive(tx, one.visit_id, one.client_id, one.boutique_id, arrived_at=one.arrived_at)


async def say_goodbye(tx: AsyncSession, facts: Sequence[Delivered[VisitLeft]]) -> None:
    """Until a day after a walk-in left; of an appointment, its completion counts."""
    for delivered in facts:
        await actions.leave(tx, delivered.fact.visit_id, completed_at=delivered.fact.left_at)


FILLS = ("presence",)

REACTIONS: list[Reaction] = [
    on(Confirmed, expect, fills=FILLS),
    on(Moved, expect, fills=FILLS),
    on(ClientArrived, arrive, fills=FILLS),
    on(VisitCompleted, leave, fills=FILLS),
    on(VisitorArrived, meet, fills=FILLS),
    on(VisitorRecognised, recognise, fills=FILLS),
    on(VisitLeft, say_goodbye, fills=FILLS),
    on(Cancelled, stay_away, fills=FILLS),
    on(NoShowRecorded, stay_away, fills=FILLS),
]
