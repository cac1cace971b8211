"""What a writer knows: which facts it meant to commit, and which commits were acknowledged to it."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

_MEANT, _KEPT, _UNKNOWN = "?", "+", "-"


class Pen:
    """One writer's side. Every line reaches the system at once: a killed writer leaves what it knew."""

    def __init__(self, folder: Path) -> None:
        self._file, _ = tempfile.mkstemp(suffix=".ledger", dir=folder)
        self._number = 0

    def means(self, event_ids: Sequence[UUID]) -> int:
        """Before the commit; answers the number under which its outcome is told."""
        self._number += 1
        self._write(_MEANT, self._number, *event_ids)
        return self._number

    def kept(self, number: int) -> None:
        """The commit was acknowledged."""
        self._write(_KEPT, number)

    def unknown(self, number: int) -> None:
        """The connection broke: committed or not."""
        self._write(_UNKNOWN, number)

    def _write(self, *words: object) -> None:
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())


class Ledgers:
    """The checker's side: the ledgers of all writers that ever ran, read on as they grow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}
        self._meant: dict[tuple[Path, str], list[UUID]] = {}
        self._kept: set[tuple[Path, str]] = set()
        self.acknowledged_count = 0
        self.broken = 0  # transactions whose writer lived and was not told the outcome

    def look(self) -> int:
        """Read what is new; answers how many facts were acknowledged by now."""
        for path in self._folder.glob("*.ledger"):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                whole = file.read().rpartition(b"\n")[0]
            if not whole:
                continue
            self._read[path] = self._read.get(path, 0) + len(whole) + 1
            for line in whole.decode().splitlines():
                self._take(path, line)
        return self.acknowledged_count

    def _take(self, path: Path, line: str) -> None:
        mark, number, *event_ids = line.split()
        if mark == _MEANT:
            self._meant[path, number] = [UUID(event_id) for event_id in event_ids]
        elif mark == _KEPT:
            self._kept.add((path, number))
            self.acknowledged_count += len(self._meant[path, number])
        else:
            self.broken += 1

    def acknowledged(self) -> set[UUID]:
        """Facts that must be there."""
        return {event_id for key in self._kept for event_id in self._meant[key]}

    def unknown(self) -> set[UUID]:
        """Facts that may be there: the writer was killed or cut off before it was told."""
        return {event_id for key, event_ids in self._meant.items() if key not in self._kept for event_id in event_ids}
