"""pgbench with the statements of a booking, on the same PostgreSQL."""

import os
import re
import subprocess
from pathlib import Path

from bench.booking.house import BRAND, DAYS, House
from bench.ground import Ground
from bench.machine import Broken
from suite.launcher import binaries

SCRIPT = Path(__file__).parent / "booking.sql"
ROUND = 100_000  # slots that one round of one client can use
_FOUND = re.compile(
    r"number of transactions actually processed: (\d+).*?number of failed transactions: 0 .*?tps = ([\d.]+)", re.DOTALL
)


def bookings(ground: Ground, house: House, *, clients: int, seconds: int, turn: int) -> float:
    """Bookings a second; raises Broken unless each went through. Every `turn` has slots of its own."""
    program = binaries.unpack(ground.server.folder, ground.server.account) / "pgbench"
    after_all_others = int(house.begins_at.timestamp()) + (DAYS + 30) * 86_400
    given = {
        "brand": BRAND,
        "experience": house.experience_id,
        "begins": after_all_others,
        "n": turn * ROUND,
        "known": 0,
    }
    command: list[str | Path] = [
        *(program, "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds), "-f", SCRIPT),
        *(part for name, value in given.items() for part in ("-D", f"{name}={value}")),
        ground.urls["maison_appointments"],
    ]
    libraries = binaries.environment(ground.server.folder)
    ran = subprocess.run(command, env={**os.environ, **libraries}, capture_output=True, text=True, check=False)
    found = _FOUND.search(ran.stdout)
    if ran.returncode != 0 or found is None:
        raise Broken(f"pgbench did not go through:\n{ran.stderr[-2000:]}{ran.stdout[-1000:]}")
    return float(found[2])
