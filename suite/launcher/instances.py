"""One instance of a process: what it inherits, how it is asked, how it ends."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from suite.launcher import listeners, state
from suite.launcher.listeners import Listener
from suite.launcher.processes import Process
from suite.launcher.settings import ROOT

GRACE = 15  # seconds from SIGTERM to SIGKILL; a process drains for ten


@dataclass
class Instance:
    """One of the instances of a process. They share its listener and its log."""

    name: str
    process: Process
    listener: Listener
    log: Path
    running: subprocess.Popen[bytes] | None = None
    pid: int = 0  # the last one it had
    operations: int = 0  # its own port, where only this instance answers
    began: float = 0.0
    failures: int = 0
    restarts: int = 0
    again_at: float = 0.0

    def start(self) -> None:
        """Start it; raises OSError when that cannot be."""
        with listeners.private() as private, self.log.open("ab") as log:
            inherited = {"MAISON_FD": self.listener.descriptor(), "MAISON_OPERATIONS_FD": private.fileno()}
            self.running = subprocess.Popen(
                self.process.command,
                cwd=ROOT,
                env=self.process.environment() | {name: str(fd) for name, fd in inherited.items()},
                pass_fds=tuple(inherited.values()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A group of its own: the terminal's Ctrl-C is for the launcher, which stops everything in order.
                start_new_session=True,
            )
            self.pid, self.operations = self.running.pid, private.getsockname()[1]
        self.began = time.monotonic()

    def successor(self) -> "Instance":
        """Another one in its place, not started yet."""
        return Instance(self.name, self.process, self.listener, self.log, restarts=self.restarts)

    def alive(self) -> bool:
        """Whether it runs."""
        return self.running is not None and self.running.poll() is None

    def ready(self) -> bool:
        """Whether it says that it can do its work."""
        return ready(f"http://{listeners.LOOPBACK}:{self.operations}{self.process.probe}")

    def told(self) -> state.Child | None:
        """What others may know of it; None before its first start."""
        if self.pid == 0:
            return None
        return state.Child(
            program=self.process.name,
            pid=self.pid,
            port=self.process.port,
            operations=self.operations,
            restarts=self.restarts,
        )


def end(asked: Sequence[Instance], say: Callable[[str], None]) -> None:
    """Ask these to end, together; kill those that do not."""
    living = [instance.running for instance in asked if instance.running is not None and instance.alive()]
    for running in living:
        _signal(running, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    for running in living:
        try:
            running.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            name = next(instance.name for instance in asked if instance.running is running)
            say(f"{name} did not end within {GRACE} seconds and was killed")
            _signal(running, signal.SIGKILL)
            running.wait()


def _signal(running: subprocess.Popen[bytes], sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        # Its session is its group: what it started ends with it.
        os.killpg(running.pid, sign)


def ready(probe: str, *, within: float = 2) -> bool:
    """Whether the process at this address says, within so many seconds, that it is ready."""
    try:
        return httpx.get(probe, timeout=within, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
