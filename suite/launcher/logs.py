"""`maison logs`: the processes' own lines, together or one by one."""

import time
from collections.abc import Iterator
from pathlib import Path

from suite.launcher.obstacles import NotRunning
from suite.launcher.postgres import tail

_LOOK = 0.3  # seconds between two looks


def read(folder: Path, name: str | None, lines: int) -> Iterator[str]:
    """The last lines of one log, or of each; raises NotRunning when there are none."""
    logs = _logs(folder, name)
    for log in logs:
        for line in tail(log, lines).splitlines():
            yield _named(log, line, several=len(logs) > 1)


def follow(folder: Path, name: str | None) -> Iterator[str]:
    """Every line written from now on, for ever. Logs that appear later are followed too."""
    at = {log: log.stat().st_size for log in _logs(folder, name)}
    while True:
        time.sleep(_LOOK)
        logs = _logs(folder, name)
        for log in logs:
            size = log.stat().st_size
            start = at.get(log, 0)
            with log.open("rb") as file:
                # A log that became shorter was begun anew.
                file.seek(start if start <= size else 0)
                whole, _, _ = file.read().rpartition(b"\n")
            if not whole:
                continue
            at[log] = (start if start <= size else 0) + len(whole) + 1
            for line in whole.decode(errors="replace").splitlines():
                yield _named(log, line, several=len(logs) > 1)


def _logs(folder: Path, name: str | None) -> list[Path]:
    found = sorted(folder.glob("*.log"))
    if name is None and found:
        return found
    chosen = [log for log in found if log.stem == name]
    if not chosen:
        known = ", ".join(log.stem for log in found) or "none yet"
        raise NotRunning(f"there is no log of {name or 'the suite'}", f"Logs there are: {known}.")
    return chosen


def _named(log: Path, line: str, *, several: bool) -> str:
    return f"{log.stem:>12} | {line}" if several else line
