"""Is this machine able to run the suite: Python, disk, folder, ports."""

import contextlib
import os
import shutil
import sys
from pathlib import Path

from suite.launcher import ports
from suite.launcher.account import unprivileged
from suite.launcher.obstacles import DiskFull, FolderNotOurs, FolderNotWritable, PortTaken, PythonTooOld
from suite.launcher.postgres import folder_for
from suite.launcher.processes import PROGRAMS
from suite.launcher.settings import LauncherSettings

PYTHON = (3, 11)
MARK = "made-by-maison"
MEGA = 1024 * 1024  # bytes
NEEDED = 500 * MEGA  # from nothing: the programs, a fresh cluster and the demo house take 400 MB
ROOM = 100 * MEGA  # to go on: write-ahead log and logs


def require_python(version: tuple[int, int] = (sys.version_info[0], sys.version_info[1])) -> None:
    """Raise PythonTooOld."""
    if version < PYTHON:
        what = f"this is Python {version[0]}.{version[1]}; the suite needs {PYTHON[0]}.{PYTHON[1]} or newer"
        raise PythonTooOld(what, "Install a newer Python, remove .venv, and run `make up PYTHON=python3.11`.")


def require_folder(data: Path) -> None:
    """Make the data folder, or see that it is ours; raises FolderNotWritable or FolderNotOurs."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        held = {path.name for path in data.iterdir()}
        # `maison reset` deletes the folder, so it must never be one that holds other things.
        if MARK not in held and held:
            what = f"the data folder {data} holds things that are not Maison's"
            raise FolderNotOurs(what, "Set MAISON_DATA to a folder that is empty or does not exist yet.")
        (data / MARK).write_text("Made by Maison. `maison reset` deletes this folder.\n")
    except OSError as fault:
        what = f"the data folder {data} cannot be made or written: {fault.strerror}"
        raise FolderNotWritable(what, "Set MAISON_DATA to a folder you may write.") from None


def needed_disk(data: Path) -> int:
    """Bytes that a start from this data folder still needs: what it holds already need not be free again."""
    held = 0
    # The database's files may lie elsewhere; a set, for mostly they do not.
    for top in {data.resolve(), folder_for(data, unprivileged()).resolve()}:
        for folder, _, names in os.walk(top):
            for name in names:
                # It may be gone by now: the suite may be running.
                with contextlib.suppress(FileNotFoundError):
                    held += Path(folder, name).lstat().st_size
    return max(ROOM, NEEDED - held)


def require_disk(data: Path, needed: int) -> None:
    """Raise DiskFull unless `needed` bytes are free where the data folder is."""
    free = shutil.disk_usage(data).free
    if free < needed:
        what = f"only {free // MEGA} MB are free at {data}; the suite needs {needed // MEGA} MB"
        raise DiskFull(what, "Free some space, or set MAISON_DATA to a folder on a larger disk.")


def require_ports(settings: LauncherSettings) -> None:
    """Raise PortTaken for the first port that a process of ours could not have."""
    chosen: dict[int, str] = {}
    for name in (*PROGRAMS, "postgres"):
        if name == "sandbox" and not settings.sandboxed:
            continue
        if name == "postgres" and settings.admin_url is not None:
            continue
        other = chosen.setdefault(settings.port(name), name)
        if other != name:
            what = f"port {settings.port(name)} is given to two processes: {other} and {name}"
            raise PortTaken(what, f"Set MAISON_PORT_{name.upper()} to another port.")
        ports.require(name, settings.port(name), settings.gateway_host if name == "gateway" else "127.0.0.1")
