"""`python -m tests.faults.restarts.main [RATE]`: every scenario, on one suite with two instances of each process."""

import asyncio
import signal
import sys

from tests import shell
from tests.faults.restarts.house import running
from tests.faults.restarts.load import Places
from tests.faults.restarts.scenarios import killed, postgres_killed, rolling
from tests.faults.restarts.takeover import taken_over

RATE = 200  # requests a second


def run(rate: int = RATE) -> bool:
    """Run them and print what was counted; answers whether all promises held."""
    with running(instances=2) as house:
        with house.administrator() as administrator:
            places = Places(administrator)
        asyncio.run(house.settled())
        taken = asyncio.run(taken_over(house))
        sys.stdout.write("\n".join(map(str, taken)) + "\n")
        held = all(one.is_right for one in taken)
        for scenario in (
            rolling(house, places, rate=rate),
            killed(house, places, rate=rate, victims=["profile", "appointments-2", "gateway"]),
            postgres_killed(house, places, rate=rate),
        ):
            finding = asyncio.run(scenario)
            held = held and not finding.broken
            sys.stdout.write(f"{finding}\n")
            sys.stdout.flush()
    return held


if __name__ == "__main__":
    shell.forget()
    # As Ctrl-C does: what was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(0 if run(int(sys.argv[1]) if len(sys.argv) > 1 else RATE) else 1)
