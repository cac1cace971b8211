"""What the gateway does on its own about pushes: hand them on, forget them, read the corp's address book."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from gateway.settings import GatewaySettings
from gateway.wechat.actions.corp import Corp
from gateway.wechat.actions.handing import forget_handed, hand_on
from gateway.wechat.actions.keeping import Mailbox
from gateway.wechat.actions.staff import reading
from infra.app import Kit, Loop
from infra.crypto import Keyring
from infra.eventlog.hint import Hint
from infra.wechat.call import open_http
from infra.wechat.push import PushDesk
from infra.wechat.token_store import PostgresTokenStore
from infra.wecom.access_token import Agent
from infra.wecom.client import open_channel
from infra.wecom.push import CorpDesk


def mailboxes(settings: GatewaySettings, arrived: Hint) -> tuple[Mailbox | None, Mailbox | None]:
    """Where WeChat's pushes come in, and WeCom's; None for what is not set up."""
    of_wechat = of_wecom = None
    if settings.wechat_appid:
        desk = PushDesk(settings.wechat_appid, settings.wechat_push_token, settings.wechat_push_aes_key)
        of_wechat = Mailbox(settings.mini_program_brand, desk, arrived)
    if settings.corp_brand:
        corp_desk = CorpDesk(settings.wecom_corpid, settings.wecom_push_token, settings.wecom_push_aes_key)
        of_wecom = Mailbox(settings.corp_brand, corp_desk, arrived)
    return of_wechat, of_wecom


def pushing(settings: GatewaySettings, arrived: Hint, transport: httpx.AsyncBaseTransport | None) -> list[Loop]:
    """The loops; `transport` is how tests reach a WeCom in the same process."""

    async def handing(kit: Kit, stop: asyncio.Event) -> None:
        if not settings.corp_brand:
            await hand_on(arrived, None, kit, stop)
            return
        async with _corp(settings, kit, transport) as corp:
            await hand_on(arrived, corp, kit, stop)

    async def book(kit: Kit, stop: asyncio.Event) -> None:
        async with _corp(settings, kit, transport) as corp:
            await reading(corp, kit, stop)

    loops: list[Loop] = [forget_handed]
    if settings.mini_program_brand or settings.corp_brand:
        loops.append(handing)
    if settings.corp_brand:
        loops.append(book)
    return loops


@asynccontextmanager
async def _corp(settings: GatewaySettings, kit: Kit, transport: httpx.AsyncBaseTransport | None) -> AsyncIterator[Corp]:
    async with open_http(settings.wecom_api_url, transport=transport) as http:
        agent = Agent(settings.wecom_corpid, settings.wecom_agent_id, settings.wecom_secret)
        store = PostgresTokenStore(kit.database, Keyring.load(settings.keys))
        yield Corp(settings.corp_brand, open_channel(http, agent, store), dict(settings.wecom_boutiques))
