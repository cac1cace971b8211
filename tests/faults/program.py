"""One real process of the kill tests: started in a session of its own, killed, halted, started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from suite.launcher.postgres import tail
from suite.launcher.settings import ROOT
from tests.faults import machine

PATIENCE = 60  # seconds that a process may take to end after SIGTERM
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


class Program:
    """`python -m MODULE ARGUMENTS`, with an environment of its own and its output in a file."""

    def __init__(self, name: str, logs: Path, module: str, *arguments: str, variables: Mapping[str, str]) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self._command = [sys.executable, "-m", module, *arguments]
        inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        self._environment = inherited | {"PYTHONUNBUFFERED": "1"} | dict(variables)
        self._running: subprocess.Popen[bytes] | None = None
        self._began_at = 0  # where in the log the present process began

    def start(self) -> None:
        """Start it, without waiting for anything."""
        with self.log.open("ab") as log:
            self._began_at = log.tell()
            self._running = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the present process."""
        assert self._running is not None
        return self._running.pid

    @property
    def runs(self) -> bool:
        """Whether it was started and has not been seen to end."""
        return self._running is not None and self._running.poll() is None

    def fell(self) -> int | None:
        """Its exit status, if it has ended."""
        return None if self._running is None else self._running.poll()

    def kill(self) -> None:
        """SIGKILL, also when it is halted."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None

    def await_death(self) -> None:
        """Wait until it has killed itself; AssertionError when it ended in another way."""
        assert self._running is not None
        status = self._running.wait(PATIENCE)
        self._running = None
        assert status == -signal.SIGKILL, f"{self.name} ended with {status}:\n{tail(self.log)}"

    def halt(self) -> None:
        """SIGSTOP, and wait until it holds."""
        os.kill(self.pid, signal.SIGSTOP)
        machine.await_that(lambda: machine.halted(self.pid))

    def go_on(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM; AssertionError when it does not end well."""
        if self._running is None:
            return
        self.go_on()
        self._running.terminate()
        status = self._running.wait(PATIENCE)
        self._running = None
        # Killed by it if it has only just been started and does not listen yet.
        assert status in {0, -signal.SIGTERM}, f"{self.name} ended with {status}:\n{tail(self.log)}"

    def output(self) -> str:
        """What the present process, or the last one, has written."""
        with self.log.open("rb") as log:
            log.seek(self._began_at)
            return log.read().decode(errors="replace")

    def holder(self) -> str:
        """Under which name it takes leases, once it has said so."""
        machine.await_that(lambda: "holder " in self.output())
        return self.output().partition("holder ")[2].split()[0]
