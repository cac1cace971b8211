"""Reads of notices, and of visits that call for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select, text, true, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.refusal import NotFound
from services.appointments.bookings.queries import UPSET
from services.appointments.bookings.tables import Appointment
from services.appointments.directory.queries import brand
from services.appointments.reminders.rules import LEADS, OF_ITS_TIME, STANDS, Kind, Status
from services.appointments.reminders.tables import Notice, ReminderPolicy

# Visits agreed for which one of their brand's times to remind has come since then, and has not reminded yet; with when
# their clients heard of that time last, and how shortly before they were reminded already. Where they heard of another
# time alone, the word of this one is on its way: it comes first.
_NEAR = text(
    f"""
    select distinct on (a.starts_at, a.appointment_id, a.brand_id)
        a.brand_id, a.appointment_id, a.starts_at,
        greatest(a.confirmed_at, a.created_at, told.at) as told_at, coalesce(told.least, :never) as least
    from unnest(cast(:leads as int[])) as wanted (lead)
    cross join lateral (
        select * from appointment
        where status = 'confirmed'
            and starts_at > greatest(:now, cast(:since as timestamptz) + wanted.lead * interval '1 minute')
            and starts_at <= cast(:now as timestamptz) + wanted.lead * interval '1 minute'
        offset 0 -- by its index, a few minutes of each: a join would read every visit to come
    ) a
    left join reminder_policy p on p.brand_id = a.brand_id
    left join lateral (
        select max(n.created_at) filter (where n.kind in ('confirmed', 'moved') and n.starts_at = a.starts_at) as at,
            min(n.lead_minutes) filter (where n.starts_at = a.starts_at) as least,
            bool_or(n.kind in ('confirmed', 'moved')) as ever
        from notice n where n.brand_id = a.brand_id and n.appointment_id = a.appointment_id
    ) told on true
    where wanted.lead = any(coalesce(p.lead_minutes, :own)) and (told.least is null or told.least > wanted.lead)
        and (told.at is not null or told.ever is not true)
        and not exists ({UPSET})
    order by a.starts_at, a.appointment_id, a.brand_id
    """  # noqa: S608 - our own words
)
NEVER = 2**31 - 1  # minutes: longer than anybody's time


@dataclass(frozen=True)
class Near:
    """A visit that begins soon; `least` is the shortest time before it at which its client was reminded already."""

    brand_id: str
    appointment_id: UUID
    starts_at: datetime
    told_at: datetime
    least: int


async def near(
    tx: AsyncSession, leads: Mapping[str, Sequence[int]], *, since: datetime | None, now: datetime
) -> list[Near]:
    """The visits of every brand for which a time to remind has come since then; None: however long ago.

    `leads` are the times of the brands that have set theirs.
    """
    every = sorted({minutes for one in [LEADS, *leads.values()] for minutes in one})
    asked = {
        "leads": every,
        "own": list(LEADS),
        "since": since or now - timedelta(minutes=every[-1]),
        "now": now,
        "never": NEVER,
    }
    return [Near(*row) for row in await tx.execute(_NEAR, asked)]


async def leads(tx: AsyncSession) -> Mapping[str, Sequence[int]]:
    """When brands remind, where they have set it."""
    rows = await tx.execute(select(ReminderPolicy.brand_id, ReminderPolicy.lead_minutes))
    return {row.brand_id: row.lead_minutes for row in rows}


async def policy(tx: AsyncSession) -> ReminderPolicy:
    """When the brand reminds; the suite's own, with version 0, where it has set nothing. Changes nothing."""
    found = await tx.get(ReminderPolicy, brand(tx))
    return found or ReminderPolicy(brand_id=brand(tx), lead_minutes=list(LEADS), version=0)


async def own_policy(tx: AsyncSession) -> ReminderPolicy:
    """The brand's own, begun from the suite's, and nobody else's to change until the commit."""
    row = insert(ReminderPolicy).values(brand_id=brand(tx), lead_minutes=list(LEADS), version=0)
    await tx.execute(row.on_conflict_do_nothing())
    return await tx.get_one(ReminderPolicy, brand(tx), with_for_update=True)


