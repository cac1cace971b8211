"""`python -m tests.fuzz.main --minutes 10 | --cases 200000`: try every document for a while, and print what came of it.

It starts a PostgreSQL of its own and the whole house in each of its processes. It ends with 1 when anything failed.
"""

import argparse
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from schemathesis.python import asgi

from tests import shell
from tests.fuzz.engine import AGAIN, Effort, Found, Tally, attempt, furnished, inside
from tests.fuzz.house import GATEWAY, MERGED, House
from tests.running import Throwaway
from tests.throwaway import throwaway

# Each with its share of the whole: about as many as it has operations. The merged one goes to the same services.
SHARES = {MERGED: 60, "profile": 40, "appointments": 35, "feedback": 30, GATEWAY: 20, "recommend": 15}
EXAMPLES = 100  # of one operation in one round
ROUND = 120.0  # seconds, after which the house gets fresh visits
APART = 1000  # databases of one process, at most


@dataclass(frozen=True)
class Task:
    """One document, tried by one process."""

    name: str
    number: int
    server: Throwaway
    effort: Effort


def try_out(task: Task) -> Tally:
    """Try one document until its time is over or its cases are done."""
    # What the services say of each request is of no use here, and much; how far it has come is said once a round.
    people = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    tally, effort = Tally(task.name), task.effort
    house = House(replace(task.server, count=APART * task.number))
    seeds = furnished(house)
    began, said = time.monotonic(), 0
    while True:
        inside(house, seeds.refill())  # what is tried uses visits up
        left = ROUND if effort.seconds is None else min(ROUND, effort.seconds - (time.monotonic() - began))
        attempt(house, seeds, tally, replace(effort, seconds=left))
        passed = time.monotonic() - began
        people.write(
            f"{tally.name}: {tally.cases:,} cases after {passed:.0f} s, {sum(tally.failures.values())} failed\n"
        )
        # Said at once: nobody should have to wait an hour for what was found in the first minute.
        people.writelines(shown(tally, found) for found in list(tally.found.values())[said:])
        people.flush()
        said = len(tally.found)
        if (effort.seconds is not None and passed >= effort.seconds - 1) or (
            effort.cases is not None and tally.cases >= effort.cases
        ):
            break
        effort = replace(effort, seed=effort.seed + 1, phases=AGAIN)
    asgi.shutdown_lifespans()
    return tally


def tasks(
    server: Throwaway, *, seed: int, names: Sequence[str], minutes: float | None, cases: int | None
) -> list[Task]:
    """The work of a run, the largest first."""
    hands = min(len(names), multiprocessing.cpu_count())
    whole = sum(SHARES[name] for name in names)
    return [
        Task(
            name,
            number,
            server,
            Effort(
                seed=seed,
                examples=EXAMPLES,
                seconds=minutes * 60 * hands * SHARES[name] / whole if minutes is not None else None,
                cases=round(cases * SHARES[name] / whole) if cases is not None else None,
            ),
        )
        for number, name in enumerate(sorted(names, key=lambda name: -SHARES[name]), start=1)
    ]


def table(tallies: Sequence[Tally]) -> str:
    """What came of it, for people: each document with its cases and, by check, its failures."""
    lines = [f"{'document':<14}{'cases':>9}{'per second':>12}{'operations':>12}  failures"]
    for tally in sorted(tallies, key=lambda tally: tally.name):
        failed = ", ".join(f"{check} {count}" for check, count in sorted(tally.failures.items())) or "none"
        rate = tally.cases / tally.seconds if tally.seconds else 0
        lines.append(f"{tally.name:<14}{tally.cases:>9,}{rate:>12.0f}{len(tally.statuses):>12}  {failed}")
    lines.append(f"{'together':<14}{sum(tally.cases for tally in tallies):>9,}")
    return "\n".join(lines)


def shown(tally: Tally, found: Found) -> str:
    """One failure: what was wrong, and how to see it again."""
    return f"\n{tally.name}: {found.check}, {found.operation} (seed {found.seed})\n{found.said}\n{found.again}\n"


def told(tally: Tally) -> str:
    """The failures of one document, each with how to see it again."""
    lines = [f"\n{tally.name}: schemathesis could not try {fault}" for fault in sorted(set(tally.faults))]
    lines += [shown(tally, found) for found in tally.found.values()]
    if tally.unreached:
        lines.append(f"\n{tally.name}: no request got a yes from {', '.join(tally.unreached)}")
    return "\n".join(lines)


def end(*_: object) -> None:
    """As Ctrl-C does, which reaches the other processes too: what was started is ended on the way out."""
    for one in multiprocessing.active_children():
        one.terminate()
    sys.exit(1)


def main() -> None:
    """Run as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.main")
    amount = parser.add_mutually_exclusive_group(required=True)
    amount.add_argument("--minutes", type=float, help="how long, by the clock")
    amount.add_argument("--cases", type=int, help="how many cases, at least")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000, help="to repeat an earlier run")
    parser.add_argument("--only", default=",".join(SHARES), help="documents, with commas between")
    asked = parser.parse_args()
    names = asked.only.split(",")
    shell.forget()
    signal.signal(signal.SIGTERM, end)
    sys.stdout.write(f"seed {asked.seed}; {', '.join(names)}\n")
    sys.stdout.flush()
    with throwaway() as server:
        work = tasks(server, seed=asked.seed, names=names, minutes=asked.minutes, cases=asked.cases)
        # Spawned, not forked: each process has an event loop and a pool of its own.
        apart = multiprocessing.get_context("spawn")
        hands_at_once = min(len(work), multiprocessing.cpu_count())
        # One document each: what schemathesis remembers of one is gigabytes, and its process' output goes nowhere.
        with ProcessPoolExecutor(hands_at_once, mp_context=apart, max_tasks_per_child=1) as hands:
            tallies = list(hands.map(try_out, work))
    for tally in tallies:
        sys.stdout.write(told(tally) + "\n")
    sys.stdout.write(table(tallies) + "\n")
    raise SystemExit(1 if any(tally.failures or tally.faults for tally in tallies) else 0)


if __name__ == "__main__":
    main()
