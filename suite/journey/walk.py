"""Walking step by step: each is timed and said, and the first wrong answer ends the walk."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
from rich.console import Console

from suite.door import Door, Refused
from suite.house import House
from suite.launcher.obstacles import Obstacle

Answer = TypeVar("Answer")


class WrongAnswer(Obstacle):
    """The suite answered something else than the journey must see."""

    def __init__(self, what: str) -> None:
        super().__init__(what, "`maison logs` shows what the services wrote; `maison status` whether all are up.")


def expect(what: str, *, saw: object, wanted: object) -> None:
    """Raise WrongAnswer unless both are equal."""
    if saw != wanted:
        raise WrongAnswer(f"{what}: expected {wanted!r}, saw {saw!r}")


def must(what: str, is_so: object) -> None:
    """Raise WrongAnswer unless it is so."""
    if not is_so:
        raise WrongAnswer(what)


# How long the journey looks for what a fact brings about. It prints how long that took; this only ends a walk through a
# suite that stands still. Right after `maison up` the followers may still be taking in the demo house's history.
PATIENCE = 60


def eventually(what: str, look: Callable[[], Answer | None]) -> tuple[Answer, float]:
    """Look until there is something; answers it and the seconds it took. Raises WrongAnswer after PATIENCE seconds."""
    began = time.monotonic()
    while True:
        found = look()
        took = time.monotonic() - began
        if found:
            return found, took
        if took > PATIENCE:
            raise WrongAnswer(f"{what}: not within {PATIENCE} seconds")
        time.sleep(0.05)


@dataclass
class WeChatUser:
    """A person with a phone, as the sandbox of WeChat plays her, and her door into the house."""

    openid: str
    phone: str
    sandbox: httpx.Client
    door: Door
    client_id: str = ""

    def _sandbox(self, path: str, body: Any = None) -> Any:
        answer = self.sandbox.post(f"/sandbox/users/{self.openid}{path}", json=body or {})
        answer.raise_for_status()
        return answer.json()

    def log_in(self) -> None:
        """`wx.login`, and its code to the house."""
        code = self._sandbox("/login-codes")["code"]
        self._enter(self.door.call("POST", "/v1/auth/wechat", {"code": code}))

    def give_phone(self) -> None:
        """Tap the phone button, and its code to the house. The house may know her by it."""
        code = self._sandbox("/phone-codes")["code"]
        self._enter(self.door.call("POST", "/v1/auth/wechat/phone", {"code": code}))

    def _enter(self, tokens: Any) -> None:
        self.door.token, self.door.refresh_token = tokens["access_token"], tokens["refresh_token"]
        self.client_id = tokens["client_id"]

    def allow_message(self, template: str) -> None:
        """Accept one message in the subscribe popup; WeChat pushes that to the house."""
        self._sandbox("/taps", {"answers": {template: "accept"}})

    def messages(self) -> list[dict[str, Any]]:
        """What she received, oldest first."""
        answer = self.sandbox.get(f"/sandbox/users/{self.openid}/messages")
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@dataclass
class Walk:
    """One walk through the house, and what was learned on the way."""

    house: House
    number: int  # how many walks went before it on this machine
    console: Console = field(default_factory=Console)
    known: dict[str, Any] = field(default_factory=dict)
    _step: int = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One numbered step of the journey."""
        self._step += 1
        self.console.print(f"[bold]{self._step}. {title}[/bold]")
        began = time.monotonic()
        try:
            yield
        except Refused as refused:
            raise WrongAnswer(f"step {self._step} ({title}) was refused: {refused}") from None
        except httpx.HTTPError as fault:
            # The doors have their own way of saying it; this is the sandbox.
            what = f"step {self._step} ({title}): the sandbox of WeChat does not do it ({type(fault).__name__})"
            raise Obstacle(what, "`maison status` shows what is up; `maison logs sandbox` what it wrote.") from None
        self.console.print(f"   [dim]{time.monotonic() - began:6.2f} s[/dim]")

    def say(self, text: str) -> None:
        """One line about what was seen."""
        self.console.print(f"   [green]✓[/green] {text}", highlight=False)

    def wechat_user(self, key: str, phone: str) -> WeChatUser:
        """A new person in the sandbox's WeChat."""
        sandbox = httpx.Client(base_url=self.house.sandbox, timeout=10, trust_env=False)
        body = {"key": key, "unionid": f"union-{key}"} | ({"phone": phone} if phone else {})
        made = sandbox.post("/sandbox/users", json=body)
        made.raise_for_status()
        return WeChatUser(made.json()["openid"], phone, sandbox, Door(self.house.gateway))
