"""An advisor is ill, a boutique closed: each visit in the way goes to somebody else, or another time is offered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record, recorded
from infra.identity import Caller
from infra.ids import new_id
from services.appointments.availability import actions as availability
from services.appointments.availability import queries as times
from services.appointments.availability.rules import Actor, Alternative
from services.appointments.bookings import queries
from services.appointments.bookings.actions import giving, proposals
from services.appointments.bookings.actions.announcing import announce
from services.appointments.bookings.actions.placing import Target, request_for
from services.appointments.bookings.actions.proposing import keep
from services.appointments.bookings.actions.taking import (
    ALTERNATIVES,
    Request,
    Taking,
    nearest,
    survey,
    take,
    told,
)
from services.appointments.bookings.actions.upset import set_right
from services.appointments.bookings.events import AppointmentDisrupted, AppointmentMoved
from services.appointments.bookings.queries.policy import setting
from services.appointments.bookings.rules.assigning import Reason, ranked
from services.appointments.bookings.rules.disruptions import Affected, Outcome, Settled, Trouble
from services.appointments.bookings.rules.life import Status
from services.appointments.bookings.rules.placing import SlotTaken, able
from services.appointments.bookings.rules.policy import Policy
from services.appointments.bookings.rules.proposals import Answer, Because
from services.appointments.bookings.tables import Appointment, DisruptedVisit, Disruption, Proposal
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import SECOND, Span

MOST = 50  # visits in one transaction; whoever has more asks again
LEAD = timedelta(minutes=30)  # a time that begins sooner is not offered: she has to hear of it first


async def disrupt(
    tx: AsyncSession,
    *,
    advisor_id: UUID | None,
    boutique_id: UUID | None,
    span: Span,
    reason: str,
    is_rehearsal: bool,
    by: Caller,
    now: datetime,
) -> Settled:
    """Settle every visit in the way; a rehearsal answers the same and leaves nothing behind.

    Safe to repeat: what has gone to somebody else is not in the way any more, and what was offered stays offered until
    she answers. Raises NotFound.
    """
    trouble = await _trouble(tx, advisor_id, boutique_id, span, reason, by=by)
    before = len(recorded(tx))
    async with tx.begin_nested() as point:
        settled = await _settle(tx, trouble, by=by, now=now)
        if is_rehearsal:
            await point.rollback()
            del recorded(tx)[before:]
    return settled


async def _trouble(
    tx: AsyncSession, advisor_id: UUID | None, boutique_id: UUID | None, span: Span, reason: str, *, by: Caller
) -> Trouble:
    if advisor_id is not None:
        advisor = await directory.own_advisor(tx, advisor_id, by)
        return Trouble(advisor.boutique_id, advisor_id, span, reason)
    boutique = await directory.own_boutique(tx, boutique_id or UUID(int=0), by)
    return Trouble(boutique.boutique_id, None, span, reason)


async def _settle(tx: AsyncSession, trouble: Trouble, *, by: Caller, now: datetime) -> Settled:
    found, more = await queries.in_the_way(tx, trouble, now=now, limit=MOST)
    visits = sorted(found, key=lambda visit: (visit.starts_at, visit.appointment_id))
    offered = await proposals.standing(tx, [visit.appointment_id for visit in visits])
    # Everybody whose time may be given or taken here, at once: each after the other could dead-lock with who books.
    concerned = {one for visit in visits for one in visit.resource_ids}
    concerned |= {one for offer in offered.values() for one in offer.resource_ids}
    concerned |= set((await queries.canonicals(tx, {visit.client_id for visit in visits})).values())
    for place in {trouble.boutique_id, *(visit.boutique_id for visit in visits)}:
        concerned |= set(await times.staffed(tx, place))
    await availability.take_turns(tx, concerned)
    disruption = Disruption(
        brand_id=directory.brand(tx),
        disruption_id=new_id(),
        boutique_id=trouble.boutique_id,
        advisor_id=trouble.advisor_id,
        from_at=trouble.span.starts_at,
        to_at=trouble.span.ends_at,
        reason=trouble.reason,
        made_by=by.role,
        created_at=now,
    )
    tx.add(disruption)
    await tx.flush()
    settling = _Settling(tx, trouble, disruption.disruption_id, (await setting(tx)).policy, by, now)
    settled = [await settling.one(visit, offered.get(visit.appointment_id)) for visit in visits]
    await tx.flush()
    return Settled(disruption.disruption_id, trouble, settled, more)


@dataclass(frozen=True)
class _Settling:
    """One disruption on its way through its visits."""

    tx: AsyncSession
    trouble: Trouble
    disruption_id: UUID
    policy: Policy
    by: Caller
    now: datetime

    async def one(self, visit: Appointment, standing: Proposal | None) -> Affected:
        """Settle one locked visit, and write down and announce how."""
        before = visit.advisor_id
        if standing is not None and self._holds_good(standing):
            return self._written(visit, before, Outcome.OFFERED, proposal=standing)
        again = await queries.is_upset(self.tx, visit.appointment_id)
        if standing is not None:
            await proposals.release(self.tx, standing, visit, outcome=Answer.WITHDRAWN, now=self.now)
        if self.trouble.advisor_id is not None and await self._reassign(visit):
            await set_right(self.tx, visit, now=self.now, away=self.trouble.advisor_id)
            if visit.status == Status.CONFIRMED:
                announce(self.tx, AppointmentMoved, visit, by=self.by.role)
            settled = self._written(visit, before, Outcome.REASSIGNED)
        elif visit.status == Status.CONFIRMED and (proposal := await self._offer(visit)) is not None:
            settled = self._written(visit, before, Outcome.OFFERED, proposal=proposal)
        else:
            settled = self._written(visit, before, Outcome.NOTHING_FREE)
            if again:
                return settled  # she has been told already
        self._announce(visit, settled)
        return settled

    def _holds_good(self, proposal: Proposal) -> bool:
        """Whether what was proposed is not in the way itself."""
        if proposal.expires_at <= self.now:
            return False
        hers = self.trouble.advisor_id in {None, proposal.advisor_id, proposal.second_advisor_id}
        return not (hers and Span(proposal.starts_at, proposal.ends_at).overlaps(self.trouble.span))

    async def _reassign(self, visit: Appointment) -> bool:
        """Give it to somebody else who is free at the same time."""
        ill = self.trouble.advisor_id
        outlook = await giving.look(self.tx, visit, now=self.now)
        if visit.second_advisor_id == ill:
            asked = await giving.substitutes(self.tx, visit, outlook, now=self.now)
            return await giving.substitute(self.tx, visit, outlook, asked, now=self.now)
        agreed = Span(visit.starts_at, visit.ends_at)
        taken = {ill, visit.second_advisor_id}
        free = [one for one in able(outlook.advisors, agreed, outlook.terms) if one not in taken]
        client = await times.person(self.tx, visit.client_id)
        stand_in = await times.deputies(self.tx, client, at=visit.starts_at)
        known = await queries.candidates(self.tx, free, visit.starts_at, now=self.now)
        for advisor_id, why in ranked(free, Reason(own=client.owner_id, deputies=stand_in), known):
            if await giving.give(self.tx, visit, outlook.terms, advisor_id=advisor_id, now=self.now):
                visit.assigned_for = why
                return True
        return False

    async def _offer(self, visit: Appointment) -> Proposal | None:
        """Keep the nearest free time for her, and name three others."""
        experience = await directory.experience(self.tx, visit.experience_id)
        request = await request_for(self.tx, visit, experience, Target(visit.starts_at))
        request = replace(request, away=self.trouble.away)
        around = await survey(self.tx, request, Span(visit.starts_at, visit.starts_at + SECOND))
        offers = await nearest(
            self.tx,
            request,
            around,
            actor=Actor.HOUSE,
            now=self.now + LEAD,
            besides=visit.appointment_id,
            count=ALTERNATIVES + 1,
        )
        for offer in offers:
            others = [other for other in offers if other is not offer]
            proposal = await self._keep(visit, replace(request, starts_at=offer.starts_at), others)
            if proposal is not None:
                return proposal
        return None

    async def _keep(self, visit: Appointment, request: Request, others: Sequence[Alternative]) -> Proposal | None:
        until = self.policy.answer_until(now=self.now, starts_at=request.starts_at, visit_at=request.starts_at)
        taking = Taking(new_id(), until, beside=visit)
        try:
            taken = await take(self.tx, request, taking, actor=Actor.HOUSE, now=self.now)
        except SlotTaken:
            return None
        return await keep(
            self.tx,
            visit,
            request,
            taking,
            taken,
            because=Because.DISRUPTION,
            by=self.by.role,
            now=self.now,
            disruption_id=self.disruption_id,
            alternatives=told(others[:ALTERNATIVES]),
        )

    def _written(
        self, visit: Appointment, before: UUID, outcome: Outcome, *, proposal: Proposal | None = None
    ) -> Affected:
        advisor_id = visit.advisor_id if outcome is Outcome.REASSIGNED else None
        self.tx.add(
            DisruptedVisit(
                brand_id=visit.brand_id,
                disruption_id=self.disruption_id,
                appointment_id=visit.appointment_id,
                client_id=visit.client_id,
                from_advisor_id=before,
                starts_at=visit.starts_at,
                outcome=outcome,
                advisor_id=advisor_id,
                proposal_id=proposal.proposal_id if proposal else None,
                decided_at=self.now,
            )
        )
        return Affected(
            appointment_id=visit.appointment_id,
            client_id=visit.client_id,
            starts_at=visit.starts_at,
            from_advisor_id=before,
            outcome=outcome,
            advisor_id=advisor_id,
            proposal_id=proposal.proposal_id if proposal else None,
            proposed_at=proposal.starts_at if proposal else None,
            expires_at=proposal.expires_at if proposal else None,
            alternatives=proposal.alternatives if proposal else (),
        )

    def _announce(self, visit: Appointment, settled: Affected) -> None:
        record(
            self.tx,
            AppointmentDisrupted(
                disruption_id=self.disruption_id,
                appointment_id=visit.appointment_id,
                client_id=visit.client_id,
                boutique_id=visit.boutique_id,
                from_advisor_id=settled.from_advisor_id,
                starts_at=visit.starts_at,
                reason=self.trouble.reason,
                outcome=settled.outcome,
                advisor_id=settled.advisor_id,
                proposal_id=settled.proposal_id,
            ),
        )
