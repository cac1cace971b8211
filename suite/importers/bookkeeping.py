"""How far an import has come: kept beside the file, so that it may be stopped anywhere and started again."""

import csv
import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Self

from infra.files import write_whole
from suite.launcher.obstacles import Obstacle


class BegunOtherwise(Obstacle):
    """The import was begun with another file, another map, or into another house."""


@dataclass
class Count:
    """Lines by what became of them: `read` is the sum of the other three."""

    read: int = 0
    accepted: int = 0
    repeated: int = 0
    rejected: int = 0


@dataclass
class Books:
    """The progress file and the reject file of one import. Both are true after every `settle`, whatever is killed."""

    progress: Path
    rejects: Path
    fingerprint: str
    count: Count = field(default_factory=Count)
    _rejects_size: int = 0
    _file: IO[str] = field(init=False, repr=False)

    @classmethod
    def open(cls, file: Path, mapping: Path, *, house: str) -> Self:
        """Begin, or go on where the last run settled; raises BegunOtherwise. `house` says where the lines go."""
        # What one house has taken, another has not.
        digest = hashlib.sha256(house.encode() + b"\0" + mapping.read_bytes())
        with file.open("rb") as content:
            for block in iter(lambda: content.read(1 << 20), b""):
                digest.update(block)
        books = cls(
            file.with_name(file.name + ".progress"), file.with_name(file.name + ".rejects.csv"), digest.hexdigest()
        )
        if books.progress.exists():
            kept = json.loads(books.progress.read_text())
            if kept["fingerprint"] != books.fingerprint:
                what = f"the import of {file.name} was begun with another file or map, or into another house"
                raise BegunOtherwise(
                    what, f"Remove {books.progress.name} to import it from its first line; repeats are safe."
                )
            books.count, books._rejects_size = Count(**kept["count"]), kept["rejects_size"]
        books._file = books.rejects.open("a+", encoding="utf-8", newline="")
        # What was written after the last settled batch will be found again.
        books._file.truncate(books._rejects_size)
        if books._rejects_size == 0:
            csv.writer(books._file).writerow(["line", "reason"])
        return books

    def reject(self, line: int, reason: str) -> None:
        """Write one refused line down: its number in the file (the header is line 1) and why."""
        csv.writer(self._file).writerow([line, reason])
        self.count.rejected += 1

    def settle(self, *, read: int) -> None:
        """Everything up to this many lines has been answered for: make it so on disk."""
        self.count.read = read
        self._file.flush()
        os.fsync(self._file.fileno())
        self._rejects_size = self._file.tell()
        state = {"fingerprint": self.fingerprint, "count": asdict(self.count), "rejects_size": self._rejects_size}
        write_whole(self.progress, json.dumps(state), mode=0o644)

    def close(self) -> None:
        """Let go of the files."""
        self._file.close()
