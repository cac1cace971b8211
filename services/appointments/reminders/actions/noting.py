"""Noting what is to be told, what did not arrive, and who was telephoned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, or_, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.database import EVERY_BRAND, Database
from infra.identity import Caller
from infra.ids import new_id
from infra.tombstones import buried
from infra.wire import check_match
from services.appointments.bookings import queries as bookings
from services.appointments.bookings.tables import Appointment
from services.appointments.directory import queries as directory
from services.appointments.occasions.rules.life import LEASE
from services.appointments.reminders import queries
from services.appointments.reminders.rules import LEADS as OWN
from services.appointments.reminders.rules import (
    MEANWHILE,
    OF_ITS_TIME,
    Kind,
    NothingToTelephone,
    Status,
    check_leads,
    due_lead,
)
from services.appointments.reminders.tables import Notice, ReminderPolicy

# What nobody could be asked to send for so long is not news any more.
NEWS = timedelta(days=3)
FEW = 100  # reminders noted together
# Of visits that somebody changes just now we hear in the next round; the others stand until the commit. So no reminder
# is planned for a visit that is called off, or whose client is erased, in the same moment.
_REMIND = text(
    """
    insert into notice (brand_id, notice_id, appointment_id, client_id, boutique_id, kind, starts_at, lead_minutes,
        status, attempts, created_at, expires_at, next_attempt_at)
    select a.brand_id, due.notice_id, a.appointment_id, a.client_id, a.boutique_id, 'reminder', a.starts_at, due.lead,
        'waiting', 0, :now, a.starts_at, :now
    from unnest(cast(:brands as text[]), cast(:notices as uuid[]), cast(:appointments as uuid[]),
        cast(:starts as timestamptz[]), cast(:leads as int[]))
        as due (brand_id, notice_id, appointment_id, starts_at, lead)
    join appointment a on a.brand_id = due.brand_id and a.appointment_id = due.appointment_id
        and a.starts_at = due.starts_at and a.status = 'confirmed'
    for share of a skip locked
    on conflict do nothing
    """
)


@dataclass(frozen=True)
class News:
    """Something that happened to a visit. `until`: so long it is of use, besides the time of the visit itself."""

    cause_id: UUID
    kind: Kind
    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    starts_at: datetime
    until: datetime | None = None


async def note(tx: AsyncSession, news: Sequence[News], *, now: datetime) -> None:
    """Have clients told, once each; not what is of no use any more, and nobody who was erased."""
    brand_id = directory.brand(tx)
    gone = await buried(tx, [(brand_id, f"client:{one.client_id}") for one in news])
    for one in news:
        until = one.until or (one.starts_at if one.kind in OF_ITS_TIME else now + NEWS)
        expires_at = min(until, now + NEWS)
        if expires_at <= now or (brand_id, f"client:{one.client_id}") in gone:
            continue
        if one.kind is Kind.MOVED and await queries.last_told(tx, one.appointment_id) == one.starts_at:
            continue  # another advisor or room receives her: nothing that she was told has changed
        row = insert(Notice).values(
            brand_id=brand_id,
            notice_id=new_id(),
            appointment_id=one.appointment_id,
            client_id=one.client_id,
            boutique_id=one.boutique_id,
            kind=one.kind,
            cause_id=one.cause_id,
            starts_at=one.starts_at,
            status=Status.WAITING,
            attempts=0,
            created_at=now,
            expires_at=expires_at,
            next_attempt_at=now,
        )
        await tx.execute(row.on_conflict_do_nothing())


async def note_kept(tx: AsyncSession, cause_id: UUID, appointment_id: UUID, *, now: datetime) -> None:
    """Have her told that a visit stays when it is; or that it needs another time still, where it cannot stay."""
    visit = await tx.get(Appointment, (directory.brand(tx), appointment_id), populate_existing=True)
    if visit is not None and visit.status == "confirmed":
        kind = Kind.DISRUPTED if await bookings.is_upset(tx, appointment_id) else Kind.KEPT
        news = News(cause_id, kind, appointment_id, visit.client_id, visit.boutique_id, visit.starts_at)
        await note(tx, [news], now=now)


async def take_back(tx: AsyncSession, appointment_id: UUID, *, now: datetime) -> None:
    """Have profile let nothing leave that it has taken and that is true of this visit no longer."""
    visit = await tx.get(Appointment, (directory.brand(tx), appointment_id), populate_existing=True)
    outdated = (
        update(Notice)
        .where(
            Notice.brand_id == directory.brand(tx),
            Notice.appointment_id == appointment_id,
            Notice.status == Status.SENT,
            Notice.kind.in_(OF_ITS_TIME),
            Notice.expires_at > now,
        )
        .values(status=Status.RECALLED, reason=MEANWHILE, recall_until=now + LEASE, next_attempt_at=now)
        .execution_options(synchronize_session=False)
    )
    if visit is not None and visit.status == "confirmed":
        outdated = outdated.where(Notice.starts_at != visit.starts_at)
    await tx.execute(outdated)


async def end_proposal(tx: AsyncSession, appointment_id: UUID, *, now: datetime) -> None:
    """Nobody is to be asked any more what is answered already, or not to be answered."""
    asking = (
        update(Notice)
        .where(
            Notice.brand_id == directory.brand(tx),
            Notice.appointment_id == appointment_id,
            Notice.kind == Kind.PROPOSED,
            Notice.expires_at > now,
        )
        .execution_options(synchronize_session=False)
    )
    # Nor by telephone.
    unreached = and_(Notice.status == Status.REFUSED, Notice.telephoned_at.is_(None))
    taken = {"status": Status.RECALLED, "reason": MEANWHILE, "recall_until": now + LEASE, "next_attempt_at": now}
    is_out = or_(Notice.status == Status.SENT, and_(Notice.status == Status.WAITING, Notice.asked_at.is_not(None)))
    await tx.execute(asking.where(is_out).values(**taken, settled_at=now))
    dropped = {"status": Status.DROPPED, "reason": MEANWHILE, "settled_at": now}
    await tx.execute(asking.where(or_(Notice.status == Status.WAITING, unreached)).values(**dropped))


async def refuse(tx: AsyncSession, notice_id: UUID, *, reason: str, now: datetime) -> None:
    """Keep that a message did not reach her, though profile had taken it; the answer may still be on its way to us."""
    await tx.execute(
        update(Notice)
        .where(
            Notice.brand_id == directory.brand(tx),
            Notice.notice_id == notice_id,
            Notice.status.in_([Status.WAITING, Status.SENT]),
        )
        .values(status=Status.REFUSED, reason=reason, settled_at=now)
        .execution_options(synchronize_session=False)
    )


async def plan(database: Database, *, since: datetime | None, now: datetime) -> int:
    """Note the reminders of every brand whose time has come since then; None: however long ago; answers how many.

    What is read locks nothing. What is written locks a few visits for one statement: whoever cancels one waits so long.
    """
    async with database.transaction(EVERY_BRAND) as tx:
        own = await queries.leads(tx)
        near = await queries.near(tx, own, since=since, now=now)
    due = []
    for visit in near:
        lead = due_lead(own.get(visit.brand_id, OWN), starts_at=visit.starts_at, told_at=visit.told_at, now=now)
        if lead is not None and lead < visit.least:
            due.append((visit, lead))
    for first in range(0, len(due), FEW):
        few = due[first : first + FEW]
        async with database.transaction(EVERY_BRAND) as tx:
            await tx.execute(
                _REMIND,
                {
                    "brands": [visit.brand_id for visit, _ in few],
                    "notices": [new_id() for _ in few],
                    "appointments": [visit.appointment_id for visit, _ in few],
                    "starts": [visit.starts_at for visit, _ in few],
                    "leads": [lead for _, lead in few],
                    "now": now,
                },
            )
    return len(due)


async def telephone(tx: AsyncSession, boutique_id: UUID, notice_id: UUID, *, by: Caller, now: datetime) -> Notice:
    """Somebody has told her by telephone; raises NotFound, NothingToTelephone. Who did so first stays written down."""
    await directory.own_boutique(tx, boutique_id, by)
    one = await queries.at_boutique(tx, boutique_id, notice_id)
    if one.status != Status.REFUSED:
        raise NothingToTelephone
    if one.telephoned_at is None:
        one.telephoned_at, one.telephoned_by = now, by.subject
        await tx.flush()
    return one


async def set_policy(tx: AsyncSession, lead_minutes: Sequence[int], *, if_match: str) -> ReminderPolicy:
    """When the brand reminds from now on; raises LeadsUnfit, Stale."""
    leads = check_leads(lead_minutes)
    policy = await queries.own_policy(tx)
    check_match(if_match, policy.version)
    policy.lead_minutes, policy.version = leads, policy.version + 1
    await tx.flush()
    return policy
