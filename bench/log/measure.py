"""The log's measurements. The bench plays two services: one that announces, and one that follows."""

import asyncio
import json
import statistics
from collections.abc import Iterator
from itertools import count
from typing import Any

from bench.figures import ROUNDS, Figure, quantile, ratio
from bench.ground import Ground, laid
from bench.log.roles import WRITERS
from bench.log.visits import announce, make_tables
from bench.machine import Broken, python, said, started, tell
from infra.database import Database
from infra.eventlog.relay import BATCH

RATE, SECONDS = 500, 4  # facts a second, how long
CARRIED = 10_000  # facts in one round
VISIBLE, RELAYED, TAKEN, REPLAYED = 0.100, 20_000, 5_000, 200  # seconds, facts/s, facts/s, seconds for a million
MILLION = 1_000_000

_names = count()


def measure(*, full: bool) -> Iterator[Figure]:
    """How soon a fact is seen; how many a second are carried, taken, replayed."""
    rounds = 3 * ROUNDS if full else ROUNDS
    with laid("maison_log", "maison_profile", "maison_feedback") as ground:
        asyncio.run(make_tables(ground.urls["maison_feedback"]))
        yield from _seen(ground, rounds)
        yield from _carried(ground, rounds)
    with laid("maison_log", "maison_feedback") as ground:
        asyncio.run(make_tables(ground.urls["maison_feedback"]))
        yield _replayed(ground, MILLION if full else MILLION // 50, rounds=1 if full else ROUNDS)


def _seen(ground: Ground, rounds: int) -> Iterator[Figure]:
    late, middle, rates = [], [], []
    follower = f"bench-{next(_names)}"
    for _ in range(rounds):
        order = {"name": follower, "count": RATE * SECONDS + WRITERS, "times": True}  # the warming ones too
        with (
            _role(ground, "taking", **order) as taking,
            _role(ground, "announcing", rate=RATE, seconds=SECONDS) as told,
        ):
            for process in (taking, told):
                said(process)
                tell(process)
            taken = said(taking)["committed"]
            tell(told)
            announced, took = said(told).values()
        effects = {number: taken[number] for number in taken.keys() & announced.keys()}
        if len(effects) != RATE * SECONDS or effects.keys() != announced.keys():
            raise Broken(f"{len(announced)} facts were announced and {len(effects)} took effect")
        rates.append(len(announced) / took)
        waits = [(effects[number] - announced[number]) * 1000 for number in announced]
        late.append(quantile(waits, 0.99))
        middle.append(statistics.median(waits))
    p99 = statistics.median(late)
    yield Figure(
        f"log: p99 from commit to committed effect in another process, {statistics.median(rates):.0f} facts/s",
        p99,
        "ms",
        "its own median",
        statistics.median(middle),
        ratio(late, middle),
        f"< {VISIBLE * 1000:g} ms",
        p99 < VISIBLE * 1000,
    )


def _carried(ground: Ground, rounds: int) -> Iterator[Figure]:
    relay, raw, taken, bare = [], [], [], []
    for _ in range(rounds):
        asyncio.run(_fill(ground.urls["maison_profile"]))
        relay.append(_rate(ground, "carrying"))
        raw.append(_rate(ground, "appending", count=CARRIED, together=BATCH))
        # A new follower begins at the beginning: every round it takes the first facts of the log.
        taken.append(_rate(ground, "taking", name=f"bench-{next(_names)}", count=CARRIED))
        bare.append(_rate(ground, "taking-bare", name=f"bench-{next(_names)}", count=CARRIED, after=0))
    carried, took = statistics.median(relay), statistics.median(taken)
    yield Figure(
        f"log: relay, numbered, appended and marked in batches of {BATCH:,}",
        carried,
        "facts/s",
        "bare inserts of finished rows into such a table",
        statistics.median(raw),
        ratio(relay, raw),
        f">= {RELAYED:,}/s",
        carried >= RELAYED,
    )
    yield Figure(
        "log: one follower with an effect of one row",
        took,
        "facts/s",
        "bare asyncpg with the same rows",
        statistics.median(bare),
        ratio(taken, bare),
        f">= {TAKEN:,}/s",
        took >= TAKEN,
    )


def _replayed(ground: Ground, facts: int, *, rounds: int) -> Figure:
    with _role(ground, "filling", count=facts) as process:
        said(process)
        tell(process)
        filled = said(process)
    with _role(ground, "replaying", name="bench-replay", count=facts, rounds=rounds) as process:
        said(process)
        tell(process)
        came = [said(process) for _ in range(rounds)]
    for one in came:
        if not (one["same"] and one["rows"] == one["count"] == facts):
            raise Broken(f"a replay of {facts:,} facts did not make the same projection: {one}")
    seconds = statistics.median(one["took"] for one in came) * MILLION / facts
    return Figure(
        f"log: replay of 1,000,000 facts ({facts:,} were; the projection's hash stayed the same)",
        seconds,
        "s",
        "to append as many",
        filled["took"] * MILLION / facts,
        seconds / (filled["took"] * MILLION / facts),
        f"< {REPLAYED} s",
        seconds < REPLAYED,
    )


async def _fill(url: str) -> None:
    database = Database(url)
    try:
        await announce(database, CARRIED + BATCH)  # the first batch warms the relay up and is not counted
    finally:
        await database.dispose()


def _rate(ground: Ground, role: str, **order: Any) -> float:
    """Facts a second."""
    with _role(ground, role, **order) as process:
        said(process)
        tell(process)
        came = said(process)
    if came["count"] <= 0:
        raise Broken(f"{role} found nothing to do")
    return float(came["count"] / came["took"])


def _role(ground: Ground, role: str, **order: Any) -> Any:
    follows = role.startswith(("taking", "replaying"))
    order |= {
        "database_url": ground.urls["maison_feedback" if follows else "maison_profile"],
        "log_url": ground.urls["maison_log"],
    }
    return started(python("bench.log.roles", role, json.dumps(order)))
