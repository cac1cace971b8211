"""Processes of this machine as the killer sees them: whose child is who, and what state it is in."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_PROC = Path("/proc")
PATIENCE = 90.0  # seconds: a bound only, for machines that do other things too
_LOOK = 0.02  # seconds between two looks


def table() -> dict[int, tuple[int, str]]:
    """Every process: its parent's id, and its state (Z for a zombie, T for a halted one)."""
    if not (_PROC / "self").exists():  # macOS; Debian has /proc, but not always ps
        listed = subprocess.run(["/bin/ps", "-axo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
        words = [line.split() for line in listed.stdout.splitlines()]
        return {int(pid): (int(parent), state[0]) for pid, parent, state in words}
    found = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:  # ended meanwhile
                continue
            found[int(entry.name)] = (int(parent), state)
    return found


def children(pid: int) -> list[int]:
    """The living children of a process."""
    return [child for child, (parent, state) in table().items() if parent == pid and state != "Z"]


def halted(pid: int) -> bool:
    """Whether SIGSTOP has taken hold."""
    return table().get(pid, (0, ""))[1] in {"T", "t"}


def gone(pid: int) -> bool:
    """Whether nothing of it runs any more."""
    return table().get(pid, (0, "Z"))[1] in {"Z", "X"}


def await_that(condition: Callable[[], bool], *, seconds: float = PATIENCE) -> float:
    """Wait for it and answer how long that took, in seconds; raises TimeoutError."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError
        time.sleep(_LOOK)
    return time.monotonic() - began


def signal_all(pids: list[int], number: int) -> None:
    """Signal processes that may have ended by themselves."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
