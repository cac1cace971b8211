"""`maison restart`: one instance after the other gives way to a new one. Asked for in a file, done by the launcher."""

import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from infra.files import write_whole
from suite.launcher import lock, processes, state
from suite.launcher.children import Children
from suite.launcher.obstacles import NoSuchProcess, NotRunning, Obstacle, RestartUnderWay, StepFailed
from suite.launcher.settings import LauncherSettings

_FILE = "restart.json"
_LOOK = 0.2  # seconds between two looks at how far it is

Progress = Callable[[str, int, int], None]


class Restart(BaseModel):
    """One restart: of one process, or of every service and the gateway; and how far it is."""

    id: str = Field(default_factory=lambda: secrets.token_hex(8))
    process: str | None = None
    phase: Literal["asked", "running", "done", "failed"] = "asked"
    done: list[str] = Field(default_factory=list)
    total: int = 0
    what: str = ""
    advice: str = ""


def ask(settings: LauncherSettings, process: str | None, progress: Progress) -> None:
    """Have the launcher replace the instances of a process, or all, and wait for it; `progress` hears each.

    Raises NotRunning, NoSuchProcess, RestartUnderWay, or StepFailed when a new instance did not become ready.
    """
    known = [name for name in processes.PROGRAMS if name != "sandbox" or settings.sandboxed]
    if process is not None and process not in known:
        raise NoSuchProcess(f"there is no process {process}", f"There are: {', '.join(known)}.")
    _require_running(settings)
    if (now := _read(settings.data)) is not None and now.phase in {"asked", "running"}:
        raise RestartUnderWay("a restart is under way already", "`maison status` shows it; ask again when it is done.")
    asked = Restart(process=process)
    _write(settings.data, asked)
    told = 0
    while True:
        now = _read(settings.data)
        if now is not None and now.id == asked.id:
            for name in now.done[told:]:
                told += 1
                progress(name, told, now.total)
            if now.phase == "failed":
                raise StepFailed(now.what, now.advice)
            if now.phase == "done":
                return
        _require_running(settings)
        time.sleep(_LOOK)


def _require_running(settings: LauncherSettings) -> None:
    launcher = lock.holder(settings.data) if settings.data.exists() else None
    now = state.read(settings.data)
    if launcher is None or now is None or now.launcher != launcher or now.phase != "ready":
        raise NotRunning(f"nothing runs from {settings.data}, or not yet", "`maison up` starts the suite.")


def forget(data: Path) -> None:
    """What an earlier launcher was asked is not asked of this one."""
    (data / _FILE).unlink(missing_ok=True)


def attend(data: Path, children: Children) -> None:
    """Begin what was asked for, in a thread of its own; the launcher calls this now and then."""
    asked = _read(data)
    if asked is not None and asked.phase == "asked":
        asked.phase = "running"
        _write(data, asked)
        threading.Thread(target=_roll, args=(data, children, asked), name="restart", daemon=True).start()


def _roll(data: Path, children: Children, asked: Restart) -> None:
    # The sandbox is no part of the house: it is restarted only by name.
    chosen = [one.name for one in children.processes if asked.process in {None, one.name}]
    if asked.process is None:
        chosen = [name for name in chosen if name != "sandbox"]
    names = [name for process in chosen for name in children.names(process)]
    asked.total = len(names)
    try:
        for name in names:
            children.replace(name)
            asked.done.append(name)
            _write(data, asked)
        asked.phase = "done"
    except (Obstacle, OSError) as fault:
        asked.phase = "failed"
        asked.what = fault.what if isinstance(fault, Obstacle) else f"the restart was broken off ({fault.strerror})"
        asked.advice = "What was not replaced goes on as it was. `maison logs` shows why."
    _write(data, asked)


def _read(data: Path) -> Restart | None:
    try:
        return Restart.model_validate_json((data / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def _write(data: Path, restart: Restart) -> None:
    write_whole(data / _FILE, restart.model_dump_json(indent=1), mode=0o644)
