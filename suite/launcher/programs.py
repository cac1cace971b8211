"""Programs of this machine by their process id: is it the one we mean, and how it is ended."""

import os
import signal
import subprocess
import time
from pathlib import Path

_PROC = Path("/proc")


def command_of(pid: int) -> str:
    """The command line of a living process; empty when there is none (or only its zombie)."""
    if (_PROC / "self").exists():
        try:
            return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    # macOS. Debian has /proc, but not always ps.
    answer = subprocess.run(
        ["/bin/ps", "-ww", "-o", "stat=,command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    ).stdout.strip()
    state, _, command = answer.partition(" ")
    return "" if state.startswith("Z") else command.strip()


def runs(pid: int, words: str) -> bool:
    """Whether the process lives and its command line contains these words; ids are reused, so both count."""
    return words in command_of(pid)


def end(pid: int, sign: signal.Signals = signal.SIGTERM, *, within: float) -> bool:
    """Ask a process to end, then kill it; answers whether asking was enough. `within` is in seconds."""
    try:
        os.kill(pid, sign)
        deadline = time.monotonic() + within
        while command_of(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                return False
            time.sleep(0.05)
    except ProcessLookupError:
        pass
    return True
