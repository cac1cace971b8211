"""`python -m tests.faults.main`: the long storm. Prints its counts; the exit status is 0 if nothing was violated."""

import argparse
import random
import signal
import sys

from tests import shell
from tests.faults.house import a_house, a_server
from tests.faults.storm import Plan, Storm


def main() -> int:
    """Run it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=1000)
    asked.add_argument("--facts", type=int, default=200_000, help="at least; the writers go on until the last kill")
    asked.add_argument("--gap", type=float, default=0.5, help="seconds between two kills, on average")
    asked.add_argument("--pause", type=float, default=0.05, help="seconds between two transactions of a connection")
    asked.add_argument("--minutes", type=float, default=45, help="after which it stops, and fails if kills are missing")
    asked.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    told = asked.parse_args()

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    shell.forget()
    # As Ctrl-C does: what was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    plan = Plan(told.facts, told.kills, told.seed, told.gap, most=5, pause=told.pause, seconds=told.minutes * 60)
    with a_server() as server, a_house(server) as house:
        found = Storm(house, plan, say).run()
    for line in found.lines():
        say(line)
    enough = found.kills.total() >= told.kills and found.verdict.acknowledged >= told.facts
    if not enough:
        say(f"stopped after {told.minutes:g} minutes, before all was done")
    return 0 if found.verdict.clean and enough else 1


if __name__ == "__main__":
    sys.exit(main())
