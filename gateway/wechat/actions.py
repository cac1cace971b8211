"""Pushes from WeChat: kept before they are answered, handed to profile until it accepts them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import and_, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from gateway.identity.actions.sweeping import sweep
from gateway.wechat import queries, rules
from gateway.wechat.rules import State, Telling
from gateway.wechat.tables import WeChatPush
from infra.app import Kit
from infra.crypto import SealBrokenError, keyring
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import Hint, pause
from infra.peers import PeerRefused, PeerUnavailable
from infra.wechat.errors import PushUnreadable
from infra.wechat.push import Push, PushDesk
from infra.wechat.push_events import (
    AuthorisationCancelled,
    AuthorisationRevoked,
    MessageDelivered,
    PopupAnswered,
    SubscriptionEnded,
    Unfollowed,
    WeChatEvent,
    read_events,
)

POLL = 1.0  # seconds between looks for what is due
SWEEP = 3600.0  # seconds between removals of what was handed on long ago

# She wants data of hers gone. Nothing here deletes it yet, so the push must not be taken for done.
UNFULFILLED = (AuthorisationRevoked, AuthorisationCancelled, Unfollowed)


@dataclass(frozen=True)
class Mailbox:
    """Where pushes for one account come in."""

    brand_id: str
    desk: PushDesk
    arrived: Hint = field(default_factory=Hint)


async def keep(database: Database, mailbox: Mailbox, push: Push, *, now: datetime) -> None:
    """Store a push, once however often it is sent, and wake who hands it on."""
    async with database.transaction(mailbox.brand_id) as tx:
        row = {
            "brand_id": mailbox.brand_id,
            "dedup_key": push.dedup_key,
            "appid": mailbox.desk.appid,
            "body": keyring(tx).seal("wechat_push", "body", push.dedup_key, push.text),
            "received_at": now,
            "state": State.WAITING,
            "attempts": 0,
            "refusals": 0,
            "next_attempt_at": now,
        }
        await tx.execute(insert(WeChatPush).values(row).on_conflict_do_nothing())
    mailbox.arrived.give()


async def hand_on(mailbox: Mailbox, kit: Kit, stop: asyncio.Event) -> None:
    """Hand pushes to profile until told to stop."""
    while not stop.is_set():
        mailbox.arrived.clear()
        if await hand_on_due(kit, stop) == 0:
            await mailbox.arrived.wait(POLL)


async def forget_handed(kit: Kit, stop: asyncio.Event) -> None:
    """Remove pushes that profile has had for two weeks; those that are kept or refused stay for somebody to look at."""
    while not stop.is_set():
        is_old = WeChatPush.handed_at < kit.clock() - rules.KEPT_AFTER
        await sweep(kit, stop, WeChatPush, and_(WeChatPush.state == State.HANDED, is_old))
        await pause(stop, SWEEP)


async def hand_on_due(kit: Kit, stop: asyncio.Event) -> int:
    """Hand over what is due now, one after the other; answers how many pushes that were.

    Asked to stop, or where profile does not answer, it gives the rest back untried.
    """
    taken = await _take(kit)
    for number, one in enumerate(taken, start=1):
        if stop.is_set():
            await _give_back(kit, taken[number - 1 :], at=kit.clock())
            break
        if not await _hand_on(kit, one):
            await _give_back(kit, taken[number:], at=kit.clock() + rules.pause_after(0))
            break
    return len(taken)


@dataclass(frozen=True)
class _Taken:
    """A push that this process hands over now."""

    brand_id: str
    appid: str
    push: Push


async def _take(kit: Kit) -> list[_Taken]:
    now, taken = kit.clock(), []
    async with kit.database.transaction(EVERY_BRAND) as tx:
        for row in await queries.due(tx, now=now, limit=rules.BATCH):
            # Taken for a while, not locked: no transaction stays open while profile is asked.
            row.next_attempt_at = now + rules.LEASE
            try:
                text = keyring(tx).open("wechat_push", "body", row.dedup_key, row.body)
            except SealBrokenError:
                # It stays, and is looked at again: the key it needs may come back.
                row.next_attempt_at = now + rules.LONGEST_PAUSE
                structlog.get_logger().error("wechat-push-sealed", fault="SealBrokenError")
                continue
            taken.append(_Taken(row.brand_id, row.appid, Push(row.dedup_key, text)))
    return taken


async def _give_back(kit: Kit, untried: Sequence[_Taken], *, at: datetime) -> None:
    keys = [(one.brand_id, one.push.dedup_key) for one in untried]
    theirs = tuple_(WeChatPush.brand_id, WeChatPush.dedup_key).in_(keys)
    async with kit.database.transaction(EVERY_BRAND) as tx:
        await tx.execute(update(WeChatPush).where(theirs, WeChatPush.state == State.WAITING).values(next_attempt_at=at))


async def _hand_on(kit: Kit, taken: _Taken) -> bool:
    """Hand one push over; answers whether profile is there."""
    tellings, unfulfilled = tellings_of(taken.push)
    no = await _tell(kit, taken, tellings) if tellings else None
    async with kit.database.transaction(taken.brand_id) as tx:
        row = await queries.push(tx, taken.push.dedup_key)
        if row is not None:
            _note(row, no, unfulfilled, now=kit.clock())
    return not isinstance(no, PeerUnavailable)


async def _tell(kit: Kit, taken: _Taken, tellings: list[Telling]) -> PeerRefused | PeerUnavailable | None:
    body = rules.body(taken.push.dedup_key, taken.appid, tellings)
    try:
        async with asyncio.timeout(rules.PATIENCE):
            await kit.peers["profile"].call(
                "POST",
                "/v1/wechat/events",
                brand_id=taken.brand_id,
                json=body,
                idempotency_key=taken.push.dedup_key,
            )
    except TimeoutError:
        return PeerUnavailable()
    except (PeerRefused, PeerUnavailable) as refusal:
        return refusal
    return None


def _note(row: WeChatPush, no: PeerRefused | PeerUnavailable | None, unfulfilled: list[str], *, now: datetime) -> None:
    row.attempts += 1
    row.refusals += isinstance(no, PeerRefused)
    if no is None:
        row.state, row.handed_at, row.next_attempt_at = State.HANDED, now, None
        for kind in unfulfilled:
            row.state, row.handed_at = State.KEPT, None
            structlog.get_logger().error("wechat-push-kept", kind=kind)
    elif row.refusals >= rules.REFUSALS:
        row.state, row.next_attempt_at = State.REFUSED, None
        structlog.get_logger().error("wechat-push-refused", peer="profile", fault=no.slug)
    else:
        row.next_attempt_at = now + rules.pause_after(row.attempts - 1)
        structlog.get_logger().warning("wechat-push-waits", peer="profile", fault=no.slug)


def tellings_of(push: Push) -> tuple[list[Telling], list[str]]:
    """What profile is told of a push, and the kinds of what it asks for that nobody here does yet."""
    try:
        events = read_events(push.text)
    except PushUnreadable:
        # Signed by WeChat, so it may be any of them.
        return [], ["unreadable"]
    tellings = [told for event in events if (told := telling(event)) is not None]
    return tellings, [event.kind for event in events if isinstance(event, UNFULFILLED)]


def telling(event: WeChatEvent) -> Telling | None:
    """What the permission ledger has to know of an event.

    A declined popup takes nothing away that she granted before, so nothing is said of it.
    """
    match event:
        case PopupAnswered(accepted=True):
            return Telling("granted", event.openid, event.template_id, event.at)
        case SubscriptionEnded():
            return Telling("rejected", event.openid, event.template_id, event.at)
        case MessageDelivered():
            return Telling("sent", event.openid, event.template_id, event.at, event.msgid, event.errcode)
        case _:
            return None
