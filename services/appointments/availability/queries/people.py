"""Reads of who asks: a client under all her ids, her own advisor, and what is open to her."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, and_, any_, exists, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from services.appointments.availability.rules import Actor
from services.appointments.availability.rules.judging import Offer
from services.appointments.availability.tables import ExperienceGuest
from services.appointments.directory.queries import brand
from services.appointments.directory.rules import Audience, Mode, Span
from services.appointments.directory.tables import Experience

DAY = timedelta(days=1)  # no visit is longer

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
    select down.client_id, o.advisor_id, s.segment
    from down left join client_owner o on o.brand_id = :brand and o.client_id = down.client_id
    left join client_segment s on s.brand_id = :brand and s.client_id = down.client_id
    order by down.client_id <> (select client_id from up order by depth desc limit 1), down.client_id
    """
)

# Who stands in for one client comes before who stands in for the whole book.
_DEPUTIES = text(
    """
    select advisor_id from client_deputy
    where brand_id = :brand and client_id = any(:ids) and from_at <= :at and (until_at is null or until_at > :at)
    union all
    select advisor_id from book_deputy
    where brand_id = :brand and owner_advisor_id = :owner and from_at <= :at and (until_at is null or until_at > :at)
    """
)


_STAND_INS = text(
    """
    select advisor_id, from_at, coalesce(until_at, :last) as until_at from client_deputy
    where brand_id = :brand and client_id = any(:ids) and from_at < :last and (until_at is null or until_at > :first)
    union all
    select advisor_id, from_at, coalesce(until_at, :last) as until_at from book_deputy
    where brand_id = :brand and owner_advisor_id = :owner and from_at < :last
        and (until_at is null or until_at > :first)
    """
)


@dataclass(frozen=True)
class Person:
    """A client under all her ids, the surviving one first; the advisor who owns her, and her segment (for us alone)."""

    client_ids: tuple[UUID, ...]
    owner_id: UUID | None
    segment: str | None = None

    @property
    def client_id(self) -> UUID:
        """The id that survived the merges."""
        return self.client_ids[0]


async def person(tx: AsyncSession, client_id: UUID) -> Person:
    """Who is behind an id; what is known of the surviving id counts before that of the merged ones."""
    rows = (await tx.execute(_FAMILY, {"client": client_id, "brand": brand(tx)})).all()
    owners = [row.advisor_id for row in rows if row.advisor_id is not None]
    segments = [row.segment for row in rows if row.segment is not None]
    return Person(
        tuple(row.client_id for row in rows), owners[0] if owners else None, segments[0] if segments else None
    )


async def deputies(tx: AsyncSession, client: Person, *, at: datetime) -> Sequence[UUID]:
    """Who stands in for her own advisor at that time."""
    if client.owner_id is None:
        return ()
    asked = {"brand": brand(tx), "ids": list(client.client_ids), "owner": client.owner_id, "at": at}
    return (await tx.execute(_DEPUTIES, asked)).scalars().all()


async def stand_ins(tx: AsyncSession, client: Person, window: Span) -> list[tuple[UUID, Span]]:
    """Who stands in for her own advisor within the window, and from when to when; without an end, beyond its day."""
    if client.owner_id is None:
        return []
    asked = {"brand": brand(tx), "ids": list(client.client_ids), "owner": client.owner_id}
    rows = await tx.execute(_STAND_INS, {**asked, "first": window.starts_at, "last": window.ends_at + DAY})
    return [(row.advisor_id, Span(row.from_at, row.until_at)) for row in rows]


def actor(by: Caller) -> Actor:
    """On whose side a caller is."""
    return Actor.CLIENT if by.role is Role.CLIENT else Actor.HOUSE


def offer(experience: Experience) -> Offer:
    """To whom and how an experience is offered, as the rules know it."""
    return Offer(
        active=experience.active,
        audience=Audience(experience.audience),
        segments=tuple(experience.open_to_segments),
        modes=tuple(Mode(one) for one in experience.modes),
        languages=tuple(experience.languages),
    )


async def is_invited(tx: AsyncSession, experience_id: UUID, client: Person) -> bool:
    """Whether an experience by invitation is open to her."""
    query = select(
        exists().where(
            ExperienceGuest.brand_id == brand(tx),
            ExperienceGuest.experience_id == experience_id,
            ExperienceGuest.client_id.in_(client.client_ids),
        )
    )
    return bool((await tx.execute(query)).scalar_one())


async def check_offer(
    tx: AsyncSession,
    experience: Experience,
    client: Person | None,
    *,
    actor: Actor,
    mode: Mode | None = None,
    language: str | None = None,
) -> None:
    """Whether she may have this at all, whenever.

    Raises ExperienceInactive, NotOpenToHer (clients only), ModeNotOffered, LanguageNotOffered.
    """
    by_invitation = client is not None and experience.audience == Audience.INVITATION and actor is Actor.CLIENT
    invited = client is not None and by_invitation and await is_invited(tx, experience.experience_id, client)
    offer(experience).judge(
        actor=actor, segment=client.segment if client else None, invited=invited, mode=mode, language=language
    )


async def open_to(tx: AsyncSession, client: Person, *, after: str | None, limit: int) -> Sequence[Experience]:
    """The experiences that a client may book, by code."""
    invited = exists().where(
        ExperienceGuest.brand_id == Experience.brand_id,
        ExperienceGuest.experience_id == Experience.experience_id,
        ExperienceGuest.client_id.in_(client.client_ids),
    )
    query: Select[Experience] = (
        select(Experience)
        .where(
            Experience.brand_id == brand(tx),
            Experience.active,
            or_(
                Experience.audience == Audience.EVERYONE,
                and_(
                    Experience.audience == Audience.SEGMENT,
                    literal(client.segment) == any_(Experience.open_to_segments),
                ),
                and_(Experience.audience == Audience.INVITATION, invited),
            ),
        )
        .order_by(Experience.code)
        .limit(limit)
    )
    return (await tx.execute(query if after is None else query.where(Experience.code > after))).scalars().all()


async def guests(tx: AsyncSession, experience_id: UUID, *, after: UUID | None, limit: int) -> Sequence[ExperienceGuest]:
    """The clients to whom an experience by invitation is open, by id."""
    query = (
        select(ExperienceGuest)
        .where(ExperienceGuest.brand_id == brand(tx), ExperienceGuest.experience_id == experience_id)
        .order_by(ExperienceGuest.client_id)
        .limit(limit)
    )
    return (
        (await tx.execute(query if after is None else query.where(ExperienceGuest.client_id > after))).scalars().all()
    )
