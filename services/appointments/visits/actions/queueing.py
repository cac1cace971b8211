"""The queue at the door: calling whose turn it is, who receives her, and when she leaves."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND, Database
from infra.eventlog.outbox import record
from infra.identity import Caller
from infra.peers import Peers
from services.appointments.bookings.actions.door import Message, tell
from services.appointments.directory import queries as directory
from services.appointments.visits.events import VisitLeft
from services.appointments.visits.queries import stays
from services.appointments.visits.rules.stays import LeftHow, Status, Step, Telling, judge_turn, minutes, step
from services.appointments.visits.tables import Visit

OF_USE = timedelta(minutes=15)  # a turn announced later than that has passed
TEMPLATE = "turn-called"
BATCH = 50


async def call(tx: AsyncSession, visit_id: UUID, *, by: Caller, now: datetime) -> Visit:
    """Call somebody whose turn it is; raises NotFound, VisitStepNotPossible, OutOfTurn.

    Called again, she is not told again.
    """
    visit = await stays.visible(tx, visit_id, by, lock=True)
    step(Status(visit.status), Step.CALL)
    judge_turn(visit.turn, booked=visit.is_booked, first=await stays.first_uncalled(tx, visit))
    if visit.called_at is None:
        visit.called_at, visit.version = now, visit.version + 1
        visit.telling = Telling.DUE if visit.client_id is not None else None
    return visit


async def announce(database: Database, peers: Peers, brand_id: str, visit_id: UUID, *, now: datetime) -> None:
    """Ask the door to tell her on WeChat that it is her turn, once; nothing is locked while profile is asked."""
    async with database.transaction(brand_id) as tx:
        visit = (await tx.execute(_due(brand_id, visit_id))).scalar_one_or_none()
        if visit is None or visit.called_at is None:
            return
        boutique = await directory.boutique(tx, visit.boutique_id)
    became: Telling | None = Telling.GIVEN_UP
    until = visit.called_at + OF_USE
    if now < until and visit.client_id is not None:
        said = Message(
            visit.client_id,
            TEMPLATE,
            {"boutique": boutique.name_zh[:20], "turn": str(visit.turn)},
            text=f"{boutique.name_zh}：轮到您了({visit.turn} 号)，请到店内接待处。",
            expires_at=until,
        )
        told = await tell(peers, brand_id, said, key=f"turn:{visit_id}")
        became = None if told is None else Telling.TAKEN if told.taken else Telling.REFUSED
    if became is None:
        return
    async with database.transaction(brand_id) as tx:
        due = (await tx.execute(_due(brand_id, visit_id).with_for_update())).scalar_one_or_none()
        if due is not None:
            due.telling, due.version = became, due.version + 1


async def announce_due(kit: Kit, *, now: datetime) -> int:
    """Tell those who were called and could not be told yet; answers how many there were, at most `BATCH`."""
    async with kit.database.transaction(EVERY_BRAND) as tx:
        query = select(Visit.brand_id, Visit.visit_id).where(Visit.telling == Telling.DUE).order_by(Visit.called_at)
        found = [(row.brand_id, row.visit_id) for row in await tx.execute(query.limit(BATCH))]
    for brand_id, visit_id in found:
        await announce(kit.database, kit.peers, brand_id, visit_id, now=now)
    return len(found)


def _due(brand_id: str, visit_id: UUID) -> Select[Visit]:
    return select(Visit).where(Visit.brand_id == brand_id, Visit.visit_id == visit_id, Visit.telling == Telling.DUE)


async def serve(tx: AsyncSession, visit_id: UUID, advisor_id: UUID | None, *, by: Caller, now: datetime) -> Visit:
    """Say who receives her; raises NotFound (also for an advisor of elsewhere), VisitStepNotPossible."""
    visit = await stays.visible(tx, visit_id, by, lock=True)
    visit.status = step(Status(visit.status), Step.SERVE)
    served_by = advisor_id or by.advisor_id
    if served_by is not None:
        await directory.own_advisor(tx, served_by, by)
    visit.served_by, visit.served_at, visit.version = served_by, visit.served_at or now, visit.version + 1
    hush(visit)
    return visit


async def leave(tx: AsyncSession, visit_id: UUID, *, by: Caller, now: datetime) -> Visit:
    """She leaves; raises NotFound, VisitStepNotPossible."""
    visit = await stays.visible(tx, visit_id, by, lock=True)
    end(tx, visit, left_at=now, how=LeftHow.RECORDED)
    return visit


def hush(visit: Visit) -> None:
    """Whoever waits no more, or is somebody else, is not told that it is her turn."""
    if visit.telling == Telling.DUE:
        visit.telling = Telling.GIVEN_UP


def end(tx: AsyncSession, visit: Visit, *, left_at: datetime, how: LeftHow) -> None:
    """End a stay and say so; raises VisitStepNotPossible."""
    visit.status = step(Status(visit.status), Step.LEAVE)
    visit.left_at, visit.left_how, visit.version = max(left_at, visit.arrived_at), how, visit.version + 1
    hush(visit)
    stayed = minutes(visit.arrived_at, visit.left_at) if how is LeftHow.RECORDED else None
    record(
        tx,
        VisitLeft(
            visit_id=visit.visit_id,
            boutique_id=visit.boutique_id,
            client_id=visit.client_id,
            appointment_id=visit.appointment_id,
            left_at=visit.left_at,
            minutes=stayed,
        ),
    )
