"""Reads of invitations: a guest's own, the house's list, and what is known of clients before they are invited."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, column, exists, func, or_, select, table, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.refusal import NotFound
from services.appointments.availability import queries as availability
from services.appointments.availability.tables import ClientOwner
from services.appointments.directory.queries import LOCAL, brand
from services.appointments.occasions.rules.fatigue import Answer, Past
from services.appointments.occasions.rules.life import OccasionKind, Segment, Status
from services.appointments.occasions.tables import Invitation, Occasion

NO = (Status.DECLINED, Status.WITHDRAWN)
YES = (Status.ACCEPTED, Status.ATTENDED)

# One client under all her ids, whoever was merged into whom. Of whom profile has told us nothing stands here too: see
# `unheard`.
_KNOWN = text(
    """
    select asked.id as asked_id, coalesce(a.canonical_id, asked.id) as client_id, s.segment,
        o.advisor_id, o.boutique_id
    from unnest(cast(:ids as uuid[])) with ordinality as asked (id, n)
    left join client_alias a on a.brand_id = :brand and a.client_id = asked.id
    left join client_segment s on s.brand_id = :brand and s.client_id = coalesce(a.canonical_id, asked.id)
    left join client_owner o on o.brand_id = :brand and o.client_id = coalesce(a.canonical_id, asked.id)
    where not exists (select from tombstone t where t.brand_id = :brand and t.aggregate = 'client:' || asked.id)
    order by asked.n
    """
)
# Those who were asked to nothing for longest come first, so that it is not always the same ones.
_OF_SEGMENTS = text(
    """
    select s.client_id, before.last_at from client_segment s
    left join client_owner o on o.brand_id = s.brand_id and o.client_id = s.client_id
    left join lateral (
        select max(coalesce(i.invited_at, i.opens_at)) as last_at, bool_or(i.occasion_id = :occasion) as asked
        from occasion_invitation i where i.brand_id = s.brand_id and i.client_id = any(array(
            select s.client_id union all
            select c.client_id from client_alias c where c.brand_id = s.brand_id and c.canonical_id = s.client_id
        ))
    ) as before on true
    where s.brand_id = :brand and s.segment = any(:segments)
    and not coalesce(before.asked, false)
    and not exists (select from client_alias a where a.brand_id = s.brand_id and a.client_id = s.client_id)
    and (cast(:everywhere as boolean) or o.boutique_id = any(cast(:boutiques as uuid[])))
    and (coalesce(before.last_at, '-infinity'), s.client_id) >
        (coalesce(cast(:last_at as timestamptz), '-infinity'), cast(:client_id as uuid))
    order by coalesce(before.last_at, '-infinity'), s.client_id
    limit :limit
    """
)
# Neither whose she is nor her segment: profile has told us nothing of her, under none of her ids.
_UNHEARD = text(
    """
    select asked.id from unnest(cast(:ids as uuid[])) as asked (id)
    left join client_alias a on a.brand_id = :brand and a.client_id = asked.id
    where a.client_id is null
    and not exists (select from client_segment s where s.brand_id = :brand and s.client_id = asked.id)
    and not exists (select from client_owner o where o.brand_id = :brand and o.client_id = asked.id)
    """
)
_PAST = text(
    """
    select coalesce(a.canonical_id, i.client_id) as client_id, i.occasion_id, o.kind,
        coalesce(i.invited_at, i.opens_at) as at, i.status, i.invited_at, i.answered_at
    from occasion_invitation i
    join occasion o on o.brand_id = i.brand_id and o.occasion_id = i.occasion_id
    left join client_alias a on a.brand_id = i.brand_id and a.client_id = i.client_id
    where i.brand_id = :brand and (i.client_id = any(:ids) or a.canonical_id = any(:ids))
    """
)

_ALIAS = table("client_alias", column("brand_id"), column("client_id"), column("canonical_id"))
# The record that a guest's was merged into, if it was: whose client she is is known of that one.
_SURVIVING = (
    select(_ALIAS.c.canonical_id)
    .where(_ALIAS.c.brand_id == Invitation.brand_id, _ALIAS.c.client_id == Invitation.client_id)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Known:
    """A client as far as inviting her goes: her surviving id, her segment, whose she is."""

    client_id: UUID
    segment: Segment | None
    advisor_id: UUID | None
    boutique_id: UUID | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client stands among those of her segments: since when she was asked to nothing, and her id."""

    last_at: datetime | None
    client_id: UUID


FIRST = Place(None, UUID(int=0))  # before everybody


@dataclass(frozen=True, slots=True)
class History:
    """What she was invited to, and whether this occasion is among it."""

    past: Sequence[Past]
    occasion_ids: frozenset[UUID]


async def known(tx: AsyncSession, client_ids: Sequence[UUID]) -> Mapping[UUID, Known]:
    """What we know of clients, by the ids that were asked for; who had herself erased is not among them."""
    rows = await tx.execute(_KNOWN, {"brand": brand(tx), "ids": list(client_ids)})
    return {
        row.asked_id: Known(
            row.client_id, Segment(row.segment) if row.segment else None, row.advisor_id, row.boutique_id
        )
        for row in rows
    }


