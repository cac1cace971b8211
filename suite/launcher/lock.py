"""One launcher per data folder: a locked file that holds its process id."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suite.launcher.obstacles import AlreadyRunning

_FILE = "launcher.lock"


@contextmanager
def held(data: Path) -> Iterator[int | None]:
    """Hold the lock; yields the id of a launcher that died without letting go, if one did.

    Raises AlreadyRunning. The kernel's lock decides, not the id in the file: ids are reused, and the kernel lets go of
    a dead process's lock.
    """
    with os.fdopen(os.open(data / _FILE, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        if not _locked(file.fileno(), tries=5):
            raise _taken(data, file.read().strip())
        stale = file.read().strip()
        _write(file.fileno(), str(os.getpid()))
        try:
            yield int(stale) if stale.isdigit() else None
        finally:
            # Emptied, never deleted: a rival may hold the file open already.
            _write(file.fileno(), "")


def _taken(data: Path, launcher: str) -> AlreadyRunning:
    what = f"the suite is already running from {data} (launcher {launcher or 'just starting'})"
    return AlreadyRunning(what, "`maison status` shows it, `maison down` stops it.")


def require_free(data: Path) -> None:
    """Raise AlreadyRunning when a launcher holds the lock at this moment."""
    if (launcher := holder(data)) is not None:
        raise _taken(data, str(launcher))


def holder(data: Path) -> int | None:
    """The id of the launcher that holds the lock now, or None."""
    try:
        file = (data / _FILE).open("r+")
    except FileNotFoundError:
        return None
    with file:
        if _locked(file.fileno()):
            return None
        said = file.read().strip()
        return int(said) if said.isdigit() else None


def _locked(descriptor: int, tries: int = 1) -> bool:
    for attempt in range(tries):
        # `holder` takes the lock for an instant to see whether it can; a start must not take that for a launcher.
        time.sleep(0.1 if attempt else 0)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return True
    return False


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
