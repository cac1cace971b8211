"""`maison restart`: one instance after the other gives way to a new one. Asked for in a file, done by the launcher."""

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from infra.files import write_whole
from suite.launcher import lock, processes, state
from suite.launcher.children import Children
from suite.launcher.obstacles import (
    NoSuchProcess,
    NotRunning,
    Obstacle,
    RestartUnderWay,
    StepFailed,
    StoppedMeanwhile,
)
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

    Raises NotRunning, NoSuchProcess, RestartUnderWay, StepFailed when a new instance did not become ready, or
    StoppedMeanwhile when the suite was started anew before the restart was done.
    """
    known = [name for name in processes.PROGRAMS if name != "sandbox" or settings.sandboxed]
    if process is not None and process not in known:
        raise NoSuchProcess(f"there is no process {process}", f"There are: {', '.join(known)}.")
    _require_running(settings)
    asked = Restart(process=process)
    with _taking_turns(settings.data):
        if (now := _read(settings.data)) is not None and now.phase in {"asked", "running"}:
            raise _under_way()
        _write(settings.data, asked)
    told = 0
    while True:
        now = _read(settings.data)
        if now is None:
            raise StoppedMeanwhile("the suite was started anew meanwhile", "Its processes are all new then.")
        if now.id != asked.id:
            raise _under_way()
        for name in now.done[told:]:
            told += 1
            progress(name, told, now.total)
        if now.phase == "failed":
            raise StepFailed(now.what, now.advice)
        if now.phase == "done":
            return
        _require_running(settings)
        time.sleep(_LOOK)


def _under_way() -> RestartUnderWay:
    return RestartUnderWay("a restart is under way already", "`maison status` shows it; ask again when it is done.")


@contextmanager
def _taking_turns(data: Path) -> Iterator[None]:
    """Whoever asks looks and writes alone. The folder is locked, for the file is another one each time."""
    descriptor = os.open(data, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _require_running(settings: LauncherSettings) -> None:
    launcher = lock.holder(settings.data) if settings.data.exists() else None
    now = state.read(settings.data)
    if launcher is None or now is None or now.launcher != launcher or now.phase != "ready":
        raise NotRunning(f"nothing runs from {settings.data}, or not yet", "`maison up` starts the suite.")


def forget(data: Path) -> None:
    """What an earlier launcher was asked is not asked of this one."""
    (data / _FILE).unlink(missing_ok=True)


@dataclass
class Restarts:
    """The launcher's side. It remembers how far it is: the file may lag behind while the disk is full."""

    data: Path
    children: Children
    say: Callable[[str], None]
    _now: Restart | None = None
    _untold: bool = False
    # The thread that replaces and the launcher's own both write.
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def attend(self) -> None:
        """Begin what was asked for, in a thread of its own; the launcher calls this now and then."""
        with self._writing:
            if self._untold:
                self._write_down()
        asked = _read(self.data)
        busy = self._now is not None and self._now.phase == "running"
        known = self._now is not None and asked is not None and self._now.id == asked.id
        if asked is None or asked.phase != "asked" or busy or known:
            return
        asked.phase = "running"
        self._now = asked
        self._tell()
        try:
            threading.Thread(target=self._roll, args=(asked,), name="restart", daemon=True).start()
        except RuntimeError:  # how Python says that the system gives no further thread
            self._fail(asked, "the restart could not be begun: no room for another thread")

    def _roll(self, asked: Restart) -> None:
        # The sandbox is no part of the house: it is restarted only by name.
        chosen = [one.name for one in self.children.processes if asked.process in {None, one.name}]
        if asked.process is None:
            chosen = [name for name in chosen if name != "sandbox"]
        names = [name for process in chosen for name in self.children.names(process)]
        asked.total = len(names)
        try:
            for name in names:
                self.children.replace(name)
                asked.done.append(name)
                self._tell()
        except (Obstacle, OSError) as fault:
            what = fault.what if isinstance(fault, Obstacle) else f"the restart was broken off ({fault.strerror})"
            self._fail(asked, what)
        else:
            asked.phase = "done"
            self._tell()

    def _fail(self, asked: Restart, what: str) -> None:
        asked.what = what
        asked.advice = "What was not replaced goes on as it was. `maison logs` shows why."
        asked.phase = "failed"
        self._tell()

    def _tell(self) -> None:
        with self._writing:
            self._write_down()

    def _write_down(self) -> None:
        """Write down how far it is; where that cannot be, say so once, and `attend` writes it later."""
        try:
            if self._now is not None:
                _write(self.data, self._now)
        except OSError as fault:
            if not self._untold:
                self.say(f"how far the restart is could not be written down ({fault.strerror})")
            self._untold = True
        else:
            self._untold = False


def _read(data: Path) -> Restart | None:
    try:
        return Restart.model_validate_json((data / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def _write(data: Path, restart: Restart) -> None:
    write_whole(data / _FILE, restart.model_dump_json(indent=1), mode=0o644)
