"""`maison backup`: every database of the suite at one instant, into one folder, without stopping anything."""

import asyncio
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from suite.backup import copying, keyfile, manifest, positions, server, tombstones
from suite.backup.manifest import Database, Manifest, Positions, Tell
from suite.backup.obstacles import BackupFailed, NothingToBackUp
from suite.backup.server import Source
from suite.backup.tombstones import Memory
from suite.launcher import machine, vault
from suite.launcher.account import Account
from suite.launcher.obstacles import DiskFull, FolderNotWritable
from suite.launcher.settings import LauncherSettings

_LOCK = ".backup.lock"
_PARTIAL = ".partial"


@dataclass(frozen=True)
class Made:
    """A finished backup."""

    folder: Path
    manifest: Manifest

    @property
    def bytes(self) -> int:
        """What it takes on the disk."""
        return sum(one.bytes for one in self.manifest.files.values())


def beside(settings: LauncherSettings) -> Path:
    """Where backups go unless a person says otherwise: outside the data folder, which `maison reset` deletes."""
    return settings.data.with_name(f"{settings.data.name}-backups")


def backup(settings: LauncherSettings, to: Path, tell: Tell) -> Made:
    """Copy, verify, and only then give it its name; raises Obstacle, and then nothing is left of it."""
    began = time.monotonic()
    with server.reached(settings) as source:
        secrets = vault.kept(settings.data)
        with _taking_turns(to):
            databases, standing = _look(settings, source, secrets)
            _require_room(to, databases)
            name = f"maison-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
            partial = _partial(to, name, source.account)
            try:
                copying.copy(source, partial, tell)
                made_at = datetime.now(UTC)
                # Read now: whatever has sealed something in the copy is among them, also after a rotation meanwhile.
                keys = keyfile.needed(keyfile.of_folder(settings.keys))
                copied = copying.verify(source, partial)
                _take_over(partial)
                written = Manifest(
                    made_at=made_at,
                    seconds=round(time.monotonic() - began, 1),
                    maison=manifest.maison(),
                    commit=manifest.commit(),
                    server=source.kind,
                    postgresql=source.major,
                    machine=manifest.machine(),
                    databases=databases,
                    positions=standing,
                    keys=keys,
                    files={path.name: manifest.measure(path) for path in sorted(partial.iterdir())},
                    lsn=copied.lsn,
                    unpacked_bytes=copied.unpacked_bytes,
                )
                manifest.write(partial, written)
                partial.rename(to / name)
            except OSError as fault:
                what = f"the backup could not be written to {to}: {fault.strerror}"
                raise BackupFailed(what, "Free some space, or choose another folder with --to.") from None
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    return Made(to / name, written)


def _look(settings: LauncherSettings, source: Source, secrets: dict[str, str]) -> tuple[dict[str, Database], Positions]:
    """Read how far everything has come, and remember who was erased; raises NothingToBackUp."""
    try:
        found = asyncio.run(positions.look(server.urls(source.admin_url, secrets)))
        buried = asyncio.run(tombstones.gather(server.services(source.admin_url, secrets)))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as fault:
        what = f"the databases of the suite cannot be read ({type(fault).__name__})"
        raise NothingToBackUp(what, "`maison up` makes them; `maison doctor` checks the server.") from None
    Memory(settings.keys / tombstones.FILE).remember(buried)
    return found


def _require_room(to: Path, databases: dict[str, Database]) -> None:
    """Compressed, databases take a quarter to a third of their size; half of it must be free."""
    needed = sum(one.bytes for one in databases.values()) // 2 + machine.MEGA * 64
    free = shutil.disk_usage(to).free
    if free < needed:
        what = f"only {free // machine.MEGA} MB are free at {to}; a backup may need {needed // machine.MEGA} MB"
        raise DiskFull(what, "Free some space, remove an old backup, or choose another folder with --to.")


@contextmanager
def _taking_turns(to: Path) -> Iterator[None]:
    """One backup at a time into one folder: then whatever is unfinished in there is left over, and goes."""
    try:
        to.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(to / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as fault:
        raise FolderNotWritable(
            f"{to} cannot be made or written: {fault.strerror}", "Choose another folder with --to."
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailed(f"another backup is being written to {to}", "Wait until it has ended.") from None
        for left in to.glob(f".maison-*{_PARTIAL}"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(descriptor)


def _partial(to: Path, name: str, account: Account) -> Path:
    if not account.reaches(to):
        what = f"the account that runs PostgreSQL cannot go to {to}"
        raise FolderNotWritable(what, "Choose with --to a folder that is not below a closed one such as /root.")
    partial = to / f".{name}{_PARTIAL}"
    partial.mkdir(mode=0o700)
    account.own(partial)
    return partial


def _take_over(partial: Path) -> None:
    """From the account that runs PostgreSQL to us; nobody else reads it, for names stand in it in clear."""
    for path in (partial, *partial.iterdir()):
        os.chown(path, os.geteuid(), os.getegid())
        path.chmod(0o700 if path.is_dir() else 0o600)
