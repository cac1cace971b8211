"""Sending what is queued: at most once, by any number of instances, each channel by a loop of its own."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import httpx
import structlog
from sqlalchemy import text

from infra.app import Kit, Loop
from infra.crypto import Keyring
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.refusal import Refusal
from infra.settings import Settings
from infra.telemetry import reduced, start_trace
from infra.telemetry.traces import work
from infra.wechat.access_token import AccessTokens
from infra.wechat.call import Account, open_http
from infra.wechat.client import WeChat
from infra.wechat.errors import WeChatRejected
from infra.wechat.token_store import PostgresTokenStore
from services.profile.messages.actions import channels, claims
from services.profile.messages.actions.claims import Letter, Outcome
from services.profile.messages.actions.delivery import deliver
from services.profile.messages.rules import Channel, Purpose

POLL = 0.25  # seconds between two looks at an empty queue
AWAY = 5.0  # seconds to wait while a channel cannot be reached
# A claimed message older than this is nobody's any more; longer than any attempt may take (delivery.LONGEST).
INTERRUPTED_AFTER = timedelta(seconds=60)

_BRAND = text(
    "select brand_id from message where channel = :channel and status = 'queued' and due_at <= :now"  # noqa: S608
    f" and not {claims.FROM_BEFORE} order by due_at limit 1"
)


class Courier(Protocol):
    """Who carries the messages of one channel."""

    async def ready(self) -> None:
        """Find out what can be found out while a message can still wait; raises a Refusal or WeChatRejected."""

    async def deliver(self, letter: Letter) -> Outcome:
        """One attempt. It postpones only what certainly has not left the house."""


@dataclass(frozen=True)
class Post:
    """The mini-program the house sends subscribe messages from, and its templates."""

    wechat: WeChat
    tokens: AccessTokens
    settings: Settings

    @staticmethod
    def open(settings: Settings, database: Database, http: httpx.AsyncClient) -> "Post":
        """The post of one process; the token is shared through the database."""
        account = Account(settings.wechat_appid, settings.wechat_secret)
        tokens = AccessTokens(http, account, PostgresTokenStore(database, Keyring.load(settings.keys)))
        return Post(WeChat(http, account, tokens), tokens, settings)

    async def ready(self) -> None:
        """A WeChat that is away gives no token."""
        await self.tokens.current()

    async def deliver(self, letter: Letter) -> Outcome:
        """Send it, once."""
        return await deliver(self.wechat, letter, templates=self.settings.wechat_templates)


async def send_next(
    database: Database, courier: Courier, *, clock: Callable[[], datetime], channel: Channel = Channel.SUBSCRIBE
) -> bool:
    """Send the message of a channel that is due first; answers whether there was one to send.

    The claim is committed before the channel is called: whatever happens then, nobody sends it a second time.
    Raises what `ready` raises when the channel cannot be reached; then nothing was claimed.
    """
    async with database.transaction(EVERY_BRAND) as tx:
        brand_id = (await tx.execute(_BRAND, {"now": clock(), "channel": channel.value})).scalar_one_or_none()
    if brand_id is None:
        return False
    start_trace(None)
    await courier.ready()
    async with database.transaction(brand_id) as tx:
        letter = await claims.claim(tx, channel, now=clock())
    if letter is None:
        return False  # a rival was faster, or it may not be sent now
    with work("send message"):
        outcome = await courier.deliver(letter)
        async with database.transaction(brand_id) as tx:
            await claims.settle(tx, letter, outcome, now=clock())
            if outcome.declines:
                declined = [(channel, purpose, True) for purpose in Purpose]
                await channels.say(tx, letter.client_id, declined, source="channel", now=clock())
    return True


def dispatching(transport: httpx.AsyncBaseTransport | None = None) -> Loop:
    """The loop that sends subscribe messages; `transport` is how tests reach a WeChat in the same process."""

    async def loop(kit: Kit, stop: asyncio.Event) -> None:
        if not kit.settings.wechat_appid:
            await stop.wait()  # no account to send from: nothing is ever queued
            return
        async with open_http(kit.settings.wechat_api_url, transport=transport) as http:
            await carry(kit, Post.open(kit.settings, kit.database, http), Channel.SUBSCRIBE, stop)

    return loop


async def carry(kit: Kit, courier: Courier, channel: Channel, stop: asyncio.Event) -> None:
    """Send whatever a channel has to send, until told to stop."""
    while not stop.is_set():
        try:
            if await send_next(kit.database, courier, clock=kit.clock, channel=channel):
                continue
            await claims.give_up(kit.database, channel, before=kit.clock() - INTERRUPTED_AFTER, now=kit.clock())
            await pause(stop, POLL)
        except (Refusal, WeChatRejected) as away:
            structlog.get_logger().warning("messages-wait", peer=channel.value, **reduced(away))
            await pause(stop, AWAY)
