"""Pushes of the corp: always encrypted, always XML, always from `sys`; its check of the address is encrypted too."""

import secrets
import time

import httpx

from infra.wechat.push_cipher import PushCipher, sign
from suite.sandbox.push_text import Fields, clear_text
from suite.sandbox.pushes import Delivery, Pusher


class CorpPusher(Pusher):
    """Sends the corp's pushes; without a token to sign with it sends none."""

    def _address(self) -> str:
        return self._settings.sandbox_wecom_push_url.replace("{corpid}", self._settings.wecom_corpid)

    @property
    def is_on(self) -> bool:
        """Whether there is a corp, and a token and a key of its pushes."""
        settings = self._settings
        return bool(settings.wecom_corpid and settings.wecom_push_token and settings.wecom_push_aes_key)

    def tell(self, event: str, change: str, fields: Fields) -> Delivery | None:
        """Have an event sent."""
        if not self.is_on:
            return None
        whole: dict[str, str | int] = {
            "ToUserName": self._settings.wecom_corpid,
            "FromUserName": "sys",
            "CreateTime": int(self._world.now()),
            "MsgType": "event",
            "Event": event,
            "ChangeType": change,
            **fields,
        }
        about = str(fields.get("ExternalUserID") or fields.get("UserID", ""))
        return self._keep(about, change, clear_text(whole, (), "xml"))

    async def check_url(self) -> bool:
        """What WeCom does when the callback is entered: whether the clear text of the echostr comes back, alone."""
        echo = secrets.token_hex(8)
        sealed = self._cipher.encrypt(echo)
        try:
            answer = await self._http.get(self._url, params=self._signed(sealed) | {"echostr": sealed})
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and answer.text == echo

    def _envelope(self, delivery: Delivery) -> tuple[dict[str, str], str]:
        sealed = self._cipher.encrypt(delivery.clear)
        outer: Fields = {
            "ToUserName": self._settings.wecom_corpid,
            "AgentID": str(self._settings.wecom_agent_id),
            "Encrypt": sealed,
        }
        return self._signed(sealed), clear_text(outer, (), "xml")

    def _signed(self, sealed: str) -> dict[str, str]:
        timestamp, nonce = str(int(time.time())), str(secrets.randbelow(10**10))
        signature = sign(self._settings.wecom_push_token, timestamp, nonce, sealed)
        return {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}

    @property
    def _cipher(self) -> PushCipher:
        return PushCipher(self._settings.wecom_push_aes_key, self._settings.wecom_corpid)