async def ready(tx: AsyncSession, *, now: datetime, limit: int) -> Sequence[Notice]:
    """Notices of every brand whose turn it is, locked; what a rival has is passed over."""
    query = (
        select(Notice)
        .where(Notice.status == Status.WAITING, Notice.next_attempt_at <= now)
        .order_by(Notice.next_attempt_at, Notice.notice_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await tx.scalars(query)).all()


async def to_recall(tx: AsyncSession, *, now: datetime, limit: int) -> Sequence[Notice]:
    """Notices of every brand that profile is to be asked to take back, locked; what a rival has is passed over."""
    query = (
        select(Notice)
        .where(Notice.recall_until.is_not(None), Notice.next_attempt_at <= now)
        .order_by(Notice.next_attempt_at, Notice.notice_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await tx.scalars(query)).all()


async def visit(tx: AsyncSession, appointment_id: UUID) -> Appointment | None:
    """The visit as it is: whoever changes it is waited for, and waits until the commit."""
    query = select(Appointment).where(Appointment.brand_id == brand(tx), Appointment.appointment_id == appointment_id)
    return await tx.scalar(query.with_for_update(read=True).execution_options(populate_existing=True))


async def notice(tx: AsyncSession, notice_id: UUID) -> Notice | None:
    """One notice, nobody else's to change until the commit; None once she was erased."""
    return await tx.get(Notice, (brand(tx), notice_id), with_for_update=True)


async def has_later(tx: AsyncSession, one: Notice) -> bool:
    """Whether something newer of the same visit waits, or was told: then the older is not told after it.

    A proposal leaves what stands as it is.
    """
    query = select(
        select(Notice.notice_id)
        .where(
            Notice.brand_id == one.brand_id,
            Notice.appointment_id == one.appointment_id,
            Notice.notice_id > one.notice_id,
            Notice.status.in_([Status.WAITING, Status.SENT]),
            Notice.kind != Kind.PROPOSED,
        )
        .exists()
    )
    return bool(await tx.scalar(query))


async def last_told(tx: AsyncSession, appointment_id: UUID) -> datetime | None:
    """The time of a visit that its client was, or is to be, told last."""
    query = (
        select(Notice.starts_at)
        .where(
            Notice.brand_id == brand(tx),
            Notice.appointment_id == appointment_id,
            Notice.kind.in_([Kind.CONFIRMED, Kind.MOVED]),
            Notice.status != Status.RECALLED,
        )
        .order_by(Notice.notice_id.desc())
        .limit(1)
    )
    return await tx.scalar(query)


async def of_boutique(
    tx: AsyncSession,
    boutique_id: UUID,
    *,
    status: Status | None,
    untold_at: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Notice]:
    """What the clients of a boutique were told, the latest first.

    With `untold_at` only what nobody has told by telephone, what is true still, and what is of use at that moment.
    """
    query = select(Notice).where(Notice.brand_id == brand(tx), Notice.boutique_id == boutique_id)
    if status is not None:
        query = query.where(Notice.status == status)
    if untold_at is not None:
        query = query.where(Notice.telephoned_at.is_(None), _is_true(untold_at))
    if after is not None:
        query = query.where(tuple_(Notice.created_at, Notice.notice_id) < tuple_(*after))
    return (await tx.scalars(query.order_by(Notice.created_at.desc(), Notice.notice_id.desc()).limit(limit))).all()


def _is_true(now: datetime) -> ColumnElement[bool]:
    """What `rules.stands` says, of many notices at once; and of a visit to come, of a proposal that she can answer."""
    said = [
        and_(
            Notice.kind == kind,
            Appointment.status.in_(sorted(states)),
            Appointment.starts_at == Notice.starts_at if kind in OF_ITS_TIME else true(),
            Notice.expires_at > now if kind is Kind.PROPOSED else Notice.starts_at > now,
        )
        for kind, states in STANDS.items()
    ]
    here = and_(Appointment.brand_id == Notice.brand_id, Appointment.appointment_id == Notice.appointment_id)
    return exists().where(here, or_(*said))


async def at_boutique(tx: AsyncSession, boutique_id: UUID, notice_id: UUID) -> Notice:
    """One notice of a boutique, nobody else's to change until the commit; raises NotFound."""
    found = await notice(tx, notice_id)
    if found is None or found.boutique_id != boutique_id:
        raise NotFound
    return found
