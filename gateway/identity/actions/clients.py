"""Clients who come from the mini-program: who she is to WeChat, and whom profile knows her as."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.identity.actions import sessions
from gateway.identity.actions.exchange import Exchange
from gateway.identity.actions.sessions import Person
from gateway.identity.rules import ClientErased, NotAWeChatSession
from gateway.identity.schemas import TokensView
from infra.app import Kit
from infra.identity import Caller
from infra.ids import new_id
from infra.peers import PeerRefused
from infra.wechat.client import WeChat


async def sign_in(
    kit: Kit, exchange: Exchange, wechat: WeChat, *, brand_id: str, code: str, now: datetime
) -> TokensView:
    """Open a session for whoever `wx.login` gave this code to.

    Raises LoginCodeRefused, LoginBlocked, CalledTooOften, WeChatUnavailable, ClientErased, PeerRefused or
    PeerUnavailable.
    """
    seen = await wechat.code_to_session(code)
    appid = kit.settings.wechat_appid
    identity = {"appid": appid, "openid": seen.openid}
    if seen.unionid is not None:
        identity["unionid"] = seen.unionid
    recognised = await _of_profile(kit, "/v1/clients/recognise", identity, brand_id=brand_id)
    async with kit.database.transaction(brand_id) as tx:
        client_id = UUID(recognised["client_id"])
        return await sessions.open_for_client(tx, exchange, client_id, Person(appid, seen.openid), now=now)


async def give_phone(
    kit: Kit, exchange: Exchange, wechat: WeChat, *, by: Caller, session_id: UUID, code: str, now: datetime
) -> TokensView:
    """Add the phone that WeChat vouches for; she may turn out to be a client the house has known for long.

    Raises NotAWeChatSession, PhoneCodeRefused, CalledTooOften, WeChatUnavailable, ClientErased, PeerRefused or
    PeerUnavailable.
    """
    async with kit.database.transaction(by.brand_id) as tx:
        found = await sessions.person(tx, session_id)
    if found is None:
        raise NotAWeChatSession
    session, person = found
    phone = await wechat.phone_number(code, openid=person.openid)
    named = {"kind": "phone", "value": phone.e164, "source": "wechat"}
    answer = await _of_profile(kit, f"/v1/clients/{session.client_id}/identities", named, brand_id=by.brand_id)
    async with kit.database.transaction(by.brand_id) as tx:
        return await sessions.recognise(tx, exchange, session_id, UUID(answer["client_id"]), now=now)


async def _of_profile(kit: Kit, path: str, told: Mapping[str, str], *, brand_id: str) -> Any:
    try:
        return await kit.peers["profile"].call(
            "POST", path, brand_id=brand_id, json=told, idempotency_key=str(new_id())
        )
    except PeerRefused as refused:
        if refused.peer_type == ClientErased.slug:
            raise ClientErased from None
        raise
