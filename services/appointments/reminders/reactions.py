"""What is told on facts, our own among them: one line each at the bottom."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.appointments.reminders.actions import noting
from services.appointments.reminders.actions.noting import News
from services.appointments.reminders.rules import Kind


class AboutVisit(Slice):
    """What all of them say of a visit."""

    type: ClassVar[str] = "appointments.confirmed.v1"

    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    starts_at: datetime


class VisitRequested(AboutVisit):
    """She asked for a visit that the boutique has to approve."""

    type: ClassVar[str] = "appointments.requested.v1"


class VisitConfirmed(AboutVisit):
    """A visit is agreed."""

    type: ClassVar[str] = "appointments.confirmed.v1"


class VisitMoved(AboutVisit):
    """It has another time, or somebody else receives her."""

    type: ClassVar[str] = "appointments.moved.v1"


class VisitCancelled(AboutVisit):
    """It was given up."""

    type: ClassVar[str] = "appointments.cancelled.v1"


class VisitRefused(AboutVisit):
    """What she asked for will not take place."""

    type: ClassVar[str] = "appointments.refused.v1"


class VisitProposed(AboutVisit):
    """The house would like to move it to that time; she has until `expires_at` to say so."""

    type: ClassVar[str] = "appointments.proposed.v1"

    expires_at: datetime


class ProposalEnded(Slice):
    """She answered, or did not; when she did not, the visit stays when it is."""

    type: ClassVar[str] = "appointments.proposal-ended.v1"

    appointment_id: UUID
    client_id: UUID
    boutique_id: UUID
    outcome: str


class VisitDisrupted(AboutVisit):
    """Nobody can receive her then; what was offered in its place is a proposal of its own."""

    type: ClassVar[str] = "appointments.disrupted.v1"

    outcome: str


class MessageRefused(Slice):
    """A message will not reach her, by profile's rules or by the channel's; `reference` is our notice."""

    type: ClassVar[str] = "profile.message-refused.v1"

    reference: UUID | None = None
    reason: str


NOTHING_FREE = "nothing-free"
REASSIGNED = "reassigned"
EXPIRED = "expired"


@dataclass(frozen=True)
class Teller:
    """Has clients told. Whether something is still of use is told by the service's clock."""

    clock: Callable[[], datetime]

    def tells(self, kind: Kind) -> Callable[[AsyncSession, Sequence[Delivered[Any]]], Awaitable[None]]:
        """Tell it of the visits that facts are about."""

        async def tell(tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
            await noting.note(tx, [_news(kind, told) for told in facts], now=self.clock())

        return tell

    async def take_back(self, tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
        """What was said of a visit before and has not left is not to leave any more."""
        for told in facts:
            await noting.take_back(tx, told.fact.appointment_id, now=self.clock())

    async def propose(self, tx: AsyncSession, facts: Sequence[Delivered[VisitProposed]]) -> None:
        """Ask her, as long as she can answer."""
        news = [_news(Kind.PROPOSED, told, until=told.fact.expires_at) for told in facts]
        await noting.note(tx, news, now=self.clock())

    async def disrupt(self, tx: AsyncSession, facts: Sequence[Delivered[VisitDisrupted]]) -> None:
        """Tell those for whom there is nothing to propose, and those whom somebody else receives."""
        kinds = {NOTHING_FREE: Kind.DISRUPTED, REASSIGNED: Kind.REASSIGNED}
        news = [_news(kinds[told.fact.outcome], told) for told in facts if told.fact.outcome in kinds]
        await noting.note(tx, news, now=self.clock())

    async def end(self, tx: AsyncSession, facts: Sequence[Delivered[ProposalEnded]]) -> None:
        """Ask her no more; say what holds of the visit, where she has not answered."""
        for told in facts:
            await noting.end_proposal(tx, told.fact.appointment_id, now=self.clock())
            if told.fact.outcome == EXPIRED:
                await noting.note_kept(tx, told.event_id, told.fact.appointment_id, now=self.clock())

    async def refuse(self, tx: AsyncSession, facts: Sequence[Delivered[MessageRefused]]) -> None:
        """Show the boutique whom to telephone."""
        for told in facts:
            if told.fact.reference is not None:
                await noting.refuse(tx, told.fact.reference, reason=told.fact.reason, now=self.clock())


def reactions(clock: Callable[[], datetime]) -> list[Reaction]:
    """All of them."""
    teller = Teller(clock)
    return [
        on(VisitRequested, teller.tells(Kind.REQUESTED)),
        on(VisitConfirmed, teller.tells(Kind.CONFIRMED)),
        on(VisitMoved, teller.take_back),
        on(VisitMoved, teller.tells(Kind.MOVED)),
        on(VisitCancelled, teller.take_back),
        on(VisitCancelled, teller.tells(Kind.CANCELLED)),
        on(VisitRefused, teller.take_back),
        on(VisitRefused, teller.tells(Kind.REFUSED)),
        on(VisitProposed, teller.propose),
        on(ProposalEnded, teller.end),
        on(VisitDisrupted, teller.disrupt),
        on(MessageRefused, teller.refuse),
    ]


def _news(kind: Kind, told: Delivered[Any], *, until: datetime | None = None) -> News:
    about: AboutVisit = told.fact
    return News(told.event_id, kind, about.appointment_id, about.client_id, about.boutique_id, about.starts_at, until)
