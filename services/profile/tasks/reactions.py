"""What opens tasks, and what moves or closes them: the list at the bottom shows it all."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Delivered, Slice
from infra.eventlog.follower import Reaction, on
from services.profile.consents.rules import Purpose
from services.profile.segments.reactions import ConsentWithdrawn, IdentitiesMerged, IdentitiesSeparated
from services.profile.tasks.actions import closing, moving, openings
from services.profile.tasks.actions.moving import Passing
from services.profile.tasks.actions.openings import Bought, Came, Repaired
from services.profile.tasks.rules.kinds import Kind
from services.profile.tasks.rules.steps import Why
from services.profile.touchpoints.reactions.purchases import PurchaseClaimed, PurchaseTakenBack
from services.profile.touchpoints.reactions.visits import VisitLeft, VisitorArrived, VisitorRecognised
from services.profile.touchpoints.reactions.voice import WorkOrderClosed


class SoldPiece(BaseModel):
    """One line of a purchase; a piece that came back has a negative quantity."""

    model_config = ConfigDict(frozen=True)

    quantity: int


class PurchaseRecorded(Slice):
    """A receipt, or further lines of one."""

    type: ClassVar[str] = "profile.purchase-recorded.v1"

    purchase_id: UUID
    client_id: UUID | None
    boutique_id: UUID | None
    purchased_at: AwareDatetime
    lines: list[SoldPiece]


class LifecycleChanged(Slice):
    """How close a client is to the house has changed."""

    type: ClassVar[str] = "profile.lifecycle-changed.v1"

    client_id: UUID
    before: str | None
    lifecycle: str
    as_of: date


class OwnerAssigned(Slice):
    """A client has another owner."""

    type: ClassVar[str] = "profile.owner-assigned.v1"

    client_id: UUID


class OwnerReleased(Slice):
    """A client has no owner any more."""

    type: ClassVar[str] = "profile.owner-released.v1"

    client_id: UUID


class AdvisorLeft(Slice):
    """An advisor has left the house."""

    type: ClassVar[str] = "appointments.advisor-left.v1"

    advisor_id: UUID


class ClientHandedOver(Slice):
    """A client goes from one advisor to another."""

    type: ClassVar[str] = "profile.client-handed-over.v1"

    handover_id: UUID
    client_id: UUID
    from_advisor_id: UUID
    advisor_id: UUID
    boutique_id: UUID
    first_contact_due_on: date


class ClientHandedBack(Slice):
    """A handover was undone: she is with whom she was."""

    type: ClassVar[str] = "profile.client-handed-back.v1"

    handover_id: UUID
    client_id: UUID
    from_advisor_id: UUID
    advisor_id: UUID
    boutique_id: UUID


# She is about to leave, or has just left; not whoever had left before anybody reckoned it.
LAPSES = frozenset({("active", "lapsing"), ("back", "lapsing"), ("lapsing", "lapsed")})
AFTER_A_PURCHASE = (Kind.THANK_YOU, Kind.AFTER_SALES_CALL)


async def after_purchases(tx: AsyncSession, facts: Sequence[Delivered[PurchaseRecorded]], now: datetime) -> None:
    """Thank her, and ask how it is; not for what has come back meanwhile."""
    told = [delivered.fact for delivered in facts]
    bought = [
        Bought(
            one.purchase_id,
            one.client_id,
            one.boutique_id,
            one.purchased_at,
            is_sale=any(line.quantity > 0 for line in one.lines),
            is_return=any(line.quantity < 0 for line in one.lines),
        )
        for one in told
        if one.client_id is not None
    ]
    await openings.after_purchases(tx, bought, now=now)
    await openings.after_returns(tx, [one.purchase_id for one in told], now=now)


async def after_claims(tx: AsyncSession, facts: Sequence[Delivered[PurchaseClaimed]], now: datetime) -> None:
    """The same for a receipt that found its client later."""
    told = [delivered.fact for delivered in facts]
    bought = [Bought(one.purchase_id, one.client_id, one.boutique_id, one.purchased_at) for one in told]
    await openings.after_purchases(tx, bought, now=now)
    await openings.after_returns(tx, [one.purchase_id for one in told], now=now)


async def take_back(tx: AsyncSession, facts: Sequence[Delivered[PurchaseTakenBack]], now: datetime) -> None:
    """What never was is not thanked for."""
    gone = [delivered.fact.purchase_id for delivered in facts if delivered.fact.is_whole]
    await closing.cancel_about(tx, AFTER_A_PURCHASE, gone, Why.TAKEN_BACK, now=now)


async def after_repairs(tx: AsyncSession, facts: Sequence[Delivered[WorkOrderClosed]], now: datetime) -> None:
    """Ask her whether it is right now."""
    told = [delivered.fact for delivered in facts]
    repaired = [Repaired(one.work_order_id, one.client_id, one.boutique_id, one.closed_at) for one in told]
    await openings.recover(tx, repaired, now=now)


async def win_back(tx: AsyncSession, facts: Sequence[Delivered[LifecycleChanged]], now: datetime) -> None:
    """Turn to whoever is about to leave."""
    told = [delivered.fact for delivered in facts]
    lapsing = [(one.client_id, one.as_of) for one in told if (one.before, one.lifecycle) in LAPSES]
    await openings.win_back(tx, lapsing, now=now)


async def greet(tx: AsyncSession, facts: Sequence[Delivered[VisitorArrived]], now: datetime) -> None:
    """Let her advisor know that she is there."""
    await openings.greet(tx, _come(facts), now=now)


def _come(
    facts: Sequence[Delivered[VisitorArrived]] | Sequence[Delivered[VisitorRecognised]],
) -> list[Came]:
    return [
        Came(told.fact.visit_id, told.fact.client_id, told.fact.advisor_id, told.fact.boutique_id, told.fact.arrived_at)
        for told in facts
        if told.fact.client_id is not None and told.fact.advisor_id is not None
    ]


async def correct_greetings(tx: AsyncSession, facts: Sequence[Delivered[VisitorRecognised]], now: datetime) -> None:
    """It is somebody else who came, or somebody unknown after all; or she whom it was taken back of."""
    # Of several facts about one visit the last is true.
    last = {told.fact.visit_id: told for told in facts}
    await closing.cancel_about(tx, [Kind.ARRIVAL], list(last), Why.NO_REASON, now=now)
    await openings.greet_again(tx, _come(list(last.values())), now=now)


async def let_go(tx: AsyncSession, facts: Sequence[Delivered[VisitLeft]], now: datetime) -> None:
    """Whoever has left is not greeted any more."""
    gone = [told.fact.visit_id for told in facts]
    await closing.cancel_about(tx, [Kind.ARRIVAL], gone, Why.NO_REASON, now=now)


async def follow_owners(
    tx: AsyncSession, facts: Sequence[Delivered[OwnerAssigned]] | Sequence[Delivered[OwnerReleased]]
) -> None:
    """Her tasks are her owner's."""
    await moving.follow_owners(tx, {delivered.fact.client_id for delivered in facts})


