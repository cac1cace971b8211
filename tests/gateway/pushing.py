"""Pushes as WeChat sends them."""

import json
from datetime import datetime
from typing import Any

import httpx

from infra.wechat.push_cipher import PushCipher, sign
from tests.asking import BRAND
from tests.gateway.build import Gateway

APPID, TOKEN, AES_KEY = "wxba5fad812f8e6fb9", "AAAAA", "A" * 43
SETTINGS = {
    "wechat_appid": APPID,
    "wechat_push_token": TOKEN,
    "wechat_push_aes_key": AES_KEY,
    "wechat_secret": "s" * 32,
    "wechat_brand": BRAND,
}
AT = f"/wechat/{APPID}/push"


def event(name: str, item: dict[str, Any], *, at: datetime, openid: str = "oOPEN") -> str:
    """What WeChat pushes of a template."""
    fields = {
        "ToUserName": "gh_1",
        "FromUserName": openid,
        "CreateTime": int(at.timestamp()),
        "MsgType": "event",
        "Event": name,
        "List": item,
    }
    return json.dumps(fields)


async def push(running: Gateway, text: str) -> httpx.Response:
    """Push as WeChat does, in safe mode."""
    encrypted = PushCipher(AES_KEY, APPID).encrypt(text, random=b"0123456789abcdef")
    timestamp, nonce = str(int(running.clock().timestamp())), "12345"
    query = {"timestamp": timestamp, "nonce": nonce, "encrypt_type": "aes"}
    query["msg_signature"] = sign(TOKEN, timestamp, nonce, encrypted)
    body = json.dumps({"ToUserName": "gh_1", "Encrypt": encrypted})
    return await running.client().post(AT, params=query, content=body)


async def handed(running: Gateway) -> bool:
    """Whether every push was handed on."""
    rows = await running.rows("select handed_at from wechat_push")
    return bool(rows) and all(row["handed_at"] is not None for row in rows)


GRANTED = {"TemplateId": "TPL-1", "SubscribeStatusString": "accept"}


async def granted(running: Gateway, *, openid: str = "oOPEN") -> None:
    """Push that she granted one message."""
    answer = await push(running, event("subscribe_msg_popup_event", GRANTED, at=running.clock(), openid=openid))
    assert answer.text == "success"


def wake(running: Gateway) -> None:
    """Let it look at once for what has become due."""
    running.app.state.mailbox.arrived.give()


def about_data(name: str, *, at: datetime, **fields: str) -> str:
    """What WeChat pushes of her data."""
    told = {"ToUserName": "gh_1", "FromUserName": "oOPEN", "MsgType": "event", "Event": name}
    return json.dumps(told | {"CreateTime": int(at.timestamp()), "OpenID": "oOPEN"} | fields)
