"""Processes of this machine: started on a core, asked for the time and memory they used, ended."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PROC = Path("/proc")
END = 15  # seconds from SIGTERM to SIGKILL
SILENCE = 900  # seconds that a program of ours may work without a word

Process = subprocess.Popen[str]


class Unfit(Exception):
    """It cannot be measured here; the text says why, and what would help."""


class Broken(Exception):
    """What was measured did not do its work: the figures would say nothing."""


def require() -> None:
    """Raise Unfit where the kernel does not tell what is needed."""
    if not (PROC / "self/schedstat").exists() or not hasattr(os, "sched_setaffinity"):
        raise Unfit("CPU time per process is read from Linux's /proc, in nanoseconds; this machine has none.")
    if len(os.sched_getaffinity(0)) < 2:
        raise Unfit("One core is for what is measured and one for who asks: two are needed.")


def cores() -> tuple[int, int]:
    """The core for what is measured, and the core for everything around it."""
    first, second, *_ = sorted(os.sched_getaffinity(0))
    return first, second


@contextmanager
def started(
    command: Sequence[str | Path],
    *,
    variables: Mapping[str, str] | None = None,
    core: int | None = None,
    log: Path | None = None,
) -> Iterator[Process]:
    """A program that runs inside the block, on one core if one is named.

    What it prints on stdout is for us, unless there is a log for all that it says.
    """
    mine = os.sched_getaffinity(0)
    written = log.open("a") if log is not None else None
    if core is not None:
        os.sched_setaffinity(0, {core})  # a child is born with it, and so are its threads
    try:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONUNBUFFERED": "1", **(variables or {})},
            stdin=subprocess.PIPE,
            stdout=written or subprocess.PIPE,
            stderr=written,
            text=True,
            start_new_session=True,
        )
    finally:
        os.sched_setaffinity(0, mine)
        if written is not None:
            written.close()
    try:
        yield process
    finally:
        end(process)


def end(process: Process) -> None:
    """Ask a program we started to end, then kill it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        # Its output is read to the end: a full pipe would keep it from ending.
        process.communicate(timeout=END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of the house."""
    return [sys.executable, "-m", module, *arguments]


def said(process: Process) -> Any:
    """The next line that a program of ours prints, which is JSON; raises Broken when it ended instead."""
    if process.stdout is None or not select.select([process.stdout], [], [], SILENCE)[0]:
        raise Broken(f"{process.args!r} says nothing")
    line = process.stdout.readline()
    if not line:
        raise Broken(f"{process.args!r} ended with status {process.wait()}")
    return json.loads(line)


def tell(process: Process, word: str = "go") -> None:
    """Let a program of ours go on."""
    if process.stdin is not None:
        process.stdin.write(word + "\n")
        process.stdin.flush()


def say(**told: object) -> None:
    """Print a line for whoever started this program."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def cpu_seconds(*pids: int) -> float:
    """User and system time of these processes, all their living threads included."""
    return sum(
        int(thread.read_text().split()[0]) / 1e9
        for pid in pids
        for thread in (PROC / str(pid)).glob("task/*/schedstat")
    )


def memory(pid: int) -> tuple[float, float]:
    """Resident and proportional set size in megabytes; the latter shares out what several processes map."""
    rolled = (PROC / str(pid) / "smaps_rollup").read_text()
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in rolled.splitlines()[1:]}
    return kilobytes["Rss"] / 1024, kilobytes["Pss"] / 1024


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    children = (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]
