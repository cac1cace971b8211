"""The operator's way in: each service's own port, with a token signed by the operator's key of the data folder."""

import json
from collections.abc import Callable
from typing import Any, Self

import httpx

from infra.identity import OPERATOR, Caller, Role, Signer
from infra.problems import URN
from suite.launcher import processes
from suite.launcher.obstacles import Obstacle
from suite.launcher.settings import LauncherSettings

SERVICES = ("profile", "appointments", "feedback", "recommend", "gateway")
BRAND = "house"  # a token names a brand; the operator's opens none
# Between two lines of progress the services let half a second pass; a busy machine more.
_PATIENCE = httpx.Timeout(30.0, connect=2.0)
_PREFIX = "/internal/log"

_ADVICE = {
    "outbox-too-short": "`maison restore` from a backup that has them, then `maison log refill`.",
    "log-has-others": "`maison restore` brings databases and log back to one moment.",
    "log-incomplete": "`maison log refill`, and the same command again.",
    "log-busy": "Wait until it has ended, then the same command again.",
    "not-found": "`maison log parked` lists what is parked.",
    "unauthenticated": "Key and suite belong to different data folders: check MAISON_DATA.",
}


class KeyMissing(Obstacle):
    """There is no operator's key in the data folder."""


class ServiceAway(Obstacle):
    """A service does not answer at its port."""


class ServiceRefused(Obstacle):
    """A service said no, in a sentence of its own."""

    def __init__(self, name: str, problem: dict[str, Any]) -> None:
        self.kind = str(problem.get("type", "")).removeprefix(URN)
        where = "".join(f" ({part}: {_words(problem[part])})" for part in _DETAILS if problem.get(part))
        sentence = str(problem.get("title") or "not a problem document")
        advice = _ADVICE.get(self.kind, f"`maison logs {name}` shows what it wrote about it.")
        super().__init__(f"{name}: {sentence}{where}", advice)


_DETAILS = ("missing", "foreign", "position", "until_position", "reason")


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in value)
    if isinstance(value, dict):
        return ", ".join(f"{source} from {number}" for source, number in value.items())
    return str(value)


class Inside:
    """All services of this machine, asked as its operator."""

    def __init__(self, settings: LauncherSettings) -> None:
        path = settings.keys / f"{OPERATOR}.json"
        if not path.exists():
            raise KeyMissing(
                f"there is no operator's key in {settings.keys}", "`maison up` makes it at its next start."
            )
        self._signer = Signer.load(path)
        self._at = processes.urls(settings)
        self._http = httpx.Client(timeout=_PATIENCE, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, name: str, path: str, **params: str) -> Any:
        """The JSON at a path of one service; raises ServiceAway or ServiceRefused."""
        return self._ask("GET", name, path, params)

    def post(self, name: str, path: str) -> Any:
        """Do something that is soon done; raises ServiceAway or ServiceRefused."""
        return self._ask("POST", name, path, {})

    def work(self, name: str, act: str, show: Callable[[int, int], None]) -> Any:
        """Do something long: `show` hears how much of how much is done; answers the outcome.

        Raises ServiceAway, also when the service goes in the midst of it, or ServiceRefused.
        """
        try:
            with self._http.stream("POST", self._url(name, act), headers=self._headers(name)) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    raise ServiceRefused(name, _problem(answer))
                for line in answer.iter_lines():
                    told = json.loads(line)
                    if "refused" in told:
                        raise ServiceRefused(name, told["refused"])
                    if "outcome" in told:
                        return told["outcome"]
                    show(told["done"], told["total"])
        except httpx.TransportError:
            raise _away(name) from None
        raise _away(name)

    def _ask(self, method: str, name: str, path: str, params: dict[str, str]) -> Any:
        try:
            answer = self._http.request(method, self._url(name, path), params=params, headers=self._headers(name))
        except httpx.TransportError:
            raise _away(name) from None
        if answer.status_code >= 400:
            raise ServiceRefused(name, _problem(answer))
        return answer.json()

    def _url(self, name: str, path: str) -> str:
        return f"{self._at[name]}{_PREFIX}/{path}"

    def _headers(self, name: str) -> dict[str, str]:
        caller = Caller(subject=OPERATOR, role=Role.OPERATOR, brand_id=BRAND)
        return {"Authorization": f"Bearer {self._signer.sign(caller, audience=name)}", "Accept-Language": "en"}


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _away(name: str) -> ServiceAway:
    return ServiceAway(f"{name} does not answer", "`maison status` shows what is up; `maison logs` shows why.")
