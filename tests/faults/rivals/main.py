"""`python -m tests.faults.rivals.main`: the long races. Prints counts; the exit status is 0 if nothing was wrong."""

import argparse
import asyncio
import random
import signal
import sys
from collections.abc import Callable

from tests import shell
from tests.faults.house import run
from tests.faults.rivals.asking import crowd
from tests.faults.rivals.house import House, a_house
from tests.faults.rivals.journal import read
from tests.faults.rivals.judging import judge
from tests.faults.rivals.rounds import Round, Rounds, play, settled
from tests.throwaway import throwaway

SHOWN = 20  # of what is wrong


def main() -> int:
    """Run them, each kind in a house of its own."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--operations", type=int, default=10_000)
    asked.add_argument("--rounds", type=int, default=10_000)
    asked.add_argument("--moves", type=int, default=500, help="rounds of each kind of move, and of last moments")
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    told = asked.parse_args()
    shell.forget()
    # As Ctrl-C does: what was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    kinds: list[tuple[str, int, Callable[[Rounds], Round]]] = [
        ("rounds of twenty for one time", told.rounds, lambda of: of.rush),
        ("swaps", told.moves, lambda of: of.swap),
        ("moves against holds", told.moves, lambda of: of.follow),
        ("confirmations at the last moment", told.moves // 4, lambda of: of.last_moment),
    ]
    wrong = 0
    with throwaway() as server:
        with a_house(server) as house:
            asyncio.run(crowd(house, operations=told.operations, seed=told.seed))
            wrong += _told(house, f"{told.operations:,} operations, seed {told.seed}", [])
        for name, rounds, kind in kinds:
            with a_house(server) as house:
                found = asyncio.run(play(house, kind(Rounds(house)), rounds=rounds))
                wrong += _told(house, f"{rounds:,} {name}", found)
    return 1 if wrong else 0


def _told(house: House, what: str, found: list[str]) -> int:
    run(settled(house))
    verdict = judge(house, run(read(house.url)))
    wrong = [*found, *verdict.wrong]
    sys.stdout.write(f"{what}: {len(house.heard):,} answers, {len(wrong)} wrong; {took(house)}\n")
    sys.stdout.writelines(f"  {times:>8,} {kind}\n" for kind, times in verdict.counted.most_common())
    sys.stdout.writelines(f"  WRONG {one}\n" for one in wrong[:SHOWN])
    sys.stdout.flush()
    return len(wrong)


def took(house: House) -> str:
    """How long answers took. It says as much of the machine as of the service, so nothing depends on it."""
    taken = sorted((one.ended - one.began).total_seconds() * 1000 for one in house.heard)
    return ", ".join(f"p{share} {taken[len(taken) * share // 100]:.0f} ms" for share in (50, 95, 99))


if __name__ == "__main__":
    sys.exit(main())
