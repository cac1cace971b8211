"""A suite in miniature around the sandbox: the real adapter, and a callback that reads pushes as the gateway does."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response

from infra.wechat.access_token import AccessTokens
from infra.wechat.call import Account, open_http
from infra.wechat.client import WeChat
from infra.wechat.errors import PushForged
from infra.wechat.push import Push, PushDesk
from infra.wechat.push_events import WeChatEvent, read_events
from infra.wechat.subscribe import SubscribeMessage
from infra.wechat.token_store import MemoryTokenStore
from suite.sandbox.app import build
from suite.sandbox.kit import Sandbox
from suite.sandbox.settings import SandboxSettings

APPID, SECRET, PUSH_TOKEN = "wxmaison000000001", "sandbox-secret", "sandbox-token"
AES_KEY = base64.b64encode(bytes(range(32))).decode().removesuffix("=")
SMS = {"sms_secret_id": "AKID", "sms_secret_key": "sandbox-key", "sms_app_id": "1400006666", "sms_sign": "Maison"}
SURVEY, CONFIRMED = "survey-invitation", "appointment-confirmed"


def settings(**changed: Any) -> SandboxSettings:
    """The settings of a sandbox whose pushes arrive at once and are sent again at once."""
    return SandboxSettings.model_validate(
        {
            "wechat_appid": APPID,
            "wechat_secret": SECRET,
            "wechat_push_token": PUSH_TOKEN,
            "wechat_push_aes_key": AES_KEY,
            "sandbox_push_url": "http://gateway/wechat/{appid}/push",
            "sandbox_sent_delay_seconds": 0,
            **SMS,
            "sandbox_resend_after_seconds": 0.01,
        }
        | changed
    )


async def no_pause(_seconds: float) -> None:
    """Backing off takes no time here."""


class Callback:
    """The suite's side of pushes. `failing` so many are answered with 503 first."""

    def __init__(self, *, plain_allowed: bool = False) -> None:
        self.desk = PushDesk(APPID, PUSH_TOKEN, AES_KEY, plain_allowed=plain_allowed)
        self.received: list[Push] = []
        self.bodies: list[bytes] = []
        self.queries: list[Mapping[str, str]] = []
        self.failing = 0
        self.app = FastAPI()
        self.app.add_api_route("/wechat/{appid}/push", self._check, methods=["GET"])
        self.app.add_api_route("/wechat/{appid}/push", self._receive, methods=["POST"])

    @property
    def events(self) -> list[WeChatEvent]:
        """What the pushes said, each push once."""
        texts = {push.dedup_key: push.text for push in self.received}
        return [event for text in texts.values() for event in read_events(text)]

    async def _check(self, request: Request) -> Response:
        try:
            return PlainTextResponse(self.desk.check_url(request.query_params, now=datetime.now(UTC)))
        except PushForged:
            return PlainTextResponse("forged", 403)

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        push = self.desk.receive(request.query_params, body, now=datetime.now(UTC))
        self.bodies.append(body)
        self.queries.append(request.query_params)
        self.received.append(push)
        if self.failing:
            self.failing -= 1
            return PlainTextResponse("later", 503)
        return PlainTextResponse("success")


@dataclass
class House:
    """The sandbox, its control API, the adapter pointed at it, and the callback its pushes reach."""

    app: FastAPI
    callback: Callback
    control: httpx.AsyncClient
    wechat: WeChat
    tokens: AccessTokens
    offset: list[timedelta] = field(default_factory=lambda: [timedelta(0)])

    @property
    def sandbox(self) -> Sandbox:
        """What the sandbox holds."""
        sandbox: Sandbox = self.app.state.sandbox
        return sandbox

    async def post(self, path: str, body: object = None) -> Any:
        """Play: a POST to the control API that must succeed."""
        answer = await self.control.post(f"/sandbox{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def put(self, path: str, body: object) -> None:
        """Set: a PUT to the control API that must succeed."""
        answer = await self.control.put(f"/sandbox{path}", json=body)
        assert answer.is_success, answer.text

    async def get(self, path: str) -> Any:
        """Look: a GET of the control API that must succeed."""
        answer = await self.control.get(f"/sandbox{path}")
        assert answer.is_success, answer.text
        return answer.json()

    async def user(self, key: str = "li-na", **fields: object) -> str:
        """The openid of a new user, or of the one with this key."""
        made = await self.post("/users", {"key": key, "phone": "13800138000", **fields})
        return str(made["openid"])

    async def login_code(self, openid: str) -> str:
        """What her mini-program gets from wx.login."""
        return str((await self.post(f"/users/{openid}/login-codes"))["code"])

    async def phone_code(self, openid: str) -> str:
        """What her mini-program gets from the phone button."""
        return str((await self.post(f"/users/{openid}/phone-codes"))["code"])

    async def accept(self, openid: str, *template_ids: str) -> None:
        """She accepts these templates, and the push about it has arrived."""
        await self.post(f"/users/{openid}/taps", {"answers": dict.fromkeys(template_ids, "accept")})
        await self.sandbox.pusher.settled()

    async def pass_time(self, **parts: float) -> None:
        """Move both clocks: WeChat's and ours."""
        step = timedelta(**parts)
        self.offset[0] += step
        await self.post("/clock", {"advance_seconds": step.total_seconds()})

    async def invite(self, openid: str, **changed: str) -> str:
        """Send her a survey invitation; its msgid."""
        data = {"thing1": "上海恒隆店", "date2": "2026年3月1日 15:00", "thing3": "您的感受对我们很重要"} | changed
        message = SubscribeMessage(openid, SURVEY, data, page="pages/survey?token=lumiere.abc")
        return await self.wechat.send_subscribe_message(message)


def open_house(*, plain_allowed: bool = False, **changed: Any) -> House:
    """Build all of it in this process; nothing listens on a port."""
    callback = Callback(plain_allowed=plain_allowed)
    pushes = httpx.ASGITransport(callback.app, raise_app_exceptions=False)
    app = build(settings(**changed), push_transport=pushes)
    transport = httpx.ASGITransport(app)
    http = open_http("http://wechat", transport=transport)
    account = Account(APPID, SECRET)
    offset = [timedelta(0)]
    tokens = AccessTokens(
        http, account, MemoryTokenStore(), clock=lambda: datetime.now(UTC) + offset[0], pause=no_pause
    )
    control = httpx.AsyncClient(transport=transport, base_url="http://wechat")
    return House(app, callback, control, WeChat(http, account, tokens, pause=no_pause), tokens, offset)
