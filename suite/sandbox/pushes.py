"""Pushing to the suite's callback: signed, sent again when nobody answers, remembered for whoever asks."""

import asyncio
import secrets
import time
from collections import deque
from typing import Literal

import httpx
from pydantic import BaseModel

from infra.wechat.push_cipher import sign
from suite.sandbox.push_text import ORIGINAL_ID, Fields, Items, clear_text, envelope
from suite.sandbox.settings import PushFormat, PushMode, SandboxSettings
from suite.sandbox.world import World

RETRIES = 3
KEPT = 1000


class Delivery(BaseModel):
    """One push and what became of it; `attempts` counts every POST."""

    push_id: int
    openid: str
    event: str
    clear: str
    state: Literal["pending", "accepted", "failed"] = "pending"
    attempts: int = 0


class Pusher:
    """Sends pushes in the background; nothing waits for the suite's answer."""

    def __init__(
        self, world: World, settings: SandboxSettings, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._world = world
        self._settings = settings
        self._url = self._address()
        self._http = httpx.AsyncClient(
            transport=transport, timeout=settings.sandbox_resend_after_seconds, trust_env=False
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_id = 0
        self.deliveries: deque[Delivery] = deque(maxlen=KEPT)

    @property
    def mode(self) -> PushMode:
        """The mode set by the control API, or else by the settings."""
        return self._world.push_mode or self._settings.sandbox_push_mode

    @property
    def notation(self) -> PushFormat:
        """JSON or XML, likewise."""
        return self._world.push_format or self._settings.sandbox_push_format

    def _address(self) -> str:
        return self._settings.sandbox_push_url.replace("{appid}", self._settings.wechat_appid)

    def push(
        self, openid: str, event: str, *, items: Items = (), fields: Fields | None = None, after: float = 0
    ) -> Delivery:
        """Have an event sent `after` so many seconds; `fields` replace the usual sender and add what the event has."""
        whole: dict[str, str | int] = {
            "ToUserName": ORIGINAL_ID,
            "FromUserName": openid,
            "CreateTime": self._create_time(openid, event),
            "MsgType": "event",
            "Event": event,
            **(fields or {}),
        }
        return self._keep(openid, event, clear_text(whole, items, self.notation), after=after)

    def _keep(self, about: str, event: str, clear: str, *, after: float = 0) -> Delivery:
        self._last_id += 1
        delivery = Delivery(push_id=self._last_id, openid=about, event=event, clear=clear)
        self.deliveries.append(delivery)
        self.send(delivery, after=after)
        return delivery

    def send(self, delivery: Delivery, *, after: float = 0) -> None:
        """Send it, possibly once more: the suite must not mind."""
        task = asyncio.get_running_loop().create_task(self._deliver(delivery, after))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until nothing is under way any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def check_url(self) -> bool:
        """What WeChat does when the callback is entered: whether the echostr comes back, and nothing else."""
        timestamp, nonce, echo = str(int(time.time())), str(secrets.randbelow(10**10)), secrets.token_hex(8)
        signature = sign(self._settings.wechat_push_token, timestamp, nonce)
        query = {"signature": signature, "timestamp": timestamp, "nonce": nonce, "echostr": echo}
        try:
            answer = await self._http.get(self._url, params=query)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and answer.text == echo

    async def close(self) -> None:
        """Stop; what was not delivered is lost, as it would be."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    def _create_time(self, openid: str, event: str) -> int:
        # Receivers tell events apart by sender and second, and scripted taps are faster than people.
        key = f"{openid} {event}"
        at = max(int(self._world.now()), self._world.pushed_at.get(key, 0) + 1)
        self._world.pushed_at[key] = at
        return at

    async def _deliver(self, delivery: Delivery, after: float) -> None:
        await asyncio.sleep(after)
        for attempt in range(1 + RETRIES):
            if attempt:
                await asyncio.sleep(self._settings.sandbox_resend_after_seconds)
            delivery.attempts += 1
            if await self._accepted(delivery):
                delivery.state = "accepted"
                return
        delivery.state = "failed"

    async def _accepted(self, delivery: Delivery) -> bool:
        query, body = self._envelope(delivery)
        kind = "text/xml" if body.startswith("<") else "application/json"
        try:
            answer = await self._http.post(
                self._url, params=query, content=body.encode(), headers={"Content-Type": kind}
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and answer.text in {"", "success"}

    def _envelope(self, delivery: Delivery) -> tuple[dict[str, str], str]:
        # Signed with the real time, not the sandbox's: receivers refuse old signatures, and their clock is not set.
        return envelope(
            self._settings,
            self.mode,
            "xml" if delivery.clear.startswith("<") else "json",
            delivery.clear,
            openid=delivery.openid,
            timestamp=int(time.time()),
        )
