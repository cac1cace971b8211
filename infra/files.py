"""Files that are there whole or not at all, and files that are read again when they have changed."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

LOOK = 1.0  # seconds between two looks at a file

T = TypeVar("T")


class Watched(Generic[T]):
    """What a file says, read again once it has changed: a process need not be restarted for it.

    `read` makes the value out of the text. The first reading raises what goes wrong; after that the last good value
    stays, and the fault is logged.
    """

    def __init__(self, path: Path, read: Callable[[str], T]) -> None:
        self._path = path
        self._read = read
        self._seen = self._stamp()
        self._value = read(path.read_text())
        self._looked_at = time.monotonic()

    def value(self) -> T:
        """What the file said at the last look, which was at most a second ago."""
        return self.look() if time.monotonic() - self._looked_at > LOOK else self._value

    def look(self) -> T:
        """What the file says at this moment."""
        self._looked_at = time.monotonic()
        try:
            if (stamp := self._stamp()) != self._seen:
                self._value, self._seen = self._read(self._path.read_text()), stamp
        except (OSError, ValueError, KeyError, TypeError) as fault:
            structlog.get_logger().error("file-unreadable", file=self._path.name, fault=type(fault).__name__)
        return self._value

    def _stamp(self) -> tuple[int, int]:
        # `write_whole` makes a new file each time: two of the same instant differ by their inode.
        found = self._path.stat()
        return found.st_mtime_ns, found.st_ino


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file beside its name, then rename it: whatever is killed, the old file is there or the new one.

    It is on the disk when this returns. Raises OSError, and then the old file is still there.
    """
    partial = path.with_name(path.name + ".new")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            # One left by a crash may have had other rights.
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, UnicodeError):
        partial.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name is the folder's
    finally:
        os.close(folder)
