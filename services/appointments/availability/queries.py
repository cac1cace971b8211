"""Reads of what is free: always the same number of statements, however many advisors, rooms and times."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from services.appointments.availability.rules import Actor, AdvisorTime, Outlook, RoomTime, Terms
from services.appointments.directory import queries as directory
from services.appointments.directory.queries import brand
from services.appointments.directory.rules import Span, Timetable, absence, spans
from services.appointments.directory.tables import Boutique, Experience, Room

# One index look-up for each resource; a hold that has run out takes nothing any more. What touches is one stretch: of a
# month that is well booked less than half the rows are left.
_BUSY = text(
    """
    select taken.resource_id, lower(stretch.during) as starts_at, upper(stretch.during) as ends_at
    from (
        select o.resource_id, range_agg(o.during) as during
        from unnest(cast(:resources as uuid[])) as wanted (resource_id)
        join occupation o on o.brand_id = :brand and o.resource_id = wanted.resource_id
            and o.during && tstzrange(:starts_at, :ends_at, '[)')
        where not (o.kind = 'hold' and o.expires_at <= :now)
            and o.appointment_id is distinct from :besides
        group by o.resource_id
    ) as taken, unnest(taken.during) as stretch (during)
    """
)

# Climbs to the surviving id and comes down to all that were merged into it; `union` ends even a ring.
_FAMILY = text(
    """
    with recursive up (client_id, depth) as (
        select cast(:client as uuid), 0
        union
        select a.canonical_id, up.depth + 1 from up
        join client_alias a on a.brand_id = :brand and a.client_id = up.client_id where up.depth < 100
    ), down (client_id) as (
        (select client_id from up order by depth desc limit 1)
        union
        select a.client_id from down join client_alias a on a.brand_id = :brand and a.canonical_id = down.client_id
    )
    select down.client_id, o.advisor_id
    from down left join client_owner o on o.brand_id = :brand and o.client_id = down.client_id
    order by down.client_id <> (select client_id from up order by depth desc limit 1), down.client_id
    """
)


@dataclass(frozen=True)
class Person:
    """A client under all her ids, the surviving one first, and the advisor who owns her."""

    client_ids: tuple[UUID, ...]
    owner_id: UUID | None

    @property
    def client_id(self) -> UUID:
        """The id that survived the merges."""
        return self.client_ids[0]


async def person(tx: AsyncSession, client_id: UUID) -> Person:
    """Who is behind an id; the owner of the surviving id counts before those of the merged ones."""
    rows = (await tx.execute(_FAMILY, {"client": client_id, "brand": brand(tx)})).all()
    owners = [row.advisor_id for row in rows if row.advisor_id is not None]
    return Person(tuple(row.client_id for row in rows), owners[0] if owners else None)


async def busy(
    tx: AsyncSession, resource_ids: Iterable[UUID], window: Span, *, now: datetime, besides: UUID | None = None
) -> dict[UUID, list[Span]]:
    """When these resources are taken within the window; `besides` leaves out one appointment's own rows."""
    rows = await tx.execute(
        _BUSY,
        {
            "resources": list(resource_ids),
            "brand": brand(tx),
            "starts_at": window.starts_at,
            "ends_at": window.ends_at,
            "now": now,
            "besides": besides,
        },
    )
    taken: dict[UUID, list[Span]] = defaultdict(list)
    for resource_id, starts_at, ends_at in rows:
        taken[resource_id].append(Span(starts_at, ends_at))
    return taken


def actor(by: Caller) -> Actor:
    """On whose side a caller is."""
    return Actor.CLIENT if by.role is Role.CLIENT else Actor.HOUSE


def terms(experience: Experience) -> Terms:
    """An experience as the rules know it."""
    return Terms(
        duration=timedelta(minutes=experience.duration_minutes),
        before=timedelta(minutes=experience.buffer_before_minutes),
        after=timedelta(minutes=experience.buffer_after_minutes),
        granularity=timedelta(minutes=experience.granularity_minutes),
        notice=timedelta(minutes=experience.notice_minutes),
        horizon=timedelta(days=experience.horizon_days),
        needs_room=experience.needs_room,
        skill=experience.skill,
    )


@dataclass(frozen=True)
class Surroundings:
    """What stays the same while somebody looks for a time: who works where and when, and who asks."""

    boutique_id: UUID
    zone: ZoneInfo
    terms: Terms
    timetables: Mapping[UUID, Timetable]
    advisor_ids: tuple[UUID, ...]  # with the skill, her own first
    absences: Mapping[UUID, Span]  # of those who are away for some days
    rooms: tuple[Room, ...]  # large enough, the smallest first
    client: Person | None


async def surroundings(
    tx: AsyncSession,
    boutique: Boutique,
    experience: Experience,
    window: Span,
    *,
    client: Person | None,
    party_size: int,
) -> Surroundings:
    """What decides besides the visits already made, for times within the window."""
    asked = terms(experience)
    own = client.owner_id if client else None
    able = [
        advisor
        for advisor in await directory.advisors(tx, boutique.boutique_id)
        if asked.skill is None or asked.skill in advisor.skills
    ]
    advisors = sorted((advisor.advisor_id for advisor in able), key=lambda advisor_id: (advisor_id != own, advisor_id))
    zone = ZoneInfo(boutique.zone)
    rooms = sorted(
        (room for room in await directory.rooms(tx, boutique.boutique_id) if room.capacity >= party_size),
        key=lambda room: (room.capacity, room.room_id),
    )
    return Surroundings(
        boutique_id=boutique.boutique_id,
        zone=zone,
        terms=asked,
        timetables=await directory.timetables(tx, [boutique.boutique_id, *advisors], window),
        advisor_ids=tuple(advisors),
        absences={
            one.advisor_id: absence(one.absent_from, one.absent_until, zone)
            for one in able
            if one.absent_from is not None
        },
        rooms=tuple(rooms),
        client=client,
    )


async def outlook(
    tx: AsyncSession, around: Surroundings, window: Span, *, now: datetime, besides: UUID | None = None
) -> Outlook:
    """What decides about visits that start within the window; `besides` is an appointment that may be moved away."""
    near = window.widened(around.terms.before, around.terms.duration + around.terms.after)
    client_ids = around.client.client_ids if around.client else ()
    resources = [*around.advisor_ids, *(room.room_id for room in around.rooms), *client_ids]
    taken = await busy(tx, resources, near, now=now, besides=besides)

    def working(holder_id: UUID) -> tuple[Span, ...]:
        return tuple(spans(around.timetables[holder_id], around.zone, near))

    def away(advisor_id: UUID) -> tuple[Span, ...]:
        absent = around.absences.get(advisor_id)
        return (*taken.get(advisor_id, ()), *((absent,) if absent is not None else ()))

    own = around.client.owner_id if around.client else None
    return Outlook(
        zone=around.zone,
        terms=around.terms,
        opening=working(around.boutique_id),
        advisors=tuple(AdvisorTime(one, working(one), away(one)) for one in around.advisor_ids),
        rooms=tuple(RoomTime(room.room_id, room.capacity, tuple(taken.get(room.room_id, ()))) for room in around.rooms),
        client_busy=tuple(span for one in client_ids for span in taken.get(one, ())),
        own_advisor_id=own if own in around.advisor_ids else None,
    )
