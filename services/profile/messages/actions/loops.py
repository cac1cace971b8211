"""The loops of the channels beside WeChat's: who carries what, and who asks afterwards what became of it."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

import httpx
import structlog
from sqlalchemy import text

from infra.app import Kit, Loop, Transports
from infra.crypto import Keyring
from infra.database import EVERY_BRAND
from infra.eventlog.hint import pause
from infra.mail import MailServer
from infra.refusal import Refusal
from infra.sms.client import SmsAccount, SmsRejectedError
from infra.sms.client import open_http as open_sms
from infra.sms.signing import Secret
from infra.telemetry import reduced, start_trace
from infra.wechat.call import open_http
from infra.wechat.errors import WeChatRejected
from infra.wechat.token_store import PostgresTokenStore
from infra.wecom.access_token import Agent
from infra.wecom.client import open_channel
from services.profile.messages.actions import claims, drafts, orphans, reports, unsubscribing
from services.profile.messages.actions.claims import Outcome
from services.profile.messages.actions.couriers import LOOK, PATIENCE, ByEmail, BySms, ByWeCom
from services.profile.messages.actions.sending import carry, dispatching
from services.profile.messages.queries.ways import Ways
from services.profile.messages.rules import Channel, Reason, Status, Step

POLL = 2.0  # seconds between two looks for messages that wait for an advisor
REPORTS = 30.0  # seconds between two looks for delivery reports
SWEEP = 60.0  # seconds between two looks for drafts that are over

_AWAITED = text(
    "select brand_id from message where status = 'awaiting-advisor' and due_at <= :now order by due_at limit 1"
)
_USERID = text(
    "select wecom_userid from advisor where advisor_id = :advisor_id and wecom_userid is not null"
    " and left_at is null limit 1"
)


def sending(transports: Transports | None = None) -> list[Loop]:
    """Every loop of this capability; `transports` by `wechat`, `wecom` and `sms` are how tests reach doubles."""
    by: Mapping[str, httpx.AsyncBaseTransport] = transports or {}
    return [
        dispatching(by.get("wechat")),
        by_sms(by.get("sms")),
        by_email(),
        by_wecom(by.get("wecom")),
        forget_drafts,
    ]


def by_sms(transport: httpx.AsyncBaseTransport | None = None) -> Loop:
    """SMS, and what the carriers report of them."""

    async def loop(kit: Kit, stop: asyncio.Event) -> None:
        settings = kit.settings
        if Channel.SMS not in Ways.of(settings).channels:
            await stop.wait()
            return
        async with open_sms(settings.sms_api_url, transport=transport) as http:
            account = SmsAccount(
                http,
                Secret(settings.sms_secret_id, settings.sms_secret_key),
                app_id=settings.sms_app_id,
                sign=settings.sms_sign,
                region=settings.sms_region,
            )
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(carry(kit, BySms(account, settings), Channel.SMS, stop))
                tasks.create_task(_ask_for_reports(kit, account, stop))

    return loop


def by_email() -> Loop:
    """E-mail."""

    async def loop(kit: Kit, stop: asyncio.Event) -> None:
        settings = kit.settings
        if Channel.EMAIL not in Ways.of(settings).channels:
            await stop.wait()
            return
        server = MailServer(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_security,
            settings.smtp_user,
            settings.smtp_password,
        )
        ring = Keyring.load(settings.keys)
        courier = ByEmail(server, settings.smtp_from, lambda letter: unsubscribing.address(ring, settings, letter))
        await carry(kit, courier, Channel.EMAIL, stop)

    return loop


def by_wecom(transport: httpx.AsyncBaseTransport | None = None) -> Loop:
    """WeCom, and whether the advisors have confirmed."""

    async def loop(kit: Kit, stop: asyncio.Event) -> None:
        settings = kit.settings
        if Channel.WECOM not in Ways.of(settings).channels:
            await stop.wait()
            return

        async def userid(advisor_id: UUID) -> str | None:
            async with kit.database.transaction(EVERY_BRAND) as tx:
                return (await tx.execute(_USERID, {"advisor_id": advisor_id})).scalar_one_or_none()

        async with open_http(settings.wecom_api_url, transport=transport) as http:
            agent = Agent(settings.wecom_corpid, settings.wecom_agent_id, settings.wecom_secret)
            store = PostgresTokenStore(kit.database, Keyring.load(settings.keys))
            courier = ByWeCom(open_channel(http, agent, store), userid)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(carry(kit, courier, Channel.WECOM, stop))
                tasks.create_task(_look_for_confirmed(kit, courier, stop))
                tasks.create_task(_take_back(kit, courier, stop))

    return loop


async def look_once(kit: Kit, courier: ByWeCom) -> bool:
    """Ask WeCom about one message that waits for an advisor; answers whether one was due for it."""
    now = kit.clock()
    async with kit.database.transaction(EVERY_BRAND) as tx:
        brand_id = (await tx.execute(_AWAITED, {"now": now})).scalar_one_or_none()
    if brand_id is None:
        return False
    start_trace(None)
    async with kit.database.transaction(brand_id) as tx:
        letter = await claims.awaited(tx, now=now, again=LOOK)
        if letter is None:
            return False
        withdrawn = await claims.no_longer(tx, letter, now=now)
    try:
        outcome = await courier.look(letter)
        if outcome is None and withdrawn is not None:
            outcome = await courier.stop(letter, withdrawn)
    except (Refusal, WeChatRejected):
        # A message that WeCom does not want to speak of is over after its week like any other.
        if now - letter.asked_at <= PATIENCE:
            raise
        outcome = None
    if outcome is None and now - letter.asked_at > PATIENCE:
        outcome = Outcome(Step.LOSE, Reason.NOT_CONFIRMED)
    if outcome is not None:
        async with kit.database.transaction(brand_id) as tx:
            await claims.settle(tx, letter, outcome, now=kit.clock(), before=Status.AWAITING_ADVISOR)
    return True


async def _look_for_confirmed(kit: Kit, courier: ByWeCom, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            if await look_once(kit, courier):
                continue
        except (Refusal, WeChatRejected) as away:
            structlog.get_logger().warning("messages-wait", peer="wecom", **reduced(away))
        await pause(stop, POLL)


async def _take_back(kit: Kit, courier: ByWeCom, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            if await orphans.recall_next(kit.database, courier.cancel, now=kit.clock()):
                continue
        except (Refusal, WeChatRejected) as away:
            structlog.get_logger().warning("message-not-taken-back", peer="wecom", **reduced(away))
        await pause(stop, POLL)


async def _ask_for_reports(kit: Kit, account: SmsAccount, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            told = await account.reports()
        except (Refusal, SmsRejectedError) as away:
            # Tencent opens the call on demand: without it nobody hears whether an SMS arrived, and all else goes on.
            structlog.get_logger().info("messages-no-reports", peer="sms", **reduced(away))
            told = []
        if told:
            await reports.take(kit.database, told, now=kit.clock())
        await pause(stop, REPORTS if not told else 0.0)


async def forget_drafts(kit: Kit, stop: asyncio.Event) -> None:
    """Let drafts that nobody sent be over."""
    while not stop.is_set():
        await drafts.expire(kit.database, now=kit.clock())
        await pause(stop, SWEEP)
