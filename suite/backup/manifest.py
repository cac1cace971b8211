"""What a backup says of itself: `manifest.json` in its folder, written last."""

import hashlib
import os
import platform
import subprocess
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.files import write_whole
from suite.backup.obstacles import BackupDamaged, NotABackup
from suite.launcher.settings import ROOT

FILE = "manifest.json"
Tell = Callable[[str, int, int], None]  # of what, how many of how many are done

_PIECE = 1024 * 1024  # bytes read at once


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class File(_Part):
    """One file of the backup."""

    bytes: int
    sha256: str


class Database(_Part):
    """One database: its size in use, and its migrations, the last of each chain by version table."""

    bytes: int
    migrations: dict[str, str]


class Follower(_Part):
    """How far a follower has taken the log: its position, and the last relay_seq of each source."""

    position: int
    taken: dict[str, int]


class Positions(_Part):
    """The log when the copy was begun: its head, the last relay_seq of each source in it and given by each outbox."""

    head: int
    in_log: dict[str, int]
    numbered: dict[str, int]
    followers: dict[str, Follower]


class Needed(_Part):
    """The field keys of one service: a fingerprint per version, and that of the key of its blind indexes."""

    current: int
    fields: dict[int, str]
    index: str


class Manifest(_Part):
    """A whole backup. It has been verified when this is there.

    The copy is of one instant, `made_at`, at which the write-ahead log stood at `lsn`. Positions were read shortly
    before: the copy holds at least those. Fingerprints tell keys apart and do not show them.
    """

    format: Literal[1] = 1
    made_at: datetime
    seconds: float
    maison: str
    commit: str | None
    server: Literal["embedded", "own"]
    postgresql: int  # major version
    machine: str
    lsn: str
    databases: dict[str, Database]
    positions: Positions
    keys: dict[str, Needed]
    unpacked_bytes: int
    files: dict[str, File] = Field(min_length=1)


def machine() -> str:
    """Where a physical copy can be used: the system and its processors."""
    return f"{platform.system()} {platform.machine()}"


def maison() -> str:
    """The version that runs here."""
    try:
        return version("maison")
    except PackageNotFoundError:
        return "from source"


def commit() -> str | None:
    """The commit of this tree, where it is one and git is at hand."""
    if not (ROOT / ".git").exists():
        return None
    try:
        asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    except OSError:
        return None
    return asked.stdout.strip() or None


def write(folder: Path, manifest: Manifest) -> None:
    """The last thing that makes a backup whole; raises OSError."""
    write_whole(folder / FILE, manifest.model_dump_json(indent=1))


def read(folder: Path) -> Manifest:
    """What the folder says of itself; raises NotABackup."""
    advice = "Name a folder that `maison backup` has made: it holds a manifest.json."
    try:
        text = (folder / FILE).read_bytes()
    except OSError:
        raise NotABackup(f"{folder} is not a backup of Maison", advice) from None
    try:
        return Manifest.model_validate_json(text)
    except ValidationError:
        raise NotABackup(f"the manifest in {folder} cannot be read, or is of another Maison", advice) from None


def lie_in(folder: Path) -> bool:
    """Whether backups lie in this folder."""
    return any(folder.glob(f"*/{FILE}"))


def measure(path: Path, read_so_far: Callable[[int], None] = lambda _: None) -> File:
    """Size and checksum of a file; `read_so_far` hears the bytes of each piece."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            read_so_far(len(piece))
    return File(bytes=path.stat().st_size, sha256=digest.hexdigest())


def check_files(folder: Path, manifest: Manifest, tell: Tell) -> None:
    """Hold every file to its checksum; raises BackupDamaged."""
    advice = "Take another backup, or copy this one anew from where it is kept: the transport may have damaged it."
    for name, wanted in manifest.files.items():
        # A name is a name: what the manifest says must not lead out of the folder.
        path = folder / os.path.basename(name)  # noqa: PTH119 - of a text, not of a path
        if not path.is_file():
            raise BackupDamaged(f"{name} is missing in {folder}", advice)
        if path.stat().st_size != wanted.bytes:
            raise BackupDamaged(f"{path} has {path.stat().st_size} bytes and not {wanted.bytes}", advice)
    total, done = sum(one.bytes for one in manifest.files.values()), 0

    def heard(count: int) -> None:
        nonlocal done
        done += count
        tell("checksums (KB)", done // 1024, total // 1024)

    for name, wanted in manifest.files.items():
        if measure(folder / os.path.basename(name), heard).sha256 != wanted.sha256:  # noqa: PTH119
            raise BackupDamaged(f"{folder / name} is damaged: its checksum is not that of the manifest", advice)
