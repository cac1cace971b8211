"""Reads of what is free: always the same number of statements, however many boutiques, advisors, rooms and times."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from services.appointments.availability.queries.people import Person
from services.appointments.availability.queries.taken import taken
from services.appointments.availability.rules import AdvisorTime, Lack, Outlook, RoomTime, Terms
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import Mode, Span, Timetable, absence, spans
from services.appointments.directory.tables import Advisor, Boutique, Experience, Room


def terms(experience: Experience, mode: Mode | None = None) -> Terms:
    """An experience as the rules know it. Nobody needs a room for a video visit."""
    how = mode or (Mode.IN_PERSON if Mode.IN_PERSON in experience.modes else Mode.VIDEO)
    return Terms(
        duration=timedelta(minutes=experience.duration_minutes),
        before=timedelta(minutes=experience.buffer_before_minutes),
        after=timedelta(minutes=experience.buffer_after_minutes),
        granularity=timedelta(minutes=experience.granularity_minutes),
        notice=timedelta(minutes=experience.notice_minutes),
        horizon=timedelta(days=experience.horizon_days),
        needs_room=experience.needs_room and how is Mode.IN_PERSON,
        skill=experience.skill,
        room_kind=experience.room_kind,
        needs_second=experience.needs_second_advisor,
        second_skill=experience.second_skill,
        languages=tuple(experience.languages),
    )


@dataclass(frozen=True)
class Surroundings:
    """What stays the same while somebody looks for a time: who works where and when, and who asks."""

    boutique_id: UUID
    zone: ZoneInfo
    terms: Terms
    timetables: Mapping[UUID, Timetable]
    advisor_ids: tuple[UUID, ...]  # with the skill and a language, her own first
    absences: Mapping[UUID, Span]  # of those who are away for some days
    rooms: tuple[Room, ...]  # of the kind and large enough, the smallest first
    client: Person | None
    second_ids: tuple[UUID, ...] = ()  # who may assist
    lacks: frozenset[Lack] = frozenset()

    @property
    def staff_ids(self) -> tuple[UUID, ...]:
        """Everybody who may receive her or assist, once."""
        return tuple(dict.fromkeys([*self.advisor_ids, *self.second_ids]))


async def surroundings(
    tx: AsyncSession,
    boutique: Boutique,
    experience: Experience,
    window: Span,
    *,
    client: Person | None,
    party_size: int,
    mode: Mode | None = None,
    language: str | None = None,
) -> Surroundings:
    """What decides besides the visits already made, for times within the window."""
    (only,) = await all_surroundings(
        tx,
        [boutique],
        experience,
        window,
        client=client,
        party_size=party_size,
        mode=mode,
        language=language,
    )
    return only


async def all_surroundings(
    tx: AsyncSession,
    boutiques: Collection[Boutique],
    experience: Experience,
    window: Span,
    *,
    client: Person | None,
    party_size: int,
    mode: Mode | None = None,
    language: str | None = None,
) -> list[Surroundings]:
    """The same of several boutiques, in as many statements as of one."""
    asked = terms(experience, mode)
    own = client.owner_id if client else None
    places = [boutique.boutique_id for boutique in boutiques]
    staff = await directory.staff_of(tx, places)
    rooms = await directory.rooms_of(tx, places)
    timetables = await directory.timetables(tx, [*places, *(one.advisor_id for one in staff)], window)
    found = []
    for boutique in boutiques:
        zone = ZoneInfo(boutique.zone)
        here = [one for one in staff if one.boutique_id == boutique.boutique_id]
        skilled = [one for one in here if asked.skill is None or asked.skill in one.skills]
        able = [one for one in skilled if _speaks(one, asked, language)]
        seconds = [
            one.advisor_id
            for one in here
            if asked.needs_second and (asked.second_skill is None or asked.second_skill in one.skills)
        ]
        fit, room_lacks = _fit(
            [room for room in rooms if room.boutique_id == boutique.boutique_id], asked, party_size=party_size
        )
        lacks = {
            Lack.SKILL: not skilled,
            Lack.LANGUAGE: bool(skilled) and not able,
            Lack.SECOND: asked.needs_second and not seconds,
        }
        found.append(
            Surroundings(
                boutique_id=boutique.boutique_id,
                zone=zone,
                terms=asked,
                timetables=timetables,
                advisor_ids=tuple(sorted((one.advisor_id for one in able), key=lambda one: (one != own, one))),
                absences={
                    one.advisor_id: absence(one.absent_from, one.absent_until, zone)
                    for one in here
                    if one.absent_from is not None
                },
                rooms=fit,
                client=client,
                second_ids=tuple(seconds),
                lacks=frozenset(lack for lack, is_so in lacks.items() if is_so) | room_lacks,
            )
        )
    return found


def _speaks(advisor: Advisor, asked: Terms, language: str | None) -> bool:
    if language is not None:
        return language in advisor.languages
    return not asked.languages or any(one in advisor.languages for one in asked.languages)


def _fit(rooms: Sequence[Room], asked: Terms, *, party_size: int) -> tuple[tuple[Room, ...], frozenset[Lack]]:
    if not asked.needs_room:
        return (), frozenset()
    of_kind = [room for room in rooms if asked.room_kind in {None, room.room_kind}]
    fit = [room for room in of_kind if room.capacity >= party_size]
    if not of_kind and rooms:
        return (), frozenset({Lack.ROOM_KIND})
    if not fit:
        return (), frozenset({Lack.ROOM_SIZE})
    return tuple(sorted(fit, key=lambda room: (room.capacity, room.room_id))), frozenset()


async def outlook(
    tx: AsyncSession, around: Surroundings, window: Span, *, now: datetime, besides: UUID | None = None
) -> Outlook:
    """What decides about visits that start within the window; `besides` is an appointment that may be moved away."""
    (only,) = await outlooks(tx, [around], window, now=now, besides=besides)
    return only


async def outlooks(
    tx: AsyncSession, several: Sequence[Surroundings], window: Span, *, now: datetime, besides: UUID | None = None
) -> list[Outlook]:
    """The same of several boutiques, about one experience, in one statement."""
    if not several:
        return []
    asked, client = several[0].terms, several[0].client
    near = window.widened(asked.before, asked.duration + asked.after)
    client_ids = client.client_ids if client else ()
    resources = [one for around in several for one in (*around.staff_ids, *(room.room_id for room in around.rooms))]
    places = [around.boutique_id for around in several]
    found = await taken(tx, [*resources, *client_ids], places, near, now=now, besides=besides)
    own = client.owner_id if client else None

    def one(around: Surroundings) -> Outlook:
        shut = tuple(found.closures.get(around.boutique_id, ()))

        def working(holder_id: UUID) -> tuple[Span, ...]:
            return tuple(spans(around.timetables[holder_id], around.zone, near))

        def time(advisor_id: UUID) -> AdvisorTime:
            absent = around.absences.get(advisor_id)
            leave = (*found.leave.get(advisor_id, ()), *((absent,) if absent is not None else ()))
            return AdvisorTime(
                advisor_id, working(advisor_id), (*found.visits.get(advisor_id, ()), *leave, *shut), leave
            )

        staff = {advisor_id: time(advisor_id) for advisor_id in around.staff_ids}
        return Outlook(
            zone=around.zone,
            terms=around.terms,
            opening=working(around.boutique_id),
            advisors=tuple(staff[advisor_id] for advisor_id in around.advisor_ids),
            rooms=tuple(
                RoomTime(room.room_id, room.capacity, (*found.visits.get(room.room_id, ()), *shut))
                for room in around.rooms
            ),
            client_busy=tuple(span for one in client_ids for span in found.visits.get(one, ())),
            own_advisor_id=own if own in around.advisor_ids else None,
            seconds=tuple(staff[advisor_id] for advisor_id in around.second_ids),
            closures=shut,
            lacks=around.lacks,
        )

    return [one(around) for around in several]
