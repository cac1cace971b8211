"""Reads of occasions and their sessions, through the eyes of a caller."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller
from infra.refusal import NotFound
from services.appointments.directory.queries import LOCAL, brand
from services.appointments.occasions.rules.fatigue import FatiguePolicy
from services.appointments.occasions.rules.life import OccasionKind, Segment
from services.appointments.occasions.rules.seats import Reserve, Seating, reserves_hold
from services.appointments.occasions.tables import Occasion, OccasionPolicy, Session, SessionReserve

# Whoever wants a seat waits its turn a little longer than the login's lock_timeout would let it.
_PATIENCE = text("select set_config('lock_timeout', '2500ms', true)")


@dataclass(frozen=True)
class Setting:
    """A brand's patience, with the version to change it from; 0: nobody has set any."""

    policy: FatiguePolicy
    version: int


@dataclass(frozen=True)
class Seated:
    """A session and what is reserved in it."""

    session: Session
    reserves: Sequence[SessionReserve]

    def seating(self, occasion: Occasion, *, now: datetime) -> Seating:
        """Its seats, as the rules know them."""
        return Seating(
            self.session.seats,
            self.session.taken,
            {Segment(one.segment): Reserve(one.seats, one.taken) for one in self.reserves},
            reserves_hold(occasion.reserves_until, now=now),
        )


def _shown(by: Caller) -> ColumnElement[bool]:
    # The brand's own occasions are everybody's to know of.
    if by.role in LOCAL:
        return or_(Occasion.boutique_id.is_(None), Occasion.boutique_id.in_(by.boutique_ids))
    return true()


async def visible(tx: AsyncSession, occasion_id: UUID, by: Caller, *, keep: bool = False) -> Occasion:
    """One occasion; raises NotFound when there is none that this caller may know of.

    With `keep` nobody changes it or calls it off before the commit; any number may keep it at once.
    """
    query = select(Occasion).where(Occasion.brand_id == brand(tx), Occasion.occasion_id == occasion_id, _shown(by))
    found = (await tx.execute(query.with_for_update(read=True) if keep else query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def own(tx: AsyncSession, occasion_id: UUID, by: Caller) -> Occasion:
    """One occasion that this caller runs, locked; raises NotFound. The brand's own are headquarters' to run."""
    query = select(Occasion).where(Occasion.brand_id == brand(tx), Occasion.occasion_id == occasion_id)
    if by.role in LOCAL:
        query = query.where(Occasion.boutique_id.in_(by.boutique_ids))
    found = (await tx.execute(query.with_for_update())).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def occasion(tx: AsyncSession, occasion_id: UUID) -> Occasion:
    """One occasion, whoever asks."""
    return await tx.get_one(Occasion, (brand(tx), occasion_id))


async def page(
    tx: AsyncSession, by: Caller, *, kind: OccasionKind | None, after: UUID | None, limit: int
) -> Sequence[Occasion]:
    """Occasions that this caller may know of, the latest made first."""
    query: Select[Occasion] = select(Occasion).where(Occasion.brand_id == brand(tx), _shown(by))
    if kind is not None:
        query = query.where(Occasion.kind == kind)
    if after is not None:
        query = query.where(Occasion.occasion_id < after)
    return (await tx.execute(query.order_by(Occasion.occasion_id.desc()).limit(limit))).scalars().all()


async def sessions(tx: AsyncSession, occasion_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Seated]]:
    """The sessions of some occasions by their start, with what is reserved in them."""
    query = (
        select(Session)
        .where(Session.brand_id == brand(tx), Session.occasion_id.in_(occasion_ids))
        .order_by(Session.starts_at, Session.session_id)
    )
    found = (await tx.execute(query)).scalars().all()
    kept = await _reserves(tx, [one.session_id for one in found])
    of: dict[UUID, list[Seated]] = {one: [] for one in occasion_ids}
    for one in found:
        of[one.occasion_id].append(Seated(one, kept.get(one.session_id, ())))
    return of


async def locked(tx: AsyncSession, session_ids: Collection[UUID]) -> Mapping[UUID, Seated]:
    """Some sessions, nobody else's to seat guests in before the commit. Everybody locks them in the order of ids."""
    await tx.execute(_PATIENCE)
    query = (
        select(Session)
        .where(Session.brand_id == brand(tx), Session.session_id.in_(session_ids))
        .order_by(Session.session_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = (await tx.execute(query)).scalars().all()
    # After the locks: what the one before us has taken is counted.
    kept = await _reserves(tx, [one.session_id for one in found])
    return {one.session_id: Seated(one, kept.get(one.session_id, ())) for one in found}


async def _reserves(tx: AsyncSession, session_ids: Collection[UUID]) -> Mapping[UUID, Sequence[SessionReserve]]:
    query = (
        select(SessionReserve)
        .where(and_(SessionReserve.brand_id == brand(tx), SessionReserve.session_id.in_(session_ids)))
        .order_by(SessionReserve.session_id, SessionReserve.segment)
        .execution_options(populate_existing=True)
    )
    of: dict[UUID, list[SessionReserve]] = {}
    for one in (await tx.execute(query)).scalars():
        of.setdefault(one.session_id, []).append(one)
    return of


async def setting(tx: AsyncSession, *, lock: bool = False) -> Setting:
    """The brand's patience, the house's own where it has set none."""
    query = select(OccasionPolicy).where(OccasionPolicy.brand_id == brand(tx))
    row = (await tx.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if row is None:
        return Setting(FatiguePolicy(), 0)
    policy = FatiguePolicy(
        row.most_invitations,
        row.within_days,
        row.alternates,
        row.declines,
        row.pause_days,
        tuple(Segment(one) for one in row.pauses_for),
        tuple(Segment(one) for one in row.wait_order),
        row.offer_minutes,
    )
    return Setting(policy, row.version)
