"""The house proposes another time for a visit, and she answers."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from infra.identity import Caller, Role
from infra.ids import new_id
from infra.wire import check_match
from services.appointments.availability import actions as availability
from services.appointments.availability import queries as times
from services.appointments.availability.rules import Actor, Alternative, Claim
from services.appointments.bookings import queries
from services.appointments.bookings.actions import proposals
from services.appointments.bookings.actions.announcing import announce
from services.appointments.bookings.actions.choosing import named_now, take_instead
from services.appointments.bookings.actions.overriding import check_override, set_aside, why
from services.appointments.bookings.actions.placing import Target, request_for
from services.appointments.bookings.actions.taking import (
    ALTERNATIVES,
    Request,
    Taken,
    Taking,
    nearest,
    survey,
    take,
    told,
)
from services.appointments.bookings.actions.upset import set_right
from services.appointments.bookings.events import AppointmentMoved, AppointmentProposed
from services.appointments.bookings.queries.policy import setting
from services.appointments.bookings.queries.proposals import open_one, with_visit
from services.appointments.bookings.rules.assigning import AssignedFor
from services.appointments.bookings.rules.life import Status, Step, step
from services.appointments.bookings.rules.placing import SlotTaken
from services.appointments.bookings.rules.policy import HerAgreementMissing
from services.appointments.bookings.rules.proposals import (
    AgreedBy,
    Answer,
    Because,
    HerWord,
    ProposalOver,
    ProposalStands,
)
from services.appointments.bookings.tables import Appointment, Proposal
from services.appointments.directory import queries as directory
from services.appointments.directory.rules import SECOND, Span


async def propose(
    tx: AsyncSession, appointment_id: UUID, target: Target, *, if_match: str, by: Caller, now: datetime
) -> Proposal:
    """Keep another time for a visit until she answers; the visit keeps its own meanwhile.

    Raises NotFound, Stale, StepNotPossible, ProposalStands, what `judge_time` raises, and SlotTaken.
    """
    check_override(target.override_reason, by)
    visit = await queries.visible(tx, appointment_id, by, lock=True)
    check_match(if_match, visit.version)
    visit.status = step(Status(visit.status), Step.PROPOSE)
    if await open_one(tx, appointment_id) is not None:
        raise ProposalStands
    experience = await directory.experience(tx, visit.experience_id)
    request = await request_for(tx, visit, experience, target)
    policy = (await setting(tx)).policy
    until = policy.answer_until(now=now, starts_at=target.starts_at, visit_at=visit.starts_at)
    taking = Taking(new_id(), until, beside=visit)
    others = await _others(tx, request, visit, now=now)
    taken = await take(tx, request, taking, actor=times.actor(by), now=now)
    proposal = await keep(
        tx, visit, request, taking, taken, because=Because.STAFF, by=by.role, now=now, alternatives=told(others)
    )
    set_aside(tx, proposal, taken.overridden, reason=target.override_reason)
    return proposal


async def _others(tx: AsyncSession, request: Request, visit: Appointment, *, now: datetime) -> list[Alternative]:
    """The nearest other times that break no rule: she may prefer one of them."""
    plain = replace(request, is_override=False)
    around = await survey(tx, plain, Span(plain.starts_at, plain.starts_at + SECOND))
    offers = await nearest(
        tx, plain, around, actor=Actor.HOUSE, now=now, besides=visit.appointment_id, count=ALTERNATIVES + 2
    )
    return [one for one in offers if one.starts_at not in {request.starts_at, visit.starts_at}][:ALTERNATIVES]


async def keep(
    tx: AsyncSession,
    visit: Appointment,
    request: Request,
    taking: Taking,
    taken: Taken,
    *,
    because: Because,
    by: Role,
    now: datetime,
    disruption_id: UUID | None = None,
    alternatives: list[dict[str, str]] | None = None,
) -> Proposal:
    """Write down a proposal whose time is taken, and announce it."""
    place = taken.place
    proposal = Proposal(
        brand_id=visit.brand_id,
        proposal_id=taking.taker_id,
        appointment_id=visit.appointment_id,
        client_id=request.client.client_id,
        advisor_id=place.advisor_id,
        second_advisor_id=place.second_advisor_id,
        room_id=place.room_id,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        assigned_for=place.assigned_for,
        status=Answer.OPEN,
        because=because,
        disruption_id=disruption_id,
        alternatives=alternatives or [],
        made_by=by,
        created_at=now,
        expires_at=taking.expires_at,
    )
    tx.add(proposal)
    await tx.flush()
    record(
        tx,
        AppointmentProposed(
            proposal_id=proposal.proposal_id,
            appointment_id=visit.appointment_id,
            client_id=visit.client_id,
            boutique_id=visit.boutique_id,
            advisor_id=place.advisor_id,
            room_id=place.room_id,
            experience_id=visit.experience_id,
            starts_at=request.starts_at,
            ends_at=request.ends_at,
            expires_at=proposal.expires_at,
            because=because,
            disruption_id=disruption_id,
            made_by=by,
        ),
    )
    return proposal


async def accept(
    tx: AsyncSession,
    proposal_id: UUID,
    *,
    instead: Alternative | None = None,
    agreed_by: HerWord | None,
    by: Caller,
    now: datetime,
) -> Appointment:
    """Give the visit the time that was kept for it, or with `instead` one of those that were named besides.

    The house says how she agreed. Raises NotFound, HerAgreementMissing, ProposalOver, StepNotPossible, SlotTaken, and
    what `take_instead` raises.
    """
    proposal, visit = await with_visit(tx, proposal_id, by)
    if by.role is not Role.CLIENT and agreed_by is None:
        raise HerAgreementMissing
    how = AgreedBy.PROPOSAL if by.role is Role.CLIENT or agreed_by is None else AgreedBy(agreed_by)
    _check_open(proposal, now=now)
    visit.status, visit.agreed_by = step(Status(visit.status), Step.MOVE), how
    if instead is None or instead == Alternative(proposal.starts_at, proposal.advisor_id):
        await _take_proposed(tx, proposal, visit, now=now)
        set_aside(tx, visit, proposal.overridden, reason=why(tx, proposal))
    else:
        await take_instead(tx, proposal, visit, instead, now=now)
        set_aside(tx, visit, [], reason=None)
    await set_right(tx, visit, now=now)
    proposals.end(tx, proposal, visit, outcome=Answer.ACCEPTED, now=now)
    announce(tx, AppointmentMoved, visit, by=by.role, agreed_by=how, overridden=visit.overridden)
    return visit


async def _take_proposed(tx: AsyncSession, proposal: Proposal, visit: Appointment, *, now: datetime) -> None:
    if not await _swap(tx, proposal, visit, now=now):
        raise SlotTaken(alternatives=told(await named_now(tx, proposal, visit, now=now)))
    visit.starts_at, visit.ends_at = proposal.starts_at, proposal.ends_at
    visit.advisor_id, visit.second_advisor_id = proposal.advisor_id, proposal.second_advisor_id
    visit.client_id, visit.room_id = proposal.client_id, proposal.room_id
    if proposal.assigned_for != AssignedFor.KEPT:
        visit.assigned_for = proposal.assigned_for
    visit.version += 1


async def _swap(tx: AsyncSession, proposal: Proposal, visit: Appointment, *, now: datetime) -> bool:
    """Give back both times and take the proposed one as a visit, behind the locks of everybody concerned.

    False where somebody is away meanwhile; then the caller must not commit.
    """
    terms = times.terms(await directory.experience(tx, visit.experience_id))
    agreed = Span(proposal.starts_at, proposal.ends_at)
    upkeep = agreed.widened(terms.before, terms.after)
    receiving = [proposal.advisor_id, proposal.second_advisor_id, proposal.room_id]
    claims = [
        Claim(proposal.client_id, agreed),
        *(Claim(one, upkeep) for one in receiving if one is not None),
    ]
    advisors = [one for one in (proposal.advisor_id, proposal.second_advisor_id) if one is not None]
    has_left = [one for one in advisors if (await directory.advisor(tx, one)).left_at is not None]
    await availability.give_back_all(tx, [proposal.proposal_id], [*visit.resource_ids, *proposal.resource_ids])
    missing = await availability.occupy(
        tx, claims, appointment_id=visit.appointment_id, now=now, expires_at=None, leaving=visit.resource_ids
    )
    return not missing and not has_left


async def decline(tx: AsyncSession, proposal_id: UUID, *, by: Caller, now: datetime) -> Proposal:
    """Keep the visit where it is: she says no, or the house takes the proposal back.

    Raises NotFound, ProposalOver.
    """
    proposal, visit = await with_visit(tx, proposal_id, by)
    _check_open(proposal, now=now)
    outcome = Answer.DECLINED if by.role is Role.CLIENT else Answer.WITHDRAWN
    await proposals.release(tx, proposal, visit, outcome=outcome, now=now)
    return proposal


def _check_open(proposal: Proposal, *, now: datetime) -> None:
    if proposal.status != Answer.OPEN:
        raise ProposalOver(proposal_status=proposal.status)
    if now >= proposal.expires_at:
        raise ProposalOver(proposal_status=Answer.EXPIRED.value)
