"""Receiving WeCom's pushes: signed and encrypted as WeChat's are, checked and told apart in WeCom's own way."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from infra.wechat.push import Push, PushDesk
from infra.wechat.push_body import Fields, read_body, text_of

# `FromUserName` is always `sys`, so who it is about tells two pushes of a second apart.
_NAMES = ("Event", "ChangeType", "UserID", "ExternalUserID", "CreateTime", "Source", "FailReason")


@dataclass(frozen=True)
class CorpDesk:
    """The callback of one corp; nothing plain is believed."""

    corpid: str
    token: str = field(repr=False)
    aes_key: str = field(repr=False)

    def check_url(self, query: Mapping[str, str], *, now: datetime) -> str:
        """Answer the URL check: here the echostr is signed and encrypted, and its clear text goes back as it is.

        Raises PushForged.
        """
        echo = query.get("echostr", "")
        self._desk.verify(query, "msg_signature", echo, now=now)
        return self._desk.cipher.decrypt(echo)

    def receive(self, query: Mapping[str, str], body: bytes, *, now: datetime) -> Push:
        """Verify and open one POST. Raises PushForged or PushUnreadable; answer 200 to everything else."""
        encrypted = text_of(read_body(body), "Encrypt")
        self._desk.verify(query, "msg_signature", encrypted, now=now)
        text = self._desk.cipher.decrypt(encrypted)
        return Push(dedup_key(self.corpid, read_body(text.encode())), text)

    @cached_property
    def _desk(self) -> PushDesk:
        return PushDesk(self.corpid, self.token, self.aes_key)


def dedup_key(corpid: str, fields: Fields) -> str:
    """The same for every resend of one push, hashed: the id of a client is personal."""
    parts = [corpid, *(text_of(fields, name) for name in _NAMES)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