async def unheard(tx: AsyncSession, client_ids: Collection[UUID]) -> Collection[UUID]:
    """Those of whom profile has told us nothing, so that it alone can say whether there is such a client."""
    return set((await tx.execute(_UNHEARD, {"brand": brand(tx), "ids": list(client_ids)})).scalars())


async def segment(tx: AsyncSession, client_id: UUID) -> Segment | None:
    """Her segment, as far as profile has told it."""
    found = await known(tx, [client_id])
    return found[client_id].segment if client_id in found else None


async def of_segments(
    tx: AsyncSession,
    occasion_id: UUID,
    segments: Sequence[Segment],
    *,
    boutique_ids: Collection[UUID] | None,
    after: Place | None,
    limit: int,
) -> Sequence[Place]:
    """Clients of these segments who are not yet invited to this occasion, behind a place; None: of every boutique."""
    behind = after or FIRST
    asked = {
        "brand": brand(tx),
        "occasion": occasion_id,
        "segments": [one.value for one in segments],
        "everywhere": boutique_ids is None,
        "boutiques": list(boutique_ids or ()),
        "last_at": behind.last_at,
        "client_id": behind.client_id,
        "limit": limit,
    }
    return [Place(row.last_at, row.client_id) for row in await tx.execute(_OF_SEGMENTS, asked)]


async def histories(tx: AsyncSession, client_ids: Collection[UUID]) -> Mapping[UUID, History]:
    """What clients (by their surviving ids) were invited to, under any of their ids."""
    past: dict[UUID, list[Past]] = {one: [] for one in client_ids}
    occasions: dict[UUID, set[UUID]] = {one: set() for one in client_ids}
    for row in await tx.execute(_PAST, {"brand": brand(tx), "ids": list(client_ids)}):
        if row.client_id not in past:  # merged further meanwhile
            continue
        occasions[row.client_id].add(row.occasion_id)
        status = Status(row.status)
        # What was taken back before she heard of it has not tired her.
        unheard = row.invited_at is None and row.answered_at is None
        if status is Status.UNREACHABLE or (status is Status.CANCELLED and unheard):
            continue
        answer = Answer.YES if status in YES else Answer.NO if status in NO else Answer.NONE
        past[row.client_id].append(Past(OccasionKind(row.kind), row.at, answer, row.answered_at))
    return {one: History(past[one], frozenset(occasions[one])) for one in client_ids}


async def _eyes(tx: AsyncSession, by: Caller) -> ColumnElement[bool]:
    """What this caller may see: her own, her clients', her boutiques', or the brand's."""
    if by.role is Role.CLIENT:
        if by.client_id is None:
            raise NotFound
        person = await availability.person(tx, by.client_id)
        # What she has not heard of is not hers yet; what somebody of the house has said yes to for her is.
        heard = or_(Invitation.invited_at.is_not(None), Invitation.answered_at.is_not(None))
        return Invitation.client_id.in_(person.client_ids) & heard
    if by.role not in LOCAL:
        return true()
    owned = exists().where(
        ClientOwner.brand_id == Invitation.brand_id,
        ClientOwner.client_id == func.coalesce(_SURVIVING, Invitation.client_id),
        ClientOwner.advisor_id == by.advisor_id
        if by.role is Role.ADVISOR
        else ClientOwner.boutique_id.in_(by.boutique_ids),
    )
    return owned if by.role is Role.ADVISOR else or_(owned, Occasion.boutique_id.in_(by.boutique_ids))


def _joined() -> Select[Invitation]:
    return select(Invitation).join(
        Occasion,
        (Occasion.brand_id == Invitation.brand_id) & (Occasion.occasion_id == Invitation.occasion_id),
    )


async def visible(tx: AsyncSession, invitation_id: UUID, by: Caller, *, lock: bool = False) -> Invitation:
    """One invitation; raises NotFound when there is none that this caller may see.

    With `lock`, two who answer it take turns.
    """
    query = _joined().where(
        Invitation.brand_id == brand(tx), Invitation.invitation_id == invitation_id, await _eyes(tx, by)
    )
    found = (await tx.execute(query.with_for_update(of=Invitation) if lock else query)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def page(
    tx: AsyncSession,
    by: Caller,
    *,
    occasion_id: UUID | None = None,
    status: Status | None = None,
    after: UUID | None,
    limit: int,
) -> Sequence[Invitation]:
    """Invitations that this caller may see, the latest made first."""
    query = _joined().where(Invitation.brand_id == brand(tx), await _eyes(tx, by))
    if occasion_id is not None:
        query = query.where(Invitation.occasion_id == occasion_id)
    if status is not None:
        query = query.where(Invitation.status == status)
    if after is not None:
        query = query.where(Invitation.invitation_id < after)
    return (await tx.execute(query.order_by(Invitation.invitation_id.desc()).limit(limit))).scalars().all()


async def waiting(tx: AsyncSession, session_id: UUID, *, now: datetime, limit: int) -> Sequence[Invitation]:
    """Guests who wait for a seat of this session and may be asked now, by the time they have waited."""
    query = (
        select(Invitation)
        .where(
            Invitation.brand_id == brand(tx),
            Invitation.session_id == session_id,
            Invitation.status == Status.WAITING,
            Invitation.next_attempt_at <= now,
        )
        .order_by(Invitation.waiting_since, Invitation.invitation_id)
        .limit(limit)
    )
    return (await tx.execute(query)).scalars().all()
