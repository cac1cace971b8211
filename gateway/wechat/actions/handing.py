"""Pushes handed on: WeChat's to profile, WeCom's to whom they concern, each until it is accepted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import and_, tuple_, update

from gateway.identity.actions.sweeping import sweep
from gateway.wechat import queries, rules
from gateway.wechat.actions import corp as corps
from gateway.wechat.actions.corp import Corp
from gateway.wechat.actions.telling import tellings_of
from gateway.wechat.rules import House, State
from gateway.wechat.tables import WeChatPush
from infra.app import Kit
from infra.crypto import SealBrokenError, keyring
from infra.database import EVERY_BRAND
from infra.eventlog.hint import Hint, pause
from infra.peers import PeerRefused, PeerUnavailable
from infra.refusal import Refusal
from infra.wechat.errors import PushUnreadable
from infra.wechat.push import Push

POLL = 1.0  # seconds between looks for what is due
SWEEP = 3600.0  # seconds between removals of what was handed on long ago


async def hand_on(arrived: Hint, corp: Corp | None, kit: Kit, stop: asyncio.Event) -> None:
    """Hand pushes on until told to stop."""
    while not stop.is_set():
        arrived.clear()
        if await hand_on_due(kit, stop, corp) == 0:
            await arrived.wait(POLL)


async def forget_handed(kit: Kit, stop: asyncio.Event) -> None:
    """Remove pushes that were taken two weeks ago; those that are kept or refused stay for somebody to look at."""
    while not stop.is_set():
        is_old = WeChatPush.handed_at < kit.clock() - rules.KEPT_AFTER
        await sweep(kit, stop, WeChatPush, and_(WeChatPush.state == State.HANDED, is_old))
        await pause(stop, SWEEP)


async def hand_on_due(kit: Kit, stop: asyncio.Event, corp: Corp | None) -> int:
    """Hand over what is due now, one after the other; answers how many pushes that were.

    Asked to stop, or where a service does not answer, it gives the rest back untried.
    """
    taken = await _take(kit, [House.WECHAT] if corp is None else list(House))
    for number, one in enumerate(taken, start=1):
        if stop.is_set():
            await _give_back(kit, taken[number - 1 :], at=kit.clock())
            break
        if not await _hand_on(kit, one, corp):
            await _give_back(kit, taken[number:], at=kit.clock() + rules.pause_after(0))
            break
    return len(taken)


@dataclass(frozen=True)
class _Taken:
    """A push that this process hands over now."""

    brand_id: str
    house: str
    account: str
    push: Push


async def _take(kit: Kit, houses: Sequence[House]) -> list[_Taken]:
    now, taken = kit.clock(), []
    async with kit.database.transaction(EVERY_BRAND) as tx:
        for row in await queries.due(tx, houses, now=now, limit=rules.BATCH):
            # Taken for a while, not locked: no transaction stays open while another service is asked.
            row.next_attempt_at = now + rules.LEASE
            try:
                text = keyring(tx).open("wechat_push", "body", row.dedup_key, row.body)
            except SealBrokenError:
                # It stays, and is looked at again: the key it needs may come back.
                row.next_attempt_at = now + rules.LONGEST_PAUSE
                structlog.get_logger().error("wechat-push-sealed", fault="SealBrokenError")
                continue
            taken.append(_Taken(row.brand_id, row.house, row.appid, Push(row.dedup_key, text)))
    return taken


async def _give_back(kit: Kit, untried: Sequence[_Taken], *, at: datetime) -> None:
    keys = [(one.brand_id, one.push.dedup_key) for one in untried]
    theirs = tuple_(WeChatPush.brand_id, WeChatPush.dedup_key).in_(keys)
    async with kit.database.transaction(EVERY_BRAND) as tx:
        await tx.execute(update(WeChatPush).where(theirs, WeChatPush.state == State.WAITING).values(next_attempt_at=at))


async def _hand_on(kit: Kit, taken: _Taken, corp: Corp | None) -> bool:
    """Hand one push over; answers whether those it goes to are there."""
    no, unfulfilled = await _told(kit, taken, corp)
    async with kit.database.transaction(taken.brand_id) as tx:
        row = await queries.push(tx, taken.push.dedup_key)
        if row is not None:
            _note(row, no, unfulfilled, now=kit.clock())
    return not isinstance(no, PeerUnavailable)


async def _told(kit: Kit, taken: _Taken, corp: Corp | None) -> tuple[Refusal | None, list[str]]:
    """Who says no to it, and the kinds of what it asks for that nobody here does yet."""
    try:
        async with asyncio.timeout(rules.PATIENCE):
            if taken.house == House.WECOM and corp is not None:
                await corps.follow(kit, corp, taken.brand_id, taken.push)
                return None, []
            tellings, unfulfilled = tellings_of(taken.push)
            if tellings:
                body = rules.body(taken.push.dedup_key, taken.account, tellings)
                await kit.peers["profile"].call(
                    "POST",
                    "/v1/wechat/events",
                    brand_id=taken.brand_id,
                    json=body,
                    idempotency_key=taken.push.dedup_key,
                )
            return None, unfulfilled
    except TimeoutError:
        return PeerUnavailable(), []
    except PushUnreadable:
        # Signed by WeCom, so it may be anything.
        return None, ["unreadable"]
    except Refusal as refusal:
        return refusal, []


def _note(row: WeChatPush, no: Refusal | None, unfulfilled: list[str], *, now: datetime) -> None:
    row.attempts += 1
    row.refusals += isinstance(no, PeerRefused)
    if no is None:
        row.state, row.handed_at, row.next_attempt_at = State.HANDED, now, None
        for kind in unfulfilled:
            row.state, row.handed_at = State.KEPT, None
            structlog.get_logger().error("wechat-push-kept", kind=kind)
    elif row.refusals >= rules.REFUSALS:
        row.state, row.next_attempt_at = State.REFUSED, None
        structlog.get_logger().error("wechat-push-refused", peer=row.house, fault=no.slug)
    else:
        row.next_attempt_at = now + rules.pause_after(row.attempts - 1)
        structlog.get_logger().warning("wechat-push-waits", peer=row.house, fault=no.slug)
