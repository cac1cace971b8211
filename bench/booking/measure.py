"""The measurements of bookings."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import asyncpg
import httpx

from bench.booking import pgbench
from bench.booking.house import House, client, furnished
from bench.figures import ROUNDS, Figure, quantile, ratio
from bench.ground import Ground, laid, served
from bench.machine import Broken, cpu_seconds
from infra.identity import Signer
from suite.launcher import ports

RIVALS, RUSHES, FULL_RUSHES = 20, 100, 1_000
CLIENTS, EACH, SECONDS = 8, 20, 3  # at once; bookings of each in one round; of pgbench in one round
CREATED, CONFLICT = 201, 409
SHARE, PACED, P99_MS = (
    0.15,
    10,
    60,
)  # of pgbench's rate; seconds at half of our own, and how long an answer may take then
_OVERLAPPING = """
select count(*) from occupation a join occupation b
on a.brand_id = b.brand_id and a.resource_id = b.resource_id and a.during && b.during and a.ctid <> b.ctid
"""


def measure(*, full: bool) -> Iterator[Figure]:
    """Rivals for one slot over two processes, then the rate of one process beside pgbench."""
    with laid("maison_log", "maison_appointments") as ground, ExitStack() as stack:
        found = [
            stack.enter_context(
                served(
                    "services.appointments.app:build",
                    ground.variables("appointments", ports.free()),
                    ground.folder / f"appointments-{number}.log",
                )
            )
            for number in range(2)
        ]
        urls = [url for _, url in found]
        house = furnished(urls[0], ground.keys, boutiques=CLIENTS)
        signer = Signer.load(ground.keys / "gateway.json")
        yield from _rivals(ground, house, signer, urls, rushes=FULL_RUSHES if full else RUSHES)
        process, url = found[0]
        yield from _rates(ground, house, signer, url, pid=process.pid, rounds=ROUNDS)


def _rivals(ground: Ground, house: House, signer: Signer, urls: Sequence[str], *, rushes: int) -> Iterator[Figure]:
    seconds: list[float] = []
    answers = asyncio.run(_rush(house, signer, urls, rushes, seconds))
    if wrong := [counted for counted in answers if counted[CREATED] != 1]:
        raise Broken(f"{RIVALS} rivals for one slot were answered {dict(wrong[0])}, {len(wrong)} of {rushes} times")
    if overlapping := asyncio.run(_overlapping(ground.urls["maison_appointments"])):
        raise Broken(f"{overlapping} pairs of visits occupy the same time")
    total = sum(answers, Counter[int]())
    others = sum(times for status, times in total.items() if status not in {CREATED, CONFLICT})
    yield Figure(
        f"booking: rounds of {RIVALS} rivals for one slot, won by exactly one",
        float(len(answers)),
        "rounds",
        f"{others} answers besides {CREATED} and {CONFLICT}, {overlapping} overlapping visits",
        goal=f"all {rushes:,}",
        reached=True,
    )
    yield Figure("booking: until all rivals of a round are answered", statistics.median(seconds) * 1000, "ms")


async def _rush(
    house: House, signer: Signer, urls: Sequence[str], rushes: int, seconds: list[float]
) -> list[Counter[int]]:
    counted = []
    async with _http(RIVALS) as http:
        for rush in range(rushes):
            # All name the same advisor, so that there is one slot indeed.
            form = house.form(rush, advised=True)
            asked = [
                http.post(f"{urls[rival % len(urls)]}/v1/appointments", json=form, headers=client(signer))
                for rival in range(RIVALS)
            ]
            began = time.perf_counter()
            answers = await asyncio.gather(*asked)
            seconds.append(time.perf_counter() - began)
            counted.append(Counter(answer.status_code for answer in answers))
    return counted


async def _overlapping(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select set_config('maison.brand_id', '*', false)")
        return int(await connection.fetchval(_OVERLAPPING))
    finally:
        await connection.close()


def _rates(ground: Ground, house: House, signer: Signer, url: str, *, pid: int, rounds: int) -> Iterator[Figure]:
    ours, theirs, cpu = [], [], []
    first = FULL_RUSHES * CLIENTS  # slots behind those of the rivals
    asyncio.run(_book(house, signer, url, first))  # warm
    for turn in range(rounds):
        before = cpu_seconds(pid)
        ours.append(asyncio.run(_book(house, signer, url, first + (turn + 1) * CLIENTS * EACH)))
        cpu.append((cpu_seconds(pid) - before) / (CLIENTS * EACH) * 1000)
        theirs.append(pgbench.bookings(ground, house, clients=CLIENTS, seconds=SECONDS, turn=turn))
    yield Figure(
        f"booking: one process of the service, over HTTP, {CLIENTS} clients",
        statistics.median(ours),
        "bookings/s",
        "pgbench with the same statements",
        statistics.median(theirs),
        ratio(ours, theirs),
        f">= {SHARE}",
        ratio(ours, theirs) >= SHARE,
    )
    yield Figure("booking: CPU of the service for one", statistics.median(cpu), "ms")
    rate = statistics.median(ours) / 2
    taken = asyncio.run(_pace(house, signer, url, first + (rounds + 1) * CLIENTS * EACH, rate=rate))
    p99 = quantile(taken, 0.99) * 1000
    yield Figure(
        f"booking: p99 at {rate:.0f} bookings/s",
        p99,
        "ms",
        "its median",
        statistics.median(taken) * 1000,
        goal=f"< {P99_MS} ms",
        reached=p99 < P99_MS,
    )


async def _book(house: House, signer: Signer, url: str, first: int) -> float:
    """Bookings a second; every client books slot after slot in a boutique of its own."""

    async def one(http: httpx.AsyncClient, place: int, requests: Sequence[dict[str, str]]) -> None:
        for number, headers in enumerate(requests):
            form = house.form(first + number * CLIENTS + place)
            answer = await http.post(f"{url}/v1/appointments", json=form, headers=headers)
            if answer.status_code != CREATED:
                raise Broken(f"a booking was answered {answer.status_code}: {answer.text}")

    signed = [[client(signer) for _ in range(EACH)] for _ in range(CLIENTS)]
    async with _http(CLIENTS) as http:
        began = time.perf_counter()
        await asyncio.gather(*(one(http, place, requests) for place, requests in enumerate(signed)))
        return CLIENTS * EACH / (time.perf_counter() - began)


async def _pace(house: House, signer: Signer, url: str, first: int, *, rate: float) -> list[float]:
    """Seconds that bookings took, each from its moment: they come at a steady rate, answers or no answers."""
    loop = asyncio.get_running_loop()
    signed = [client(signer) for _ in range(int(rate * PACED))]

    async def one(http: httpx.AsyncClient, number: int, headers: dict[str, str], moment: float) -> float:
        await asyncio.sleep(moment - loop.time())
        answer = await http.post(f"{url}/v1/appointments", json=house.form(first + number), headers=headers)
        if answer.status_code != CREATED:
            raise Broken(f"a booking was answered {answer.status_code}: {answer.text}")
        return loop.time() - moment

    async with _http(CLIENTS * CLIENTS) as http:
        begins = loop.time() + 0.2
        asked = [one(http, number, headers, begins + number / rate) for number, headers in enumerate(signed)]
        return list(await asyncio.gather(*asked))


def _http(connections: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=2 * connections), trust_env=False)
