"""How the gateway's own routes are asked."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from infra.ids import new_id
from infra.wechat.push_cipher import PushCipher, sign
from tests.gateway.build import PASSWORD
from tests.rights.asking import Ask
from tests.rights.asks.every import parked
from tests.rights.house import AES_KEY, APPID, CORPID, HERS, PUSH_TOKEN, House
from tests.rights.matrix import COLUMNS, INSIDE


async def an_account(house: House) -> Mapping[str, str]:
    """Somebody's account."""
    form = {"username": f"u-{house.number()}", "password": PASSWORD, "role": "privacy"}
    return {"account_id": (await house.made("gateway", "hq", "POST", "/v1/accounts", form))["account_id"]}


async def a_partner(house: House) -> Mapping[str, str]:
    """A partner system with one key."""
    made = await house.made("gateway", "hq", "POST", "/v1/partners", {"name": "ERP", "role": "partner"})
    return {name: made[name] for name in ("partner_id", "key_id", "client_id", "client_secret")}


async def a_session(house: House) -> Mapping[str, str]:
    """A client's sign-in."""
    made = await house.made("gateway", "no", "POST", "/v1/auth/wechat", {"code": f"c-{house.number()}"})
    return {"refresh_token": made["refresh_token"]}


async def _of_another_sign_in(house: House, column: str) -> Mapping[str, Any]:
    """A token of its own session, which may end."""
    if COLUMNS[column][1] is None or column in INSIDE:
        return {}
    token = house.gateway.exchange.keys.sign(house.callers[column], session_id=new_id(), now=house.clock())
    return {"headers": {"Authorization": f"Bearer {token}"}}


async def a_parked_ref(house: House) -> Mapping[str, str]:
    """What profile could not take, as the outside names it."""
    return {"parked_ref": f"profile-{await parked(house, 'profile')}"}


def _stamped(house: House) -> tuple[str, str]:
    return str(int(house.clock().timestamp())), str(house.number())


async def _echo(house: House, _: str) -> Mapping[str, Any]:
    timestamp, nonce = _stamped(house)
    signature = hashlib.sha1("".join(sorted([PUSH_TOKEN, timestamp, nonce])).encode()).hexdigest()  # noqa: S324
    return {"params": {"signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": "7"}}


async def _push(house: House, _: str) -> Mapping[str, Any]:
    timestamp, nonce = _stamped(house)
    told = {"ToUserName": "gh_1", "FromUserName": "oOPEN", "MsgType": "event", "Event": "subscribe"}
    text = json.dumps(told | {"CreateTime": int(timestamp)})
    encrypted = PushCipher(AES_KEY, APPID).encrypt(text, random=b"0123456789abcdef")
    query = {"timestamp": timestamp, "nonce": nonce, "encrypt_type": "aes"}
    query["msg_signature"] = sign(PUSH_TOKEN, timestamp, nonce, encrypted)
    return {"params": query, "content": json.dumps({"ToUserName": "gh_1", "Encrypt": encrypted})}


def _sealed(house: House, text: str) -> tuple[str, dict[str, str]]:
    timestamp, nonce = _stamped(house)
    sealed = PushCipher(AES_KEY, CORPID).encrypt(text, random=b"0123456789abcdef")
    signature = sign(PUSH_TOKEN, timestamp, nonce, sealed)
    return sealed, {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}


async def _corp_echo(house: House, _: str) -> Mapping[str, Any]:
    sealed, signed = _sealed(house, "7")
    return {"params": signed | {"echostr": sealed}}


async def _corp_push(house: House, _: str) -> Mapping[str, Any]:
    told = "<Event>change_external_contact</Event><ChangeType>edit_external_contact</ChangeType>"
    sealed, signed = _sealed(house, f"<xml>{told}<CreateTime>{house.number()}</CreateTime></xml>")
    return {"params": signed, "content": f"<xml><Encrypt>{sealed}</Encrypt></xml>"}


async def _password(house: House, _: str) -> Mapping[str, Any]:
    # Ten attempts at one password are allowed.
    return {"json": {"username": f"staff-{house.number() % 3}", "password": PASSWORD, "brand": "lumiere"}}


async def _phone(house: House, column: str) -> Mapping[str, Any]:
    return {"json": {"code": HERS if column == "cl" else f"p-{house.number()}"}}


_CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "{partner_client_id}",
    "client_secret": "{partner_secret}",
}

ASKS: Mapping[str, Ask] = {
    "GET /v1/accounts": Ask(shows="account_id"),
    "POST /v1/accounts": Ask({"username": "n-{n}", "password": PASSWORD, "role": "privacy"}),
    "GET /v1/accounts/{account_id}": Ask(shows="account_id"),
    "POST /v1/accounts/{account_id}/close": Ask(fresh=an_account),
    "POST /v1/auth/logout": Ask(sent=_of_another_sign_in),
    "POST /v1/auth/refresh": Ask({"refresh_token": "{refresh_token}"}, fresh=a_session),
    "POST /v1/auth/staff": Ask(sent=_password),
    "POST /v1/auth/token": Ask(_CREDENTIALS),
    "POST /v1/auth/wechat": Ask({"code": "c-{n}"}),
    "POST /v1/auth/wechat/phone": Ask(sent=_phone),
    "GET /v1/log/parked": Ask(shows="parked_ref"),
    "POST /v1/log/parked/{parked_id}/retry": Ask(fresh=a_parked_ref, named={"parked_id": "parked_ref"}),
    "GET /v1/partners": Ask(shows="partner_id"),
    "POST /v1/partners": Ask({"name": "Till", "role": "pos"}),
    "GET /v1/partners/{partner_id}": Ask(shows="partner_id"),
    "POST /v1/partners/{partner_id}/close": Ask(fresh=a_partner),
    "POST /v1/partners/{partner_id}/keys": Ask(fresh=a_partner),
    "POST /v1/partners/{partner_id}/keys/{key_id}/close": Ask(fresh=a_partner),
    "GET /wechat/{appid}/push": Ask(sent=_echo),
    "POST /wechat/{appid}/push": Ask(sent=_push),
    "GET /wecom/{corpid}/push": Ask(sent=_corp_echo),
    "POST /wecom/{corpid}/push": Ask(sent=_corp_push),
}
