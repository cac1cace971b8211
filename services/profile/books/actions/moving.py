"""Carrying a handover out: it starts for all clients at once, is completed, or taken back as it was."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.outbox import record
from services.profile.books.actions import planning
from services.profile.books.events import (
    ClientHandedBack,
    ClientHandedOver,
    HandoverCompleted,
    HandoverStarted,
    HandoverUndone,
    OwnerAssigned,
)
from services.profile.books.queries import handovers, policy, staff
from services.profile.books.queries.handovers import Handover
from services.profile.books.queries.used import IS_USED
from services.profile.books.rules import handovers as rules
from services.profile.books.rules.handovers import Status, Step
from services.profile.books.rules.owners import AdvisorNotThere
from services.profile.books.rules.policy import BookFull
from services.profile.clients.models import workdays
from services.profile.segments import queries as segments

# Ten thousand clients and their facts are more than an ordinary statement is allowed.
_PATIENCE = text("select set_config('statement_timeout', '14s', true), set_config('lock_timeout', '5s', true)")
# Who was merged into another record since the plan goes under that one, unless it is in the plan itself.
_UNDER_SURVIVORS = text(
    "update handover_client hc set client_id = survivor.canonical_id from ("
    "select distinct on (alias.canonical_id) alias.client_id, alias.canonical_id from handover_client one"
    " join client_alias alias using (brand_id, client_id)"
    " where one.brand_id = :brand and one.handover_id = :handover_id and not exists (select from handover_client other"
    " where other.brand_id = :brand and other.handover_id = :handover_id and other.client_id = alias.canonical_id)"
    " order by alias.canonical_id, alias.client_id) survivor"
    " where hc.brand_id = :brand and hc.handover_id = :handover_id and hc.client_id = survivor.client_id"
)
# First the clients, whom an erasing locks too, then their owners; each in one order everywhere.
_LOCK_CLIENTS = text(
    "select from client where brand_id = :brand and client_id in (select client_id from handover_client"
    " where brand_id = :brand and handover_id = :handover_id) order by client_id for share"
)
_LOCK_OWNERS = text(
    "select from client_owner where brand_id = :brand and client_id in (select client_id from handover_client"
    " where brand_id = :brand and handover_id = :handover_id) order by client_id for update"
)
_LEAVE_OUT = text(
    "update handover_client owner set state = 'left-out', left_out_for = case when not exists (select from client"  # noqa: S608 - our own words
    " where client.brand_id = :brand and client.client_id = owner.client_id) then 'gone'"
    f" when not ({IS_USED}) then 'not-to-be-used' else 'owner-changed' end"
    " where brand_id = :brand and handover_id = :handover_id and (not exists (select from client_owner o"
    " where o.brand_id = :brand and o.client_id = owner.client_id and o.advisor_id = :from_advisor_id)"
    f" or not ({IS_USED}) or not exists (select from client where client.brand_id = :brand"
    " and client.client_id = owner.client_id))"
)
# A contact moves in WeCom where there is a corp, both are members of it, and the house knows her there.
_KEEP_BEFORE = text(
    "update handover_client hc set state = 'moved', was_boutique_id = o.boutique_id, was_assigned_at = o.assigned_at,"
    " was_inherited_from = o.inherited_from, wecom_due_at = :now, wecom_is_resigned = :is_resigned,"
    " wecom = case when cast(:corpid as text) <> '' and cast(:from_userid as text) is not null"
    " and exists (select from advisor a where a.brand_id = :brand and a.advisor_id = hc.advisor_id"
    " and a.wecom_userid is not null)"
    " and exists (select from identity i where i.brand_id = :brand and i.client_id = any(array("
    "select alias.client_id from client_alias alias where alias.brand_id = :brand"
    " and alias.canonical_id = hc.client_id union all select hc.client_id))"
    " and i.kind = 'wecom' and i.system = :corpid and i.standing <> 'claimed') then 'queued' else 'none' end"
    " from client_owner o where hc.brand_id = :brand and hc.handover_id = :handover_id and hc.state = 'planned'"
    " and o.brand_id = :brand and o.client_id = hc.client_id"
)
_MOVE = text(
    "update client_owner o set advisor_id = hc.advisor_id, boutique_id = hc.boutique_id, assigned_at = :now,"
    " inherited_from = null, version = o.version + 1 from handover_client hc where hc.brand_id = :brand"
    " and hc.handover_id = :handover_id and hc.state = 'moved' and o.brand_id = :brand and o.client_id = hc.client_id"
    " returning o.client_id, o.advisor_id, o.boutique_id"
)
# Whom somebody has given to a third advisor since stays there.
_KEEP = text(
    "update handover_client hc set state = 'kept', left_out_for = 'owner-changed' where brand_id = :brand"
    " and handover_id = :handover_id and state = 'moved' and not exists (select from client_owner o"
    " where o.brand_id = :brand and o.client_id = hc.client_id and o.advisor_id = hc.advisor_id)"
)
_MOVE_BACK = text(
    "update client_owner o set advisor_id = :from_advisor_id, boutique_id = hc.was_boutique_id,"
    " assigned_at = hc.was_assigned_at, inherited_from = hc.was_inherited_from, version = o.version + 1"
    " from handover_client hc where hc.brand_id = :brand and hc.handover_id = :handover_id and hc.state = 'moved'"
    " and o.brand_id = :brand and o.client_id = hc.client_id"
    " returning o.client_id, hc.advisor_id, o.boutique_id"
)
# The record she was merged into since has her advisor by her: it goes back with her.
_MOVE_BACK_HEIRS = text(
    "update client_owner o set advisor_id = :from_advisor_id, boutique_id = hc.was_boutique_id,"
    " assigned_at = hc.was_assigned_at, version = o.version + 1"
    " from handover_client hc where hc.brand_id = :brand and hc.handover_id = :handover_id and hc.state = 'moved'"
    " and o.brand_id = :brand and o.inherited_from = hc.client_id and o.advisor_id = hc.advisor_id"
    " and exists (select from client_alias alias where alias.brand_id = :brand and alias.client_id = hc.client_id"
    " and alias.canonical_id = o.client_id) returning o.client_id, o.boutique_id"
)
# What has not been submitted is not; what is under way comes back once it has arrived, and what has arrived comes back.
_RETURN = text(
    "update handover_client set state = 'back', wecom_returns = wecom in ('submitting', 'waiting'),"
    " wecom_due_at = case when wecom = 'done' then :now else wecom_due_at end,"
    " wecom_way = case when wecom = 'done' then 'back' else 'out' end, wecom_tries = 0,"
    " wecom_is_resigned = wecom_is_resigned and wecom <> 'done',"
    " wecom = case wecom when 'queued' then 'withdrawn' when 'done' then 'queued' else wecom end"
    " where brand_id = :brand and handover_id = :handover_id and state = 'moved'"
)
_STEP = text(
    "update handover set status = :status, first_contact_on = coalesce(:first_contact_on, first_contact_on),"
    " started_at = case when :status = 'started' then :now else started_at end,"
    " ended_at = case when :status = 'started' then null else cast(:now as timestamptz) end, version = version + 1"
    " where brand_id = :brand and handover_id = :handover_id"
)
_CONTACTED = text(
    "update handover_client set contacted_at = :now where brand_id = :brand and handover_id = :handover_id"
    " and client_id = :client_id and state = 'moved' and contacted_at is null"
)
_IS_OVER = text(
    "select not exists (select from handover_client where brand_id = :brand and handover_id = :handover_id"
    " and state = 'moved' and (contacted_at is null or wecom in ('queued', 'submitting', 'waiting')))"
)


async def start(
    tx: AsyncSession, handover_id: UUID, *, corpid: str, boutiques: Collection[UUID] | None, now: datetime
) -> Handover:
    """Give all clients of the plan to their new advisors, in one transaction.

    Whoever the advisor was given since the plan goes along, by the plan's rule. Whoever has gone, was restricted or has
    another owner by now is left out, and said so. Without a `corpid` contacts
    do not move in WeCom. Raises NotFound, HandoverStepNotPossible, ClientsUnplaced, AdvisorAway, AdvisorGone,
    AdvisorNotThere, BookFull.
    """
    handover = await handovers.handover(tx, handover_id, boutiques=boutiques, lock=True)
    after = rules.step(handover.status, Step.START)
    today = await segments.today(tx, now)
    whole = {"brand": tx.info["brand_id"], "handover_id": handover_id}
    await tx.execute(_PATIENCE)
    await tx.execute(_UNDER_SURVIVORS, whole)
    await planning.catch_up(tx, handover, now=now)
    counts = await handovers.counts(tx, handover_id)
    if unplaced := sum(one.clients for one in counts if one.advisor_id is None):
        raise rules.ClientsUnplaced(unplaced=unplaced)
    takers = [one.advisor_id for one in counts if one.advisor_id is not None]
    known = await staff.by_id(tx, [*takers, handover.from_advisor_id])
    for taker in sorted({*takers}):
        rules.check_taker(known[taker], handover.from_advisor_id, today=today)
    if (moved_on := await handovers.taker_elsewhere(tx, handover_id)) is not None:
        raise AdvisorNotThere(advisor_id=str(moved_on))
    due_on = workdays.after(today, (await policy.policy(tx)).policy.first_contact_days)
    giver = known.get(handover.from_advisor_id)
    one = {
        **whole,
        "from_advisor_id": handover.from_advisor_id,
        "corpid": corpid,
        "from_userid": giver.wecom_userid if giver else None,
        "is_resigned": giver is not None and giver.has_left,
        "now": now,
    }
    await tx.execute(_LOCK_CLIENTS, one)
    await tx.execute(_LOCK_OWNERS, one)
    await tx.execute(_LEAVE_OUT, one)
    await tx.execute(_KEEP_BEFORE, one)
    moved = (await tx.execute(_MOVE, one)).all()
    await tx.execute(_STEP, one | {"status": after.value, "first_contact_on": due_on})
    record(
        tx,
        HandoverStarted(
            handover_id=handover_id,
            advisor_id=handover.from_advisor_id,
            boutique_id=handover.boutique_id,
            clients=len(moved),
        ),
    )
    counted = {one.advisor_id for one in counts if one.advisor_id is not None and one.counted}
    await _check_room(tx, counted & {advisor_id for _, advisor_id, _ in moved})
    for client_id, advisor_id, boutique_id in moved:
        record(tx, OwnerAssigned(client_id=client_id, advisor_id=advisor_id, boutique_id=boutique_id))
        record(
            tx,
            ClientHandedOver(
                handover_id=handover_id,
                client_id=client_id,
                from_advisor_id=handover.from_advisor_id,
                advisor_id=advisor_id,
                boutique_id=boutique_id,
                first_contact_due_on=due_on,
            ),
        )
    if not moved:
        await complete_if_over(tx, handover_id, now=now)
    return await handovers.handover(tx, handover_id, boutiques=None)


async def undo(tx: AsyncSession, handover_id: UUID, *, boutiques: Collection[UUID] | None, now: datetime) -> Handover:
    """Drop a plan, or give every client back: owner, boutique, since when and by which record, as they were.

    The version of her row goes on counting, for a tag must not stand for two states. Raises NotFound,
    HandoverStepNotPossible.
    """
    handover = await handovers.handover(tx, handover_id, boutiques=boutiques, lock=True)
    after = rules.step(handover.status, Step.UNDO)
    one = {
        "brand": tx.info["brand_id"],
        "handover_id": handover_id,
        "from_advisor_id": handover.from_advisor_id,
        "now": now,
    }
    if handover.status is Status.STARTED:
        await tx.execute(_PATIENCE)
        await tx.execute(_LOCK_CLIENTS, one)
        await tx.execute(_LOCK_OWNERS, one)
        await tx.execute(_KEEP, one)
        returned = (await tx.execute(_MOVE_BACK, one)).all()
        heirs = (await tx.execute(_MOVE_BACK_HEIRS, one)).all()
        for client_id, boutique_id in [*((client_id, at) for client_id, _, at in returned), *heirs]:
            back = OwnerAssigned(client_id=client_id, advisor_id=handover.from_advisor_id, boutique_id=boutique_id)
            record(tx, back)
        for client_id, advisor_id, boutique_id in returned:
            record(
                tx,
                ClientHandedBack(
                    handover_id=handover_id,
                    client_id=client_id,
                    from_advisor_id=handover.from_advisor_id,
                    advisor_id=advisor_id,
                    boutique_id=boutique_id,
                ),
            )
        await tx.execute(_RETURN, one)
        undone = HandoverUndone(
            handover_id=handover_id, advisor_id=handover.from_advisor_id, boutique_id=handover.boutique_id
        )
        record(tx, undone)
    await tx.execute(_STEP, one | {"status": after.value, "first_contact_on": None})
    return await handovers.handover(tx, handover_id, boutiques=None)


async def complete(
    tx: AsyncSession, handover_id: UUID, *, boutiques: Collection[UUID] | None, now: datetime
) -> Handover:
    """Say that a handover is over, whatever is left of it; raises NotFound, HandoverStepNotPossible."""
    handover = await handovers.handover(tx, handover_id, boutiques=boutiques, lock=True)
    rules.step(handover.status, Step.COMPLETE)
    await _complete(tx, handover, now=now)
    return await handovers.handover(tx, handover_id, boutiques=None)


async def contacted(tx: AsyncSession, handover_id: UUID, client_id: UUID, *, now: datetime) -> None:
    """Keep that the new advisor has spoken to a client; the last one completes the handover. Safe to repeat."""
    # The handover's row first, as everywhere: the last two contacts see each other.
    handover = await handovers.handover(tx, handover_id, boutiques=None, lock=True)
    one = {"brand": tx.info["brand_id"], "handover_id": handover_id, "client_id": client_id, "now": now}
    await tx.execute(_CONTACTED, one)
    if handover.status is Status.STARTED:
        await complete_if_over(tx, handover_id, now=now)


async def complete_if_over(tx: AsyncSession, handover_id: UUID, *, now: datetime) -> None:
    """Complete a started handover of which nothing is left to do."""
    handover = await handovers.handover(tx, handover_id, boutiques=None, lock=True)
    asked = {"brand": tx.info["brand_id"], "handover_id": handover_id}
    if handover.status is Status.STARTED and (await tx.execute(_IS_OVER, asked)).scalar_one():
        await _complete(tx, handover, now=now)


async def _check_room(tx: AsyncSession, takers: Collection[UUID]) -> None:
    """Raise BookFull when a book has grown beyond its limit: the plan may be old, and other plans have gone there."""
    setting = (await policy.policy(tx)).policy
    for advisor_id, load in (await policy.loads(tx, takers, setting)).items():
        if load.counted > setting.hard:
            raise BookFull(hard=setting.hard, advisor_id=str(advisor_id))


async def _complete(tx: AsyncSession, handover: Handover, *, now: datetime) -> None:
    one = {"brand": tx.info["brand_id"], "handover_id": handover.handover_id, "now": now}
    await tx.execute(_STEP, one | {"status": Status.COMPLETED.value, "first_contact_on": None})
    completed = HandoverCompleted(
        handover_id=handover.handover_id, advisor_id=handover.from_advisor_id, boutique_id=handover.boutique_id
    )
    record(tx, completed)
