"""An open-loop load through the gateway: so many requests a second whatever the answers, each kept with its outcome."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import httpx

PATIENCE = 30.0  # seconds that one attempt may take
MOST = 2_000  # requests under way; more are not sent, and fail
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Ask:
    """One request; with a key it creates something, and `mark` is how that is found again."""

    kind: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    key: str | None = None
    mark: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back at last; status 0 is a connection that broke or a time that ran out."""

    status: int
    problem: str = ""
    retry_after: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the request was served."""
        return 200 <= self.status < 300


@dataclass
class Outcome:
    """A request and all the answers it got."""

    ask: Ask
    sent_at: float
    answers: list[Answer] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether it was served in the end."""
        return self.answers[-1].is_good


class Places:
    """What the load writes about, made before it begins."""

    def __init__(self, administrator: httpx.Client) -> None:
        self.token = administrator.headers["Authorization"]
        region = self._made(administrator, "/v1/regions", {"code": "east", "name_zh": "华东", "name_en": "East"})
        form = {"region_id": region["region_id"], "code": "SH-1", "name_zh": "上海一店", "name_en": "Shanghai One"}
        self.boutique_id = self._made(administrator, "/v1/boutiques", form)["boutique_id"]

    @staticmethod
    def _made(administrator: httpx.Client, path: str, form: dict[str, Any]) -> Any:
        answer = administrator.post(path, json=form, headers={"Idempotency-Key": str(uuid4())})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def ask(self, number: int) -> Ask:
        """The request with this number: of ten, nine read and one creates something."""
        mark = str(UUID(int=random.getrandbits(128), version=4))
        turn, place = divmod(number, len(_READS) + 1)
        return (_READS[place - 1] if place else _CREATES[turn % len(_CREATES)])(self, mark)


def _get(path: str) -> Callable[[Places, str], Ask]:
    return lambda places, _: Ask(f"GET {path}", "GET", path.replace("{boutique_id}", places.boutique_id))


def _client(_: Places, mark: str) -> Ask:
    return Ask("client", "POST", "/v1/clients", {"display_name": mark}, f"client-{mark}", mark)


def _room(places: Places, mark: str) -> Ask:
    form = {"name_zh": mark, "name_en": mark, "capacity": 4}
    return Ask("room", "POST", f"/v1/boutiques/{places.boutique_id}/rooms", form, f"room-{mark}", mark)


def _work_order(places: Places, mark: str) -> Ask:
    form = {"client_id": mark, "boutique_id": places.boutique_id, "severity": "medium", "text": "the clasp again"}
    return Ask("work order", "POST", "/v1/work-orders", form, f"work-order-{mark}", mark)


def _partner(_: Places, mark: str) -> Ask:
    return Ask("partner", "POST", "/v1/partners", {"name": mark, "role": "partner"}, f"partner-{mark}", mark)


_CREATES: list[Callable[[Places, str], Ask]] = [_client, _room, _work_order, _partner]
_READS: list[Callable[[Places, str], Ask]] = [
    _get("/v1/boutiques"),
    _get("/v1/pieces"),
    _get("/v1/segment-policy"),
    _get("/v1/surveys"),
    _get("/v1/boutiques/{boutique_id}"),
    _get("/v1/sla-policies"),
    _get("/v1/pieces"),
    _get("/v1/accounts"),
    _get("/v1/regions"),
]


async def load(
    address: str, places: Places, *, rate: int, meanwhile: Callable[[], Awaitable[None]], patient: bool = True
) -> list[Outcome]:
    """Ask at `rate` requests a second while something else goes on; answers every outcome, in the order of sending.

    A patient client asks once more, with the same key, where its connection broke or it was told to come again.
    """
    outcomes: list[Outcome] = []
    under_way: set[asyncio.Task[None]] = set()
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    headers = {"Authorization": places.token}
    pooled = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)
    # Where one pooled connection broke, others have too: who asks again does so on a fresh one.
    fresh = aiohttp.TCPConnector(limit=0, force_close=True)
    async with (
        aiohttp.ClientSession(address, connector=pooled, timeout=timeout, headers=headers) as session,
        aiohttp.ClientSession(address, connector=fresh, timeout=timeout, headers=headers) as again,
    ):
        # aiohttp repeats a GET by itself where its connection breaks; here every attempt is counted.
        session._retry_connection = False  # noqa: SLF001 - it has no other way to say so
        happening = asyncio.ensure_future(meanwhile())
        began = time.perf_counter()
        number = 0
        while not happening.done():
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            outcome = Outcome(places.ask(number), time.perf_counter())
            outcomes.append(outcome)
            number += 1
            if len(under_way) >= MOST:
                outcome.answers.append(Answer(0, "not sent: too many under way"))
                continue
            task = asyncio.ensure_future(_served(session, again if patient else None, outcome))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)
        await happening
    return outcomes


async def _served(session: aiohttp.ClientSession, again: aiohttp.ClientSession | None, outcome: Outcome) -> None:
    answer = await _once(session, outcome.ask)
    outcome.answers.append(answer)
    comes_again = answer.status in {0, 503} or (answer.status == 409 and answer.problem.endswith(":still-running"))
    if again is not None and comes_again:
        await asyncio.sleep(float(answer.retry_after or 0))
        outcome.answers.append(await _once(again, outcome.ask))
    outcome.seconds = time.perf_counter() - outcome.sent_at


async def _once(session: aiohttp.ClientSession, ask: Ask) -> Answer:
    headers = {"Idempotency-Key": ask.key} if ask.key else {}
    try:
        async with session.request(ask.method, ask.path, json=ask.body, headers=headers) as answer:
            problem = ""
            if answer.status >= 400:
                is_problem = answer.content_type == MEDIA_TYPE
                problem = str((await answer.json(content_type=None))["type"]) if is_problem else "no problem document"
            await answer.read()
            return Answer(answer.status, problem, answer.headers.get("Retry-After", ""))
    except (aiohttp.ClientError, OSError, TimeoutError) as broken:
        return Answer(0, type(broken).__name__)


@dataclass(frozen=True)
class Tally:
    """The outcomes of a load, counted."""

    asked: int
    failed: Counter[str]
    repeated: Counter[str]
    p50: float
    p99: float
    longest: float

    def __str__(self) -> str:
        """One paragraph for a person."""
        ends = f"p50 {self.p50 * 1000:.0f} ms, p99 {self.p99 * 1000:.0f} ms, longest {self.longest * 1000:.0f} ms"
        said = (
            f"{self.asked} requests, {sum(self.failed.values())} failed, {sum(self.repeated.values())} repeated; {ends}"
        )
        for name, counts in (("failed", self.failed), ("repeated after", self.repeated)):
            said += "".join(f"\n    {name} {what}: {count}" for what, count in counts.most_common())
        return said


def tally(outcomes: list[Outcome]) -> Tally:
    """Count them."""
    failed: Counter[str] = Counter()
    repeated: Counter[str] = Counter()
    for outcome in outcomes:
        first, last = outcome.answers[0], outcome.answers[-1]
        if not last.is_good:
            failed[f"{outcome.ask.kind}: {last.status} {last.problem}"] += 1
        if len(outcome.answers) > 1:
            repeated[f"{first.status} {first.problem}"] += 1
    times = sorted(outcome.seconds for outcome in outcomes)
    return Tally(len(outcomes), failed, repeated, times[len(times) // 2], times[len(times) * 99 // 100], times[-1])
