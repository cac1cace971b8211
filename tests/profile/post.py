"""The profile service with the WeChat sandbox behind it, and a line between them that a test can hold or cut."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import httpx

from infra.identity import Role
from tests.asking import Clock, once, until
from tests.conftest import Start
from tests.profile.build import recognised
from tests.profile.relationship import as_role, as_service
from tests.running import Running
from tests.suite.sandbox.house import APPID, CONFIRMED, SECRET, SMS, SURVEY, House, open_house

OURS = "https://maison.test"
CORP = "wwmaison0000001"
# What turns on the other channels; without them there is WeChat alone.
BY_SMS = {"sms_api_url": "http://sms", **SMS}
BY_WECOM = {
    "wecom_api_url": "http://wecom",
    "wecom_corpid": CORP,
    "wecom_secret": "corp-secret",
    "wecom_agent_id": 1000002,
}
NEWS, CARE = "news", "care-note"  # templates that the settings name and the account does not have
TEMPLATES = {
    CONFIRMED: f"{CONFIRMED}?purpose=service",
    NEWS: f"{NEWS}?purpose=marketing",
    CARE: f"{CARE}?purpose=service",
}
BY_PURPOSE = {"survey": SURVEY, "service": CONFIRMED, "marketing": NEWS}
SEND = "/cgi-bin/message/subscribe/send"


class Line(httpx.AsyncBaseTransport):
    """The way to WeChat. `cut` before it connects or after WeChat has heard; a closed `gate` holds answers back.

    `cut` is about messages; while it is `down` nothing gets through, the token included.
    """

    def __init__(self, far: httpx.AsyncBaseTransport) -> None:
        self._far = far
        self.cut: Literal["before", "after"] | None = None
        self.down = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.under_way = 0
        self.sends = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request."""
        if self.down:
            raise httpx.ConnectError("down", request=request)
        if request.url.path != SEND:
            return await self._far.handle_async_request(request)
        if self.cut == "before":
            raise httpx.ConnectError("cut", request=request)
        self.sends += 1
        answer = await self._far.handle_async_request(request)
        self.under_way += 1
        await self.gate.wait()
        self.under_way -= 1
        if self.cut == "after":
            raise httpx.ReadTimeout("cut", request=request)
        return answer


@dataclass
class Post:
    """One profile service, one sandbox."""

    profile: Running
    house: House
    line: Line
    clock: Clock

    async def client(self, key: str = "li-na") -> tuple[UUID, str]:
        """A client who has signed in through WeChat, and her openid."""
        openid = await self.house.user(key)
        return UUID(await recognised(self.profile, openid, appid=APPID)), openid

    async def accepts(self, openid: str, *, times: int = 1, template: str = SURVEY) -> None:
        """She accepts the template in WeChat, and the gateway tells profile."""
        for _ in range(times):
            await self.house.accept(openid, template)
            await self.tell(event(openid, event_id=uuid4().hex, template=template))

    async def tell(self, *events: dict[str, Any]) -> int:
        """What the gateway heard from WeChat; answers how many were new."""
        answer = await as_service(self.profile, "gateway").post("/v1/wechat/events", json={"events": list(events)})
        assert answer.status_code == httpx.codes.OK, answer.text
        return int(answer.json()["accepted"])

    async def ask(self, client_id: UUID, **changed: Any) -> dict[str, Any]:
        """Ask for a message as feedback does; the answer."""
        answer = await as_service(self.profile).post("/v1/messages", json=message(client_id, **changed), headers=once())
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def seen(self, message_id: str) -> dict[str, Any]:
        """What became of a message."""
        body: dict[str, Any] = (await as_service(self.profile).get(f"/v1/messages/{message_id}")).json()
        return body

    async def becomes(self, message_id: str, status: str) -> dict[str, Any]:
        """Wait until a message has that status."""

        async def so() -> bool:
            return bool((await self.seen(message_id))["status"] == status)

        await until(so)
        return await self.seen(message_id)

    async def left(self, client_id: UUID, template: str = SURVEY) -> int:
        """What the ledger says is left."""
        permissions = (await as_service(self.profile).get(f"/v1/clients/{client_id}/permissions")).json()
        return sum(credit["remaining"] for credit in permissions["credits"] if credit["template"] == template)

    async def received(self, openid: str) -> list[dict[str, Any]]:
        """What is in her WeChat."""
        items: list[dict[str, Any]] = (await self.house.get(f"/users/{openid}/messages"))["items"]
        return items


async def opened(running: Start, **changed: Any) -> Post:
    """Both of them, in this process."""
    # Noon in Shanghai: messages leave at day. The sandbox's clock is the machine's, whatever hour that shows.
    house = open_house(
        wecom_corpid=CORP, wecom_secret="corp-secret", sandbox_marketing_from=0, sandbox_marketing_until=24
    )
    line, clock = Line(httpx.ASGITransport(house.app)), Clock(datetime.now(UTC).replace(hour=4, minute=0))
    settings = {
        "wechat_appid": APPID,
        "wechat_secret": SECRET,
        "wechat_api_url": "http://wechat",
        "wechat_templates": TEMPLATES,
        "public_url": OURS,
    } | changed
    far = httpx.ASGITransport(house.app)
    profile = await running("profile", transports={"wechat": line, "sms": far, "wecom": far}, clock=clock, **settings)
    await ruled(profile)
    return Post(profile, house, line, clock)


async def ruled(profile: Running, **changed: Any) -> None:
    """The brand's policy: by default a budget that nobody uses up."""
    policy = {
        "budget": 1000,
        "days": 30,
        "quiet_from": "21:00",
        "quiet_until": "09:00",
        "zone": "Asia/Shanghai",
        "same_words": 3,
        "draft_days": 7,
    }
    put = await as_role(profile, Role.HEADQUARTERS).put(
        "/v1/message-policy", json=policy | changed, headers={"If-Match": "*"}
    )
    assert put.status_code == httpx.codes.OK, put.text


def message(client_id: UUID, **changed: Any) -> dict[str, Any]:
    """The body of `POST /messages`, with the template of its purpose."""
    survey = {"boutique": "上海恒隆店", "date": "2026年3月5日", "text": "您的感受对我们很重要"}
    visit = {"thing1": "上海恒隆店", "time2": "2026-03-05T14:00:00+08:00", "name3": "陈静"}
    purpose = changed.get("purpose", "survey")
    return {
        "client_id": str(client_id),
        "purpose": purpose,
        "template": BY_PURPOSE.get(purpose, SURVEY),
        "variables": survey if purpose == "survey" else visit,
        "link": f"{OURS}/s/lumiere.abc",
    } | changed


def event(
    openid: str = "o-1", *, kind: str = "granted", event_id: str = "e-1", template: str = SURVEY, **more: Any
) -> dict[str, Any]:
    """One event of `POST /wechat/events`."""
    return {
        "event_id": event_id,
        "kind": kind,
        "appid": APPID,
        "openid": openid,
        "template_id": template,
        "occurred_at": "2026-03-01T12:00:00Z",
    } | more
