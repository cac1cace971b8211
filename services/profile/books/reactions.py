"""What books do on facts: they know who works where, open a handover when somebody leaves, and outlive merges."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.profile.books import actions
from services.profile.books.actions import planning, staff
from services.profile.books.actions.planning import Wanted
from services.profile.books.queries import handovers
from services.profile.books.rules.handovers import Why
from services.profile.segments.reactions import IdentitiesMerged, IdentitiesSeparated

BY_LEAVING = "appointments"  # who plans a leaver's handover


class AdvisorJoined(Slice):
    """An advisor works at a boutique, from now on and at no other."""

    type: ClassVar[str] = "appointments.advisor-joined.v1"

    advisor_id: UUID
    boutique_id: UUID


class AdvisorDescribed(Slice):
    """What an advisor speaks and offers, who she is in WeCom, when she is away."""

    type: ClassVar[str] = "appointments.advisor-described.v1"

    advisor_id: UUID
    boutique_id: UUID
    languages: list[str]
    skills: list[str]
    wecom_userid: str | None
    absent_from_on: date | None
    absent_until_on: date | None


class AdvisorMoved(Slice):
    """An advisor works elsewhere now."""

    type: ClassVar[str] = "appointments.advisor-moved.v1"

    advisor_id: UUID
    boutique_id: UUID


class AdvisorLeft(Slice):
    """An advisor has left the house."""

    type: ClassVar[str] = "appointments.advisor-left.v1"

    advisor_id: UUID
    boutique_id: UUID
    left_at: datetime


async def know_advisors(tx: AsyncSession, facts: Sequence[Delivered[AdvisorJoined]]) -> None:
    """Keep at which boutique an advisor works."""
    for delivered in facts:
        await staff.join(tx, delivered.fact.advisor_id, delivered.fact.boutique_id)


async def describe(tx: AsyncSession, facts: Sequence[Delivered[AdvisorDescribed]]) -> None:
    """Keep what is known of an advisor."""
    for delivered in facts:
        fact = delivered.fact
        await staff.describe(
            tx,
            fact.advisor_id,
            fact.boutique_id,
            languages=fact.languages,
            skills=fact.skills,
            wecom_userid=fact.wecom_userid,
            absent_from_on=fact.absent_from_on,
            absent_until_on=fact.absent_until_on,
        )


async def move(tx: AsyncSession, facts: Sequence[Delivered[AdvisorMoved]]) -> None:
    """Keep where she works now; her clients stay hers until somebody hands them over."""
    for delivered in facts:
        await staff.move(tx, delivered.fact.advisor_id, delivered.fact.boutique_id)


async def let_go(tx: AsyncSession, facts: Sequence[Delivered[AdvisorLeft]]) -> None:
    """Keep that she has left."""
    for delivered in facts:
        fact = delivered.fact
        await staff.leave(tx, fact.advisor_id, fact.boutique_id, at=fact.left_at)


async def inherit(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]]) -> None:
    """Give the surviving record the merged one's owner where it has none."""
    for delivered in facts:
        fact = delivered.fact
        await actions.inherit(tx, fact.client_id, fact.merged_client_id, now=delivered.occurred_at)


async def disinherit(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]]) -> None:
    """Take from each side the owner that only the other's record had brought."""
    for delivered in facts:
        fact = delivered.fact
        both = [fact.known_as_client_id, fact.merged_client_id]
        await actions.disinherit(tx, both, now=delivered.occurred_at)


def reactions(clock: Callable[[], datetime]) -> list[Reaction]:
    """The reactions. Who is there to take a leaver's clients over is asked of the day of this service's clock."""

    async def plan_handover(tx: AsyncSession, facts: Sequence[Delivered[AdvisorLeft]]) -> None:
        """Plan to whom a leaver's clients go, once; a person looks at it and starts it."""
        for delivered in facts:
            wanted = Wanted(delivered.fact.advisor_id, Why.LEFT)
            if await handovers.open_of(tx, wanted.from_advisor_id) is not None:
                continue
            now = clock()
            planned = await planning.draw(tx, wanted, boutiques=None, now=now, is_lenient=True)
            if planned.placements:
                await planning.plan(tx, wanted, planned, by=BY_LEAVING, now=now)

    return [
        on(AdvisorJoined, know_advisors, fills=("advisor",)),
        on(AdvisorDescribed, describe, fills=("advisor",)),
        on(AdvisorMoved, move, fills=("advisor",)),
        on(AdvisorLeft, let_go, fills=("advisor",)),
        on(AdvisorLeft, plan_handover),
        on(IdentitiesMerged, inherit),
        on(IdentitiesSeparated, disinherit),
    ]
