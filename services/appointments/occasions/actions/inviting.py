"""Inviting clients: every one gets a verdict, and whoever may be invited is told once her window opens."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from infra.identity import Caller, Role
from infra.ids import new_id
from infra.refusal import NotFound, NotPermitted
from infra.tombstones import buried, spare_all
from services.appointments.directory.queries import LOCAL, brand, within_reach
from services.appointments.occasions.actions.occasions import windows
from services.appointments.occasions.queries import guests, occasions
from services.appointments.occasions.queries.guests import History, Known, Place
from services.appointments.occasions.rules.fatigue import FatiguePolicy, Rule
from services.appointments.occasions.rules.life import (
    OccasionKind,
    OccasionNotOpen,
    Segment,
    Standing,
    Status,
    opening,
)
from services.appointments.occasions.rules.wanted import Guests
from services.appointments.occasions.tables import Invitation, Occasion

# One call after the other decides about a brand's clients: what the first has asked of her the second counts.
_TURN = text(
    "select set_config('lock_timeout', '2500ms', true),"
    " pg_advisory_xact_lock(hashtextextended('occasion-invitations:' || :brand, 0))"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one client; `client_id` as she was named."""

    client_id: UUID
    segment: Segment | None
    rule: Rule | None
    opens_at: datetime | None
    invitation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Inviting:
    """All verdicts of one call, and behind whom the segments hold more clients; None: they hold no more."""

    verdicts: Sequence[Verdict]
    behind: Place | None


async def invite(
    tx: AsyncSession,
    occasion_id: UUID,
    wanted: Guests,
    *,
    after: Place | None,
    strangers: Collection[UUID],
    by: Caller,
    now: datetime,
) -> Inviting:
    """Invite, or with `dry_run` only say whom; raises NotFound, NotPermitted, OccasionNotOpen.

    Advisors invite their own clients by name, boutiques their own clients, headquarters everybody but `strangers`, of
    whom profile does not know either. A draft may have guests: nobody is told before it is published.
    """
    if by.role is Role.ADVISOR and wanted.segments is not None:
        raise NotPermitted
    if not wanted.dry_run:
        await tx.execute(_TURN, {"brand": brand(tx)})
    # After the turn, so that nobody waits for it who keeps the occasion: whoever calls it off sees these guests too.
    occasion = await occasions.visible(tx, occasion_id, by, keep=not wanted.dry_run)
    if occasion.status == Standing.CANCELLED:
        raise OccasionNotOpen
    client_ids, behind = await _named(tx, occasion_id, wanted, after=after, by=by)
    verdicts = await _judged(tx, occasion, client_ids, strangers=strangers, by=by, now=now)
    if not wanted.dry_run:
        how = "segment" if wanted.segments is not None else "hand" if by.role is Role.ADVISOR else "list"
        verdicts = await _write(tx, occasion, verdicts, how=how, by=by, now=now)
    return Inviting(verdicts, behind)


async def _named(
    tx: AsyncSession, occasion_id: UUID, wanted: Guests, *, after: Place | None, by: Caller
) -> tuple[Sequence[UUID], Place | None]:
    if wanted.segments is None:
        return list(dict.fromkeys(wanted.client_ids or ())), None
    places = by.boutique_ids if by.role in LOCAL else None
    if wanted.boutique_id is not None:
        if not within_reach(by, wanted.boutique_id):
            raise NotFound
        places = frozenset({wanted.boutique_id})
    found = await guests.of_segments(
        tx, occasion_id, wanted.segments, boutique_ids=places, after=after, limit=wanted.limit + 1
    )
    looked_at = found[: wanted.limit]
    return [one.client_id for one in looked_at], looked_at[-1] if len(found) > wanted.limit else None


async def _judged(
    tx: AsyncSession,
    occasion: Occasion,
    client_ids: Sequence[UUID],
    *,
    strangers: Collection[UUID],
    by: Caller,
    now: datetime,
) -> list[Verdict]:
    policy = (await occasions.setting(tx)).policy
    known = await guests.known(tx, client_ids)
    histories = await guests.histories(tx, {one.client_id for one in known.values()})
    seen: set[UUID] = set()
    verdicts = []
    for named in client_ids:
        one = known.get(named)
        if one is None or named in strangers or not _serves(by, one):
            verdicts.append(Verdict(named, None, Rule.NOT_FOUND, None))
            continue
        opens_at = opening(one.segment, windows(occasion), others=occasion.opens_at, now=now)
        rule = _rule(occasion, one, histories[one.client_id], policy, at=opens_at)
        if one.client_id in seen:  # named twice, under two of her ids
            rule = Rule.ALREADY_INVITED
        seen.add(one.client_id)
        verdicts.append(Verdict(named, one.segment, rule, opens_at if rule is None else None))
    return verdicts


def _serves(by: Caller, one: Known) -> bool:
    if by.role is Role.ADVISOR:
        return one.advisor_id is not None and one.advisor_id == by.advisor_id
    return by.role not in LOCAL or one.boutique_id in by.boutique_ids


def _rule(occasion: Occasion, one: Known, history: History, policy: FatiguePolicy, *, at: datetime) -> Rule | None:
    if occasion.occasion_id in history.occasion_ids:
        return Rule.ALREADY_INVITED
    return policy.judge(history.past, kind=OccasionKind(occasion.kind), segment=one.segment, at=at)


async def _write(
    tx: AsyncSession, occasion: Occasion, verdicts: Sequence[Verdict], *, how: str, by: Caller, now: datetime
) -> list[Verdict]:
    known = await guests.known(tx, [one.client_id for one in verdicts if one.rule is None])
    # Nobody is buried before this commits, and who was meanwhile is not brought back.
    hers = {f"client:{one.client_id}" for one in known.values()}
    await spare_all(tx, hers)
    gone = {key for _, key in await buried(tx, [(brand(tx), key) for key in hers])}
    written = []
    for one in verdicts:
        client = known.get(one.client_id)
        if one.rule is not None:
            written.append(one)
            continue
        if client is None or f"client:{client.client_id}" in gone:
            written.append(Verdict(one.client_id, None, Rule.NOT_FOUND, None))
            continue
        row = (
            insert(Invitation)
            .values(
                brand_id=occasion.brand_id,
                invitation_id=new_id(),
                occasion_id=occasion.occasion_id,
                client_id=client.client_id,
                segment=one.segment,
                how=how,
                invited_by=by.subject,
                status=Status.DUE,
                opens_at=one.opens_at,
                created_at=now,
                plus_ones=0,
                seats_held=0,
                pass_number=0,
                to_tell="occasion-invitation",
                tellings=1,
                attempts=0,
                next_attempt_at=one.opens_at,
                version=1,
            )
            .on_conflict_do_nothing()
            .returning(Invitation.invitation_id)
        )
        made = (await tx.execute(row)).scalar_one_or_none()
        rule = Rule.ALREADY_INVITED if made is None else None
        written.append(Verdict(one.client_id, one.segment, rule, one.opens_at if made else None, made))
    return written
