"""Sending what is queued: at most once, by any number of instances."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import structlog
from sqlalchemy import text

from infra.app import Kit, Loop
from infra.crypto import Keyring
from infra.database import EVERY_BRAND, Database
from infra.eventlog.hint import pause
from infra.settings import Settings
from infra.telemetry import reduced, start_trace
from infra.telemetry.traces import work
from infra.wechat.access_token import AccessTokens
from infra.wechat.call import Account, open_http
from infra.wechat.client import WeChat
from infra.wechat.errors import CalledTooOften, WeChatRejected, WeChatUnavailable
from infra.wechat.token_store import PostgresTokenStore
from services.profile.messages.actions import claims
from services.profile.messages.actions.delivery import deliver

POLL = 0.25  # seconds between two looks at an empty queue
AWAY = 5.0  # seconds to wait while WeChat gives no token
# A claimed message older than this is nobody's any more; longer than any call to WeChat may take (delivery.LONGEST).
INTERRUPTED_AFTER = timedelta(seconds=60)

_BRAND = text(
    f"select brand_id from message where status = 'queued' and due_at <= :now and not {claims.FROM_BEFORE}"  # noqa: S608
    " order by due_at limit 1"
)


@dataclass(frozen=True)
class Post:
    """The account the house sends from, and its templates."""

    wechat: WeChat
    tokens: AccessTokens
    settings: Settings

    @staticmethod
    def open(settings: Settings, database: Database, http: httpx.AsyncClient) -> "Post":
        """The post of one process; the token is shared through the database."""
        account = Account(settings.wechat_appid, settings.wechat_secret)
        tokens = AccessTokens(http, account, PostgresTokenStore(database, Keyring.load(settings.keys)))
        return Post(WeChat(http, account, tokens), tokens, settings)


async def send_next(database: Database, post: Post, *, clock: Callable[[], datetime]) -> bool:
    """Send the message that is due first; answers whether there was one to send.

    The claim is committed before WeChat is called: whatever happens then, nobody sends it a second time.
    Raises WeChatUnavailable, CalledTooOften or WeChatRejected when there is no token; then nothing was claimed.
    """
    async with database.transaction(EVERY_BRAND) as tx:
        brand_id = (await tx.execute(_BRAND, {"now": clock()})).scalar_one_or_none()
    if brand_id is None:
        return False
    start_trace(None)
    # A WeChat that is away is found out here, while the message can still wait.
    await post.tokens.current()
    async with database.transaction(brand_id) as tx:
        letter = await claims.claim(tx, now=clock())
    if letter is None:
        return False  # a rival was faster, or it may no longer be sent
    with work("send message"):
        outcome = await deliver(post.wechat, letter, templates=post.settings.wechat_templates)
        async with database.transaction(brand_id) as tx:
            await claims.settle(tx, letter, outcome, now=clock())
    return True


def dispatching(transport: httpx.AsyncBaseTransport | None = None) -> Loop:
    """The loop that sends; `transport` is how tests reach a WeChat in the same process."""

    async def loop(kit: Kit, stop: asyncio.Event) -> None:
        if not kit.settings.wechat_appid:
            await stop.wait()  # no account to send from: nothing is ever queued
            return
        async with open_http(kit.settings.wechat_api_url, transport=transport) as http:
            post = Post.open(kit.settings, kit.database, http)
            while not stop.is_set():
                await _step(kit, post, stop)

    return loop


async def _step(kit: Kit, post: Post, stop: asyncio.Event) -> None:
    try:
        if await send_next(kit.database, post, clock=kit.clock):
            return
        await claims.give_up(kit.database, before=kit.clock() - INTERRUPTED_AFTER, now=kit.clock())
        await pause(stop, POLL)
    except (WeChatUnavailable, CalledTooOften, WeChatRejected) as away:
        structlog.get_logger().warning("messages-wait", peer="wechat", **reduced(away))
        await pause(stop, AWAY)