async def go_on_without(tx: AsyncSession, facts: Sequence[Delivered[AdvisorLeft]]) -> None:
    """Nobody's tasks leave with her: those of her own clients follow them, the others go to the clients' owners."""
    await moving.take_back(tx, {delivered.fact.advisor_id for delivered in facts})


async def hand_over(tx: AsyncSession, facts: Sequence[Delivered[ClientHandedOver]], now: datetime) -> None:
    """The successor has what there is to do, and meets her first."""
    for delivered in facts:
        await moving.hand_over(tx, _passing(delivered.fact))
    met = [(one.handover_id, one.client_id, one.first_contact_due_on) for one in (told.fact for told in facts)]
    await openings.introduce(tx, met, now=now)


async def hand_back(tx: AsyncSession, facts: Sequence[Delivered[ClientHandedBack]], now: datetime) -> None:
    """All is as it was."""
    for delivered in facts:
        await moving.hand_back(tx, _passing(delivered.fact))
    met = [openings.introduction(told.fact.handover_id, told.fact.client_id) for told in facts]
    await closing.cancel_keyed(tx, Kind.HANDOVER, met, Why.TAKEN_BACK, now=now)


async def after_merges(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesMerged]], now: datetime) -> None:
    """What both records have is one person's."""
    both = {one for told in facts for one in (told.fact.client_id, told.fact.merged_client_id)}
    await moving.come_together(tx, both, now=now)


async def after_separations(tx: AsyncSession, facts: Sequence[Delivered[IdentitiesSeparated]], now: datetime) -> None:
    """Each has her own again."""
    both = {one for told in facts for one in (told.fact.known_as_client_id, told.fact.merged_client_id)}
    await moving.come_together(tx, both, now=now)


async def stop_offering(tx: AsyncSession, facts: Sequence[Delivered[ConsentWithdrawn]], now: datetime) -> None:
    """No offers to whoever does not want them any more."""
    said_no = [told.fact.client_id for told in facts if told.fact.purpose == Purpose.MARKETING]
    await closing.cancel_offers(tx, said_no, Why.NO_CONSENT, now=now)


def reactions(clock: Callable[[], datetime]) -> list[Reaction]:
    """The reactions. What is over by the service's clock is not opened any more, for a receipt of long ago for one."""

    def at(react: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def act(tx: AsyncSession, facts: Sequence[Delivered[Any]]) -> None:
            await react(tx, facts, now=clock())

        return act

    return [
        on(PurchaseRecorded, at(after_purchases)),
        on(PurchaseClaimed, at(after_claims)),
        on(PurchaseTakenBack, at(take_back)),
        on(WorkOrderClosed, at(after_repairs)),
        on(LifecycleChanged, at(win_back)),
        on(VisitorArrived, at(greet)),
        on(VisitorRecognised, at(correct_greetings)),
        on(VisitLeft, at(let_go)),
        on(OwnerAssigned, follow_owners),
        on(OwnerReleased, follow_owners),
        on(AdvisorLeft, go_on_without),
        on(ClientHandedOver, at(hand_over)),
        on(ClientHandedBack, at(hand_back)),
        on(IdentitiesMerged, at(after_merges)),
        on(IdentitiesSeparated, at(after_separations)),
        on(ConsentWithdrawn, at(stop_offering)),
    ]


def _passing(fact: ClientHandedOver | ClientHandedBack) -> Passing:
    return Passing(fact.handover_id, fact.client_id, fact.from_advisor_id, fact.advisor_id, fact.boutique_id)
