"""Receiving pushes: is it WeChat, is it for us, is it new, and what is its text."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from infra.wechat.errors import PushForged
from infra.wechat.push_body import Fields, items, read_body, text_of
from infra.wechat.push_cipher import PushCipher, sign


@dataclass(frozen=True)
class Push:
    """One verified push. `text` is its clear body (XML or JSON), for `push_events.read_events`, now or later.

    `dedup_key` is the same for every resend of one push and tells nothing about the person.
    """

    dedup_key: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class PushDesk:
    """The callback of one account.

    Without `plain_allowed` only safe or compatible mode is believed: a plain push signs neither its body nor its
    sender, so anyone who saw one address could write another body. `window` bounds the age of a signature; inside it
    the dedup key makes a replay harmless.
    """

    appid: str
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    plain_allowed: bool = False
    window: timedelta = timedelta(minutes=10)

    def check_url(self, query: Mapping[str, str], *, now: datetime) -> str:
        """Answer the URL check: the echostr, raw. Raises PushForged."""
        self.verify(query, "signature", now=now)
        echo = query.get("echostr", "")
        if not echo:
            raise PushForged
        return echo

    def receive(self, query: Mapping[str, str], body: bytes, *, now: datetime) -> Push:
        """Verify and open one POST. Raises PushForged or PushUnreadable; answer `success` to everything else."""
        if query.get("msg_signature"):
            # The envelope is read to find Encrypt; nothing else in it is used before or after.
            encrypted = text_of(read_body(body), "Encrypt")
            self.verify(query, "msg_signature", encrypted, now=now)
            text = self.cipher.decrypt(encrypted)
        elif self.plain_allowed:
            self.verify(query, "signature", now=now)
            text = body.decode(errors="replace")
        else:
            raise PushForged
        return Push(dedup_key(self.appid, read_body(text.encode())), text)

    def reply(self, text: str, *, nonce: str, now: datetime, random: bytes | None = None) -> dict[str, str | int]:
        """The encrypted envelope of an answer with content; a bare `success` needs none."""
        encrypted = self.cipher.encrypt(text, random=random or secrets.token_bytes(16))
        timestamp = int(now.timestamp())
        return {
            "Encrypt": encrypted,
            "MsgSignature": sign(self.token, str(timestamp), nonce, encrypted),
            "TimeStamp": timestamp,
            "Nonce": nonce,
        }

    @cached_property
    def cipher(self) -> PushCipher:
        """The cipher of this account."""
        return PushCipher(self.aes_key, self.appid)

    def verify(self, query: Mapping[str, str], name: str, *signed: str, now: datetime) -> None:
        """Check the signature of that name over the query and what is signed besides; raises PushForged."""
        timestamp = query.get("timestamp", "")
        expected = sign(self.token, timestamp, query.get("nonce", ""), *signed)
        if not hmac.compare_digest(expected.encode(), query.get(name, "").encode()):
            raise PushForged
        # Only digits have been signed by WeChat; anything else fails here rather than in int().
        age = now.timestamp() - int(timestamp) if timestamp.isascii() and timestamp.isdecimal() else None
        if age is None or abs(age) > self.window.total_seconds():
            raise PushForged


def dedup_key(appid: str, fields: Fields) -> str:
    """Messages by MsgId; events by sender, second, event and what it is about, hashed: an openid is personal."""
    if message_id := text_of(fields, "MsgId"):
        parts = [appid, "message", message_id]
    else:
        names = ("FromUserName", "CreateTime", "Event", "EventKey", "OpenID", "RevokeInfo")
        parts = [appid, "event", *(text_of(fields, name) for name in names)]
        parts += sorted(
            "/".join(text_of(item, name) for name in ("TemplateId", "MsgID", "SubscribeStatusString"))
            for item in items(fields)
        )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
