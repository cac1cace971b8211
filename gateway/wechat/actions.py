"""Pushes from WeChat: kept before they are answered, handed to profile until it accepts them."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.dialects.postgresql import insert

from gateway.wechat import queries, rules
from gateway.wechat.rules import Telling
from gateway.wechat.tables import WeChatPush
from infra.app import Kit
from infra.crypto import SealBrokenError, keyring
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import Hint
from infra.peers import PeerRefused, PeerUnavailable
from infra.wechat.errors import PushUnreadable
from infra.wechat.push import Push, PushDesk
from infra.wechat.push_events import MessageDelivered, PopupAnswered, SubscriptionEnded, WeChatEvent, read_events

POLL = 1.0  # seconds between looks for what is due
BATCH = 20


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
            "attempts": 0,
            "next_attempt_at": now,
        }
        await tx.execute(insert(WeChatPush).values(row).on_conflict_do_nothing())
    mailbox.arrived.give()


async def hand_on(mailbox: Mailbox, kit: Kit, stop: asyncio.Event) -> None:
    """Hand pushes to profile until told to stop."""
    while not stop.is_set():
        mailbox.arrived.clear()
        if await hand_on_due(kit) == 0:
            await mailbox.arrived.wait(POLL)


async def hand_on_due(kit: Kit) -> int:
    """Hand over what is due now; answers how many pushes that were."""
    now = kit.clock()
    async with kit.database.transaction(EVERY_BRAND) as tx:
        taken = await queries.due(tx, now=now, limit=BATCH)
        found = []
        for row in taken:
            # Taken for a while, not locked: no transaction stays open while profile is asked.
            row.next_attempt_at = now + rules.LEASE
            try:
                text = keyring(tx).open("wechat_push", "body", row.dedup_key, row.body)
            except SealBrokenError:
                # It stays, and is looked at again: the key it needs may come back.
                row.next_attempt_at = now + rules.LONGEST_PAUSE
                structlog.get_logger().error("wechat-push-sealed", fault="SealBrokenError")
                continue
            found.append((row.brand_id, row.appid, Push(row.dedup_key, text)))
    for brand_id, appid, push in found:
        await _hand_on(kit, brand_id, appid, push)
    return len(found)


async def _hand_on(kit: Kit, brand_id: str, appid: str, push: Push) -> None:
    tellings, accepted = tellings_of(push), True
    if tellings:
        body = rules.body(push.dedup_key, appid, tellings)
        try:
            await kit.peers["profile"].call(
                "POST", "/v1/wechat/events", brand_id=brand_id, json=body, idempotency_key=push.dedup_key
            )
        except (PeerRefused, PeerUnavailable) as refusal:
            structlog.get_logger().warning("wechat-push-waits", peer="profile", fault=refusal.slug)
            accepted = False
    async with kit.database.transaction(brand_id) as tx:
        row = await queries.push(tx, push.dedup_key)
        if row is None:
            return
        row.attempts += 1
        if accepted:
            row.handed_at, row.next_attempt_at = kit.clock(), None
        else:
            row.next_attempt_at = kit.clock() + rules.pause_after(row.attempts - 1)


def tellings_of(push: Push) -> list[Telling]:
    """What profile is told of a push; nothing of one that is signed but says nothing we can read."""
    try:
        return [told for event in read_events(push.text) if (told := telling(event)) is not None]
    except PushUnreadable as refusal:
        structlog.get_logger().warning("wechat-push-unread", fault=refusal.slug)
        return []


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
