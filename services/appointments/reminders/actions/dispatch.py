"""Handing notices to profile, the one door out, and taking back what changed on the way.

Nothing is locked while profile is asked. So a notice is judged by the appointment under its lock three times over: when
it is claimed, when profile has answered, and when a fact says that the visit has changed. What was true first and is
not true afterwards is recalled, and whatever comes after it is told after it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import Kit
from infra.database import EVERY_BRAND
from infra.eventlog.hint import pause
from infra.peers import PeerRefused, PeerUnavailable
from infra.telemetry import reduced, start_trace
from infra.telemetry.traces import work
from services.appointments.bookings import queries as bookings
from services.appointments.bookings.actions.door import Message, Told, tell
from services.appointments.bookings.tables import Appointment
from services.appointments.occasions.rules.life import LEASE, wait_after
from services.appointments.reminders import queries, rules
from services.appointments.reminders.actions import noting, words
from services.appointments.reminders.rules import Kind, Status
from services.appointments.reminders.tables import Notice

BATCH = 8  # notices handed over side by side
POLL = 0.5  # seconds between two looks for what is to be handed over
PLAN = 5.0  # seconds between two looks for visits of which it is time to remind: a reminder may be so late
# What is looked through again each time: a visit that somebody changed just then, a rival's clock.
OVERLAP = timedelta(minutes=1)
ANEW = 600.0  # seconds after which all is looked through: a brand may have set other times
LONGEST = 4.0  # seconds for one call to profile; a claim lasts longer

Claim = tuple[str, UUID, UUID]  # brand, notice, appointment


async def loop(kit: Kit, stop: asyncio.Event) -> None:
    """Tell what is due until told to stop. Any number of instances may do so at once."""
    ticks = asyncio.get_running_loop().time
    since: datetime | None = None
    plan_at = all_at = ticks()
    while not stop.is_set():
        if ticks() >= plan_at:
            now, is_all = kit.clock(), ticks() >= all_at
            start_trace(None)
            await noting.plan(kit.database, since=None if is_all else since, now=now)
            since, plan_at = now - OVERLAP, ticks() + PLAN
            all_at = ticks() + ANEW if is_all else all_at
        if not await hand_over_once(kit):
            await pause(stop, POLL)


async def hand_over_once(kit: Kit) -> int:
    """Hand over one batch of what is due; answers how many notices were taken up."""
    start_trace(None)
    now = kit.clock()
    async with kit.database.transaction(EVERY_BRAND) as tx:
        found = [_claim(one, now=now) for one in await queries.ready(tx, now=now, limit=BATCH)]
        recalled = [_claim_recall(one, now=now) for one in await queries.to_recall(tx, now=now, limit=BATCH)]
    claimed = [one for one in found if one is not None]
    # The claim is committed: no row stays locked while profile is asked, and a killed instance's claims lapse.
    async with asyncio.TaskGroup() as tasks:
        for claim in claimed:
            tasks.create_task(_alone("hand over notice", claim[1], partial(_hand_over, kit, *claim)))
        for brand_id, notice_id in recalled:
            tasks.create_task(_alone("recall notice", notice_id, partial(_recall, kit, brand_id, notice_id)))
    return len(found) + len(recalled)


def _claim(one: Notice, *, now: datetime) -> Claim | None:
    if one.expires_at <= now:
        one.status, one.reason, one.settled_at = Status.REFUSED, rules.UNSENT, now
        return None
    one.attempts += 1
    # What ends in a fault is left as it is claimed here, so that it comes back more and more rarely.
    one.next_attempt_at = now + max(LEASE, wait_after(one.attempts))
    return one.brand_id, one.notice_id, one.appointment_id


def _claim_recall(one: Notice, *, now: datetime) -> tuple[str, UUID]:
    one.next_attempt_at = now + LEASE / 5
    return one.brand_id, one.notice_id


async def _alone(name: str, notice_id: UUID, job: Callable[[], Awaitable[None]]) -> None:
    """Do one job. A fault of one must not hold up its neighbours: it is logged, and its claim lapses."""
    try:
        with work(name):
            await job()
    except Exception as fault:  # noqa: BLE001 - an edge: each notice is a job of its own
        structlog.get_logger().error("notice-fault", notice_id=str(notice_id), **reduced(fault))


async def _hand_over(kit: Kit, brand_id: str, notice_id: UUID, appointment_id: UUID) -> None:
    async with kit.database.transaction(brand_id) as tx:
        message = await _decided(tx, notice_id, appointment_id, public_url=kit.settings.public_url, now=kit.clock())
    if message is None:
        return
    # The same key on every try: whatever was killed in between, she gets one message.
    told = await _asked(kit, brand_id, message, key=str(notice_id))
    async with kit.database.transaction(brand_id) as tx:
        await _keep(tx, notice_id, appointment_id, told, now=kit.clock())


async def _asked(kit: Kit, brand_id: str, message: Message, *, key: str) -> Told | None:
    try:
        async with asyncio.timeout(LONGEST):
            return await tell(kit.peers, brand_id, message, key=key)
    except TimeoutError:
        return None


async def _decided(
    tx: AsyncSession, notice_id: UUID, appointment_id: UUID, *, public_url: str, now: datetime
) -> Message | None:
    """The message, if the visit still is what the notice says and nothing newer is to be told of it."""
    # The appointment first, as everybody: whoever changes it has done so, or waits for us.
    visit = await queries.visit(tx, appointment_id)
    one = await queries.notice(tx, notice_id)
    if one is None or one.status != Status.WAITING:
        return None
    is_upset = one.kind in rules.NOT_OF_UPSET and await bookings.is_upset(tx, appointment_id)
    if visit is None or is_upset or not _stands(one, visit) or await queries.has_later(tx, one):
        _drop(one, now=now)
        return None
    one.asked_at = now
    return await words.message(tx, one, visit, public_url=public_url)


def _stands(one: Notice, visit: Appointment) -> bool:
    return rules.stands(Kind(one.kind), about=one.starts_at, status=visit.status, starts_at=visit.starts_at)


def _drop(one: Notice, *, now: datetime) -> None:
    one.status, one.reason, one.settled_at = Status.DROPPED, rules.MEANWHILE, now
    if one.asked_at is not None:
        # An earlier try may have been taken without our hearing of it.
        _take_back(one, now=now)


def _take_back(one: Notice, *, now: datetime) -> None:
    one.status, one.reason, one.settled_at = Status.RECALLED, rules.MEANWHILE, now
    one.recall_until, one.next_attempt_at = now + LEASE, now


async def _keep(tx: AsyncSession, notice_id: UUID, appointment_id: UUID, told: Told | None, *, now: datetime) -> None:
    visit = await queries.visit(tx, appointment_id)
    one = await queries.notice(tx, notice_id)
    if one is None or one.status != Status.WAITING:  # it did not reach her, or she was erased
        return
    if told is None:
        structlog.get_logger().warning("notice-postponed", peer="profile", attempt=one.attempts)
        one.next_attempt_at = now + wait_after(one.attempts)
        return
    one.message_id, one.channel, one.settled_at = told.message_id, told.channel, now
    if not told.taken:
        one.status, one.reason = Status.REFUSED, told.reason or "refused"
    elif visit is None or not _stands(one, visit):
        _take_back(one, now=now)
    else:
        one.status = Status.SENT


async def _recall(kit: Kit, brand_id: str, notice_id: UUID) -> None:
    """Ask profile to let a message not leave; asked again until no try of ours can still be on its way."""
    try:
        async with asyncio.timeout(LONGEST):
            await kit.peers["profile"].call(
                "POST", "/v1/messages/recalls", brand_id=brand_id, json={"references": [str(notice_id)]}
            )
    except (PeerUnavailable, PeerRefused, TimeoutError):
        is_heard = False
    else:
        is_heard = True
    now = kit.clock()
    async with kit.database.transaction(brand_id) as tx:
        one = await queries.notice(tx, notice_id)
        if one is None or one.recall_until is None:
            return
        # After its time profile lets it not leave by itself.
        if (is_heard and now >= one.recall_until) or now >= one.expires_at:
            one.recall_until = None
