"""Everything the sandbox remembers: users, codes, tokens, credits, messages, and the switches that make it fail."""

import secrets
import time
from typing import Literal

from pydantic import BaseModel, Field

from suite.sandbox.settings import PushFormat, PushMode
from suite.sandbox.sms_world import Texts
from suite.sandbox.wecom_world import Corp

CODE_LIFE = 300  # seconds
MINUTE, DAY = 60, 86_400
KEPT_MESSAGES = 20_000


class User(BaseModel):
    """A person with WeChat, as this mini-program knows her. `phone` is E.164."""

    openid: str
    key: str | None = None
    unionid: str | None = None
    phone: str | None = None
    session_key: str = ""
    risky: bool = False
    # Her main switch for subscribe messages.
    messages_on: bool = True


class Code(BaseModel):
    """A one-use code; a login code is not a phone code."""

    kind: Literal["login", "phone"]
    openid: str
    expires_at: float
    used: bool = False


class Token(BaseModel):
    """An access token. `dead_from` is when a later token of its family takes its place for good."""

    family: Literal["ordinary", "stable"]
    expires_at: float
    dead_from: float | None = None


class Message(BaseModel):
    """A subscribe message in her list; `page` is where a tap on it leads."""

    msgid: str
    openid: str
    template_id: str
    title: str
    page: str
    data: dict[str, str]
    lang: str
    sent_at: float


class Faults(BaseModel):
    """Switches: the next `busy` calls answer -1, the next `broken` a proxy's 502, each call takes `slow_seconds`.

    `failed_deliveries`: so many messages are accepted and then reported as failed.
    """

    busy: int = Field(default=0, ge=0)
    broken: int = Field(default=0, ge=0)
    slow_seconds: float = Field(default=0, ge=0)
    failed_deliveries: int = Field(default=0, ge=0)


class Quotas(BaseModel):
    """WeChat's limits; per user where it says so. `phone_calls` is what the account has bought: None is enough."""

    login_per_user_minute: int = 100
    phone_per_user_minute: int = 100
    phone_calls: int | None = None
    ordinary_token_per_day: int = 2_000
    stable_token_per_minute: int = 10_000
    stable_token_per_day: int = 500_000
    forced_token_per_day: int = 20
    send_per_minute: int = 100_000
    send_per_day: int = 10_000_000
    # Of WeCom, for each of its APIs.
    wecom_per_minute: int = 10_000
    wecom_per_hour: int = 150_000


class World(BaseModel):
    """The whole state, as it is written to the state file."""

    offset_seconds: float = 0
    users: dict[str, User] = Field(default_factory=dict)
    codes: dict[str, Code] = Field(default_factory=dict)
    tokens: dict[str, Token] = Field(default_factory=dict)
    forced_at: float | None = None
    # openid -> template id -> messages that may still be sent
    credits: dict[str, dict[str, int]] = Field(default_factory=dict)
    messages: list[Message] = Field(default_factory=list)
    # Beyond what JavaScript can hold exactly, as WeChat's are.
    next_msgid: int = 3_000_000_000_000_000_001
    # counter -> [window, calls in it]
    tallies: dict[str, tuple[int, int]] = Field(default_factory=dict)
    # openid and event -> CreateTime of the last one
    pushed_at: dict[str, int] = Field(default_factory=dict)
    corp: Corp = Field(default_factory=Corp)
    sms: Texts = Field(default_factory=Texts)
    faults: Faults = Field(default_factory=Faults)
    quotas: Quotas = Field(default_factory=Quotas)
    # Pages of the released version; None: whatever is asked for exists.
    pages: list[str] | None = None
    push_mode: PushMode | None = None
    push_format: PushFormat | None = None

    def now(self) -> float:
        """Seconds since 1970 on the sandbox's own clock."""
        return time.time() + self.offset_seconds

    def within(self, counter: str, window: int, limit: int) -> bool:
        """Count one call; whether it is still within `limit` per `window` seconds."""
        key, current = f"{counter}/{window}", int(self.now() // window)
        before, calls = self.tallies.get(key, (current, 0))
        calls = calls + 1 if before == current else 1
        self.tallies[key] = (current, calls)
        return calls <= limit

    def mint(self, kind: Literal["login", "phone"], user: User) -> tuple[str, Code]:
        """A fresh code; codes a day past their time are forgotten."""
        now = self.now()
        self.codes = {value: code for value, code in self.codes.items() if code.expires_at > now - DAY}
        value = secrets.token_urlsafe(24)
        self.codes[value] = Code(kind=kind, openid=user.openid, expires_at=now + CODE_LIFE)
        return value, self.codes[value]

    def credit(self, openid: str, template_id: str) -> int:
        """How many messages of this template may still be sent to her."""
        return self.credits.get(openid, {}).get(template_id, 0)

    def set_credit(self, openid: str, template_id: str, left: int) -> None:
        """Write the ledger."""
        self.credits.setdefault(openid, {})[template_id] = left

    def keep(self, message: Message) -> None:
        """Put a message into her list; the oldest of all are forgotten."""
        self.messages.append(message)
        del self.messages[:-KEPT_MESSAGES]
