"""The processes while they run: started, awaited, watched, started again, stopped."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from suite.launcher import state
from suite.launcher.obstacles import NotReadyInTime, ProcessDied
from suite.launcher.postgres import tail
from suite.launcher.processes import Process
from suite.launcher.settings import ROOT

READY = 60  # seconds from start to ready
GRACE = 15  # seconds from SIGTERM to SIGKILL; a process drains for ten
STEADY = 60  # seconds after which a process counts as healthy again
LONGEST_PAUSE = 30.0  # seconds between two attempts to start a process again
_LOOK = 0.2  # seconds between two looks


def pause(failures: int) -> float:
    """Seconds to wait before the next attempt, after this many deaths in a row: 0.5, 1, 2, ... 30."""
    return min(LONGEST_PAUSE, 0.5 * 2.0 ** min(failures - 1, 10))


@dataclass
class _Child:
    process: Process
    log: Path
    running: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    failures: int = 0
    restarts: int = 0
    again_at: float = 0.0

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.process.command,
                cwd=ROOT,
                env=self.process.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A group of its own: the terminal's Ctrl-C is for the launcher, which stops everything in order.
                start_new_session=True,
            )
        self.began = time.monotonic()

    def alive(self) -> bool:
        return self.running is not None and self.running.poll() is None


@dataclass
class Children:
    """All processes of the suite on this machine. `say` hears what a person should know."""

    processes: Sequence[Process]
    logs: Path
    say: Callable[[str], None]
    changed: Callable[[Mapping[str, state.Child]], None] = lambda _: None
    _children: dict[str, _Child] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None
    _untold: bool = False

    def start(self) -> None:
        """Start every process, without waiting for any."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for process in self.processes:
            child = _Child(process, self.logs / f"{process.name}.log")
            self._children[process.name] = child
            child.start()
        self._tell()

    def await_ready(self, progress: Callable[[str], None]) -> None:
        """Wait until each answers its probe; `progress` hears each name. Raises ProcessDied or NotReadyInTime."""
        waiting = dict(self._children)
        deadline = time.monotonic() + READY
        while waiting:
            for name, child in list(waiting.items()):
                if not child.alive():
                    code = child.running.returncode if child.running else None
                    what = f"{name} ended at start (exit status {code}):\n{tail(child.log)}"
                    raise ProcessDied(what, f"Its whole log is {child.log}; `maison doctor` checks the configuration.")
                if ready(child.process.url + child.process.probe):
                    del waiting[name]
                    progress(name)
            if waiting and time.monotonic() > deadline:
                name, child = next(iter(waiting.items()))
                what = f"{name} was not ready after {READY} seconds:\n{tail(child.log)}"
                raise NotReadyInTime(what, f"Its whole log is {child.log}; a slow machine may need a second start.")
            time.sleep(_LOOK)

    def watch(self) -> None:
        """From now on, start a process again when it dies, and say so. The others go on."""
        self._watcher = threading.Thread(target=self._look, name="watch", daemon=True)
        self._watcher.start()

    def _look(self) -> None:
        while not self._stopping.wait(_LOOK):
            for child in self._children.values():
                try:
                    self._attend(child)
                except OSError as fault:
                    # A full disk, no more processes: it may pass, and the watching must outlive it.
                    self._put_off(child, fault)
            if self._untold:
                self._tell()

    def _attend(self, child: _Child) -> None:
        now = time.monotonic()
        if child.alive():
            if child.failures and now - child.began > STEADY:
                child.failures = 0
            return
        if child.running is not None:
            code, child.running = child.running.returncode, None
            child.failures += 1
            child.again_at = now + pause(child.failures)
            self.say(
                f"{child.process.name} ended (exit status {code}); started again in {pause(child.failures):g} s."
                f" `maison logs {child.process.name}` shows why."
            )
        if now >= child.again_at and not self._stopping.is_set():
            child.start()
            child.restarts += 1
            self._tell()

    def _put_off(self, child: _Child, fault: OSError) -> None:
        child.failures += 1
        child.again_at = time.monotonic() + pause(child.failures)
        why = f"{child.process.name} could not be started ({fault.strerror})"
        self.say(f"{why}; tried again in {pause(child.failures):g} s")

    def stop(self) -> None:
        """Ask all to end; kill those that do not.

        First the one that started last, which is the gateway: nothing new comes in, and what is under way is still
        answered, for the services end only after it.
        """
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        started = list(self._children.values())
        for together in (started[-1:], started[:-1]):
            self._end([child for child in together if child.alive()])

    def _end(self, asked: Sequence[_Child]) -> None:
        for child in asked:
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        for child in asked:
            try:
                child.running.wait(max(0.0, deadline - time.monotonic()))  # type: ignore[union-attr]
            except subprocess.TimeoutExpired:
                self.say(f"{child.process.name} did not end within {GRACE} seconds and was killed")
                _signal(child, signal.SIGKILL)
                child.running.wait()  # type: ignore[union-attr]

    def _tell(self) -> None:
        told = {
            name: state.Child(pid=child.running.pid, port=child.process.port, restarts=child.restarts)
            for name, child in self._children.items()
            if child.running is not None
        }
        try:
            self.changed(told)
        except OSError as fault:
            if not self._untold:
                self.say(f"what runs now could not be written down ({fault.strerror}); `maison status` shows it later")
            self._untold = True
        else:
            self._untold = False


def _signal(child: _Child, sign: signal.Signals) -> None:
    if child.running is None:
        return
    with contextlib.suppress(ProcessLookupError):
        # Its session is its group: what it started ends with it.
        os.killpg(child.running.pid, sign)


def ready(probe: str) -> bool:
    """Whether the process at this address says it is ready."""
    try:
        return httpx.get(probe, timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
