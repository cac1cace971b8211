"""The physical copy of a running server: pg_basebackup, the write-ahead log streamed beside, and its verification."""

import contextlib
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from suite.backup.manifest import Tell
from suite.backup.obstacles import BackupDamaged, BackupFailed, NoCopyingHere
from suite.backup.server import ON_THE_SERVER, Source
from suite.launcher.account import Account

BASE = "base.tar.gz"
WAL = "pg_wal.tar.gz"
CONTENTS = "backup_manifest"  # PostgreSQL's own: every file of the cluster with its checksum
_PROGRESS = re.compile(r"^\s*(\d+)/(\d+) kB")
_PIECE = 1024 * 1024  # bytes copied at once


@dataclass(frozen=True)
class Copy:
    """What the copy holds: where its write-ahead log ends, and the bytes that it unpacks to."""

    lsn: str
    unpacked_bytes: int


def copy(source: Source, into: Path, tell: Tell) -> None:
    """Copy the whole server into an empty folder, while it works; raises BackupFailed or NoCopyingHere.

    The copy is of the instant at which it ends: everything committed by then is in it, over all databases.
    """
    command = [
        str(source.programs / "pg_basebackup"),
        f"--dbname={source.address}",
        f"--pgdata={into}",
        "--format=tar",
        # What is written meanwhile travels on a connection of its own, so the server need not keep it.
        "--wal-method=stream",
        "--compress=client-gzip:1",
        "--checkpoint=fast",
        "--label=maison",
        "--no-password",
        "--progress",
    ]
    said: list[str] = []
    with subprocess.Popen(
        command,
        env=source.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        **source.account.popen(),
    ) as running:
        hearing = threading.Thread(target=_hear, args=(running.stderr, said, tell))
        hearing.start()
        try:
            code = running.wait()
        finally:
            # Its second process, which streams the log, would outlive it where it was killed, and keep our pipe open.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            hearing.join()
    if code == 0:
        return
    why = said[-1] if said else f"pg_basebackup ended with {code}"
    what = f"the databases could not be copied: {why}"
    if source.kind == "own" and re.search("pg_hba|replication|WAL sender|wal_level", why):
        raise NoCopyingHere(what, ON_THE_SERVER)
    raise BackupFailed(what, "Nothing is left of it. `maison doctor` checks the machine; then take it again.")


def _hear(stderr: IO[str], said: list[str], tell: Tell) -> None:
    """Pass progress on, and keep what it says besides."""
    for line in stderr:
        if found := _PROGRESS.match(line):
            tell("databases (KB)", int(found[1]), int(found[2]))
        elif line.strip():
            said.append(line.strip())


def verify(source: Source, folder: Path) -> Copy:
    """Hold every file in the copy to its checksum, and read its write-ahead log; raises BackupFailed."""
    _run(source, folder, "pg_verifybackup", "--format=tar", "--no-parse-wal", str(folder))
    told = json.loads((folder / CONTENTS).read_text())
    # The log cannot be read where it is packed.
    unpacked = folder / "wal"
    try:
        size = unpack(folder / WAL, unpacked, source.account)
        for stretch in told["WAL-Ranges"]:
            _run(
                source, folder, "pg_waldump", "--quiet", f"--path={unpacked}", f"--timeline={stretch['Timeline']}",
                f"--start={stretch['Start-LSN']}", f"--end={stretch['End-LSN']}",
            )  # fmt: skip
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    return Copy(told["WAL-Ranges"][-1]["End-LSN"], size + sum(one["Size"] for one in told["Files"]))


def place_contents(folder: Path, cluster: Path, account: Account) -> None:
    """Put PostgreSQL's own manifest where its verification looks for it."""
    shutil.copyfile(folder / CONTENTS, cluster / CONTENTS)
    account.own(cluster / CONTENTS)


def verify_unpacked(source: Source, cluster: Path) -> None:
    """Hold an unpacked copy, its write-ahead log included, to PostgreSQL's own manifest; raises BackupFailed."""
    _run(source, cluster, "pg_verifybackup", str(cluster))


def _run(source: Source, folder: Path, program: str, *arguments: str) -> None:
    done = subprocess.run(
        [source.programs / program, *arguments],
        env=dict(source.variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        **source.account.popen(),
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.strip().splitlines()[:2])
        raise BackupFailed(f"the copy in {folder} is not whole ({program}): {said}", "Take another backup.")


def unpack(archive: Path, into: Path, account: Account, placed: Callable[[int], None] = lambda _: None) -> int:
    """Unpack a compressed archive into a folder of the account; answers how many bytes. Raises BackupDamaged.

    `placed` hears after each file how many bytes stand there.
    """
    into.mkdir(mode=0o700, exist_ok=True)
    account.own(into)
    size = 0
    try:
        # Not as a stream ("r|gz"): as a stream Python finds the WAL's archive empty, which gzip and tar read.
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                size += _place(tar, member, into, account)
                placed(size)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, ValueError, zlib.error) as fault:
        what = f"{archive} cannot be unpacked ({type(fault).__name__})"
        raise BackupDamaged(what, "Take another backup, or copy this one anew from where it is kept.") from None
    return size


def _place(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path, account: Account) -> int:
    parts: Sequence[str] = Path(member.name).parts
    path = into.joinpath(*parts)
    if Path(member.name).is_absolute() or ".." in parts:
        raise ValueError("an archive must not lead out of its folder")
    if member.isdir():
        path.mkdir(mode=0o700, exist_ok=True)
    elif member.isreg():
        if not path.parent.exists():  # the log's archive names files without their folder
            path.parent.mkdir(mode=0o700)
            account.own(path.parent)
        content: Any = tar.extractfile(member)
        with path.open("xb") as file:
            shutil.copyfileobj(content, file, _PIECE)
        path.chmod(0o600)
    else:
        raise ValueError("a cluster of ours holds files and folders only")
    account.own(path)
    return member.size
