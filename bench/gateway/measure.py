"""The gateway's measurements."""

import json
import secrets
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import httpx

from bench.figures import ROUNDS, Figure, quantile, ratio
from bench.gateway import nginx
from bench.ground import Ground, laid, served
from bench.machine import Broken, cores, cpu_seconds, family, python, said, started, tell
from suite.launcher import ports

PATH = "/v1/boutiques?limit=20"
REQUESTS = 2_000  # of one side in one round
CONNECTIONS = 8
RATE, SECONDS = 1_000, 5  # of the steady load
PASSWORD = secrets.token_urlsafe(16)
NGINX_GOAL, HTTPX_GOAL, LATE = 12.0, 1 / 4, 0.030


@dataclass
class Side:
    """One of those that are compared: a proxy, and what the rounds found of it."""

    name: str
    url: str
    pids: Callable[[], list[int]]
    token: str = ""
    goal: float | None = None  # the most that ours may cost, in its costs
    microseconds: list[float] = field(default_factory=list)  # of CPU for one request


@dataclass(frozen=True)
class Answers:
    """What came of one order."""

    took: float
    seconds: list[float]
    cpu: float


def measure(*, full: bool) -> Iterator[Figure]:
    """CPU for one forwarded GET beside nginx and httpx, then 1,000 requests a second on one core."""
    rounds = 3 * ROUNDS if full else ROUNDS
    inner, outer = cores()
    with laid("maison_log", "maison_gateway") as ground, ExitStack() as stack:
        upstream = stack.enter_context(started(python("bench.gateway.upstream"), core=outer))
        behind = f"127.0.0.1:{said(upstream)['port']}"
        collector = stack.enter_context(started(python("bench.gateway.collector"), core=outer))
        sent_to = f"http://127.0.0.1:{said(collector)['port']}"
        ours = stack.enter_context(_gateway(ground, behind, core=inner, sent_to=sent_to))
        theirs = [
            stack.enter_context(_gateway(ground, behind, core=inner, sent_to="")),
            stack.enter_context(_over_httpx(ground, behind, core=inner)),
        ]
        if (program := nginx.program()) is not None:
            process, url = stack.enter_context(nginx.proxy(program, ground.folder, behind, core=inner))
            theirs.append(Side("nginx, a bare proxy", url, lambda: family(process.pid), goal=NGINX_GOAL))
        sides = [ours, *theirs]
        for side in theirs:
            side.token = ours.token  # the same request, byte for byte
        for side in sides:
            _ask(side, requests=REQUESTS // 2, connections=CONNECTIONS)  # pools filled, code warm
        for _ in range(rounds):
            for side in sides:
                answers = _ask(side, requests=REQUESTS, connections=CONNECTIONS)
                side.microseconds.append(answers.cpu / REQUESTS * 1e6)
        yield from _beside(ours, theirs)
        yield from _steady(
            ours, Side("the load program and the service alone", f"http://{behind}", list, ours.token), rounds
        )


def _beside(ours: Side, theirs: list[Side]) -> Iterator[Figure]:
    what = "gateway: CPU of a forwarded GET (token, limits, log line, 5 % traced)"
    for other in theirs:
        costs = ratio(ours.microseconds, other.microseconds)
        yield Figure(
            what,
            statistics.median(ours.microseconds),
            "us",
            other.name,
            statistics.median(other.microseconds),
            costs,
            f"<= {other.goal:.3g}" if other.goal else "",
            costs <= other.goal if other.goal else None,
        )
    if all(other.goal != NGINX_GOAL for other in theirs):
        yield Figure(what, statistics.median(ours.microseconds), "us", nginx.GET_IT, goal=f"<= {NGINX_GOAL:g}")


def _steady(ours: Side, floor: Side, rounds: int) -> Iterator[Figure]:
    late: dict[str, list[float]] = {ours.name: [], floor.name: []}
    busy = []
    for _ in range(rounds):
        for side in (floor, ours):
            answers = _ask(side, rate=RATE, seconds=SECONDS)
            late[side.name].append(quantile(answers.seconds, 0.99) * 1000)
            if side is ours:
                busy.append(answers.cpu / answers.took * 100)
    p99 = statistics.median(late[ours.name])
    yield Figure(
        f"gateway: p99 at {RATE:,} requests/s, pinned to one core, asked from another",
        p99,
        "ms",
        floor.name,
        statistics.median(late[floor.name]),
        ratio(late[ours.name], late[floor.name]),
        f"< {LATE * 1000:g} ms",
        p99 < LATE * 1000,
    )
    yield Figure(f"gateway: its core busy at {RATE:,} requests/s", statistics.median(busy), "%")


def _ask(side: Side, **order: float) -> Answers:
    """Carry out one order; raises Broken unless every answer was a 200."""
    told = {"url": side.url + PATH, "token": side.token, **order}
    with started(python("bench.gateway.load", json.dumps(told)), core=cores()[1]) as load:
        said(load)
        before = cpu_seconds(*side.pids())
        tell(load)
        came = said(load)
        cpu = cpu_seconds(*side.pids()) - before
    wanted = int(order.get("requests") or order["rate"] * order["seconds"])
    if came["failed"] or len(came["seconds"]) != wanted:
        raise Broken(f"{side.name}: {came['failed']} of {wanted} requests failed, {len(came['seconds'])} were answered")
    return Answers(came["took"], came["seconds"], cpu)


@contextmanager
def _gateway(ground: Ground, behind: str, *, core: int, sent_to: str) -> Iterator[Side]:
    """The gateway as it is shipped, its limits so wide that they count but do not refuse; every service is `behind`.

    With a collector to send to, it traces as many requests as it does by default, which are 5 %.
    """
    variables = {
        **ground.variables("gateway", ports.free()),
        **{f"MAISON_{name}_URL": f"http://{behind}" for name in ("PROFILE", "APPOINTMENTS", "FEEDBACK", "RECOMMEND")},
        "MAISON_FIRST_ACCOUNT": "lumiere:bench",
        "MAISON_FIRST_PASSWORD": PASSWORD,
        "MAISON_LIMIT_FACTOR": "10000",
        "MAISON_OTLP_ENDPOINT": sent_to,
    }
    log = ground.folder / f"gateway-{variables['MAISON_PORT']}.log"
    with served("gateway.app:build", variables, log, core=core) as (process, url):
        form = {"username": "bench", "password": PASSWORD}
        signed = httpx.post(f"{url}/v1/auth/staff", json=form, timeout=30, trust_env=False)
        if not signed.is_success:
            raise Broken(f"nobody could sign in: {signed.text}")
        name = "gateway" if sent_to else "the same without a collector"
        yield Side(name, url, lambda: [process.pid], token=signed.json()["access_token"])


@contextmanager
def _over_httpx(ground: Ground, behind: str, *, core: int) -> Iterator[Side]:
    variables = {"MAISON_PORT": str(ports.free()), "BENCH_UPSTREAM": f"http://{behind}"}
    log = ground.folder / "over-httpx.log"
    with served("bench.gateway.over_httpx:build", variables, log, core=core) as (process, url):
        yield Side("a bare forwarder over httpx", url, lambda: [process.pid], goal=HTTPX_GOAL)
