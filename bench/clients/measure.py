"""The measurements of finding a client and of opening her page."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from statistics import median

import httpx

from bench.clients.house import BRAND, House, furnished
from bench.figures import ROUNDS, Figure, quantile, ratio
from bench.ground import Ground, laid, served
from bench.machine import Broken, Process, cores
from infra.identity import Caller, Role, Signer
from suite.launcher import ports

SEARCHED, FULL_SEARCHED = 100_000, 1_000_000  # clients
SHOWN, FULL_SHOWN, FEWER = 30_000, 300_000, 10  # clients; the smaller house has so many times fewer
SEARCHES, PAGES = 200, 100  # of one round
P95 = 0.95
FIND_MS, PAGE_MS, GROWTH = 50, 30, 1.3


def measure(*, full: bool) -> Iterator[Figure]:
    """Searches of a big house, then pages of a big house beside those of a small one."""
    yield from _searches(FULL_SEARCHED if full else SEARCHED)
    yield from _pages(FULL_SHOWN if full else SHOWN)


def _searches(clients: int) -> Iterator[Figure]:
    with laid("maison_log", "maison_profile") as ground, _profile(ground) as (_, url):
        house = asyncio.run(furnished(ground, clients=clients, contacts=False))
        for who, by in (("who may see everybody", _everybody()), ("with a book of fifty", _advisor(house))):
            with _client(ground, url, by) as http:
                _search(http, house.typed[:SEARCHES])  # warm
                rounds = [
                    _search(http, house.typed[turn * SEARCHES : (turn + 1) * SEARCHES]) for turn in range(1, ROUNDS + 1)
                ]
            p95 = median(quantile(times, P95) for times in rounds)
            yield Figure(
                f"clients: search as you type, p95, {clients:,} clients, by one {who}",
                p95,
                "ms",
                "its median",
                median(median(times) for times in rounds),
                goal=f"< {FIND_MS} ms",
                reached=p95 < FIND_MS,
            )


def _pages(clients: int) -> Iterator[Figure]:
    with laid("maison_log", "maison_profile") as large, laid("maison_log", "maison_profile") as small:
        houses = [
            asyncio.run(furnished(ground, clients=count, contacts=True))
            for ground, count in ((large, clients), (small, clients // FEWER))
        ]
        with (
            _profile(large) as (_, here),
            _profile(small) as (_, there),
            _client(large, here, _everybody()) as big,
            _client(small, there, _everybody()) as little,
        ):
            sides: tuple[list[float], list[float]] = ([], [])
            for turn in range(ROUNDS + 1):
                for side, http, house in zip(sides, (big, little), houses, strict=True):
                    side.append(quantile(_open(http, house, turn), P95))
        ours, theirs = (side[1:] for side in sides)  # the first round was to warm up
        grown = ratio(ours, theirs)
        yield Figure(
            f"clients: page with the last 50 contacts, p95, {clients:,} clients",
            median(ours),
            "ms",
            f"{clients // FEWER:,} clients",
            median(theirs),
            grown,
            f"< {PAGE_MS} ms, <= {GROWTH}",
            median(ours) < PAGE_MS and grown <= GROWTH,
        )


def _search(http: httpx.Client, typed: Sequence[str]) -> list[float]:
    return [_asked(http, ["POST", "/v1/clients/search"], {"text": text}) for text in typed]


def _open(http: httpx.Client, house: House, turn: int) -> list[float]:
    """The time of each page: who she is, and what was between her and the house."""
    begin = turn * PAGES
    chosen = [house.client_ids[(begin + number) % len(house.client_ids)] for number in range(PAGES)]
    return [
        _asked(http, ["GET", f"/v1/clients/{one}"]) + _asked(http, ["GET", f"/v1/clients/{one}/timeline?limit=50"])
        for one in chosen
    ]


def _asked(http: httpx.Client, request: Sequence[str], form: dict[str, str] | None = None) -> float:
    method, path = request
    began = time.perf_counter()
    answer = http.request(method, path, json=form)
    taken = (time.perf_counter() - began) * 1000
    if not answer.is_success:
        raise Broken(f"{method} {path} was answered {answer.status_code}: {answer.text}")
    return taken


def _profile(ground: Ground) -> AbstractContextManager[tuple[Process, str]]:
    variables = ground.variables("profile", ports.free())
    return served("services.profile.app:build", variables, ground.folder / "profile.log", core=cores()[0])


def _client(ground: Ground, url: str, by: Caller) -> httpx.Client:
    token = Signer.load(ground.keys / "gateway.json").sign(by, audience="profile")
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False)


def _everybody() -> Caller:
    return Caller("client-service", Role.CLIENT_SERVICE, BRAND)


def _advisor(house: House) -> Caller:
    boutiques = frozenset({house.boutique_id})
    return Caller("advisor", Role.ADVISOR, BRAND, advisor_id=house.advisor_id, boutique_ids=boutiques)
