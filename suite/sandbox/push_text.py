"""The text of a push in WeChat's two notations, whose lists differ, and its envelope in each mode."""

import json
import secrets
from collections.abc import Mapping, Sequence

from infra.wechat.push_cipher import PushCipher, sign
from suite.sandbox.settings import PushFormat, PushMode, SandboxSettings

ORIGINAL_ID = "gh_maison000001"
WRAPPERS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}

Fields = Mapping[str, str | int]
Items = Sequence[Mapping[str, str]]


def clear_text(fields: Fields, items: Items, notation: PushFormat) -> str:
    """One push before any encryption. JSON: one item is an object, several are an array."""
    if notation == "xml":
        wrapper = WRAPPERS.get(str(fields.get("Event")), "")
        lists = "".join(f"<List>{_elements(item)}</List>" for item in items)
        return f"<xml>{_elements(fields)}{f'<{wrapper}>{lists}</{wrapper}>' if items else ''}</xml>"
    whole: dict[str, object] = dict(fields)
    if items:
        whole["List"] = items[0] if len(items) == 1 else list(items)
    return json.dumps(whole, ensure_ascii=False)


def envelope(
    settings: SandboxSettings, mode: PushMode, notation: PushFormat, clear: str, *, openid: str, timestamp: int
) -> tuple[dict[str, str], str]:
    """The query and the body of the POST; each has a nonce of its own."""
    nonce = str(secrets.randbelow(10**10))
    token = settings.wechat_push_token
    query = {
        "signature": sign(token, str(timestamp), nonce),
        "timestamp": str(timestamp),
        "nonce": nonce,
        "openid": openid,
    }
    if mode == "plain":
        return query, clear
    encrypted = PushCipher(settings.wechat_push_aes_key, settings.wechat_appid).encrypt(clear)
    query |= {"encrypt_type": "aes", "msg_signature": sign(token, str(timestamp), nonce, encrypted)}
    if notation == "xml":
        before = (
            clear.removesuffix("</xml>") if mode == "compatible" else f"<xml>{_elements({'ToUserName': ORIGINAL_ID})}"
        )
        return query, f"{before}{_elements({'Encrypt': encrypted})}</xml>"
    outer = json.loads(clear) if mode == "compatible" else {"ToUserName": ORIGINAL_ID}
    return query, json.dumps({**outer, "Encrypt": encrypted}, ensure_ascii=False)


def _elements(fields: Fields) -> str:
    return "".join(f"<{name}>{_value(value)}</{name}>" for name, value in fields.items())


def _value(value: str | int) -> str:
    return str(value) if isinstance(value, int) else f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"
