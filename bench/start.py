"""Starting the suite the second time, and what its processes take while nobody asks for anything."""

import contextlib
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import ROUNDS, Figure
from bench.machine import ROOT, Broken, cpu_seconds, family, memory, python
from suite.launcher import ports, state
from suite.launcher.settings import OFFSETS

READY, IDLE = 15, 150  # seconds; megabytes of one process
WATCHED = 10  # seconds of idleness
SETTLED = 3  # seconds after which a start no longer shows
PATIENCE = 600  # seconds; the first start of the full one fills the demo house


def measure(*, full: bool) -> Iterator[Figure]:
    """`make up` on a data folder that is there already; then memory and idle CPU of each process."""
    folder = Path(tempfile.mkdtemp(prefix="maison-bench-"))
    folder.chmod(0o755)
    chosen = {f"MAISON_PORT_{name.upper()}": str(ports.free()) for name in OFFSETS}
    # None of the shell's own settings: its PostgreSQL, say, would be measured, and written to.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAISON_", "OTEL_"))}
    demo = "true" if full else "false"
    told = {**inherited, **chosen, "MAISON_DATA": str(folder / "data"), "MAISON_DEMO": demo}
    try:
        first = _up(told)
        _run(told, "down")
        seconds = []
        for turn in range(ROUNDS):
            seconds.append(_up(told))
            if turn < ROUNDS - 1:
                _run(told, "down")
        second = statistics.median(seconds)
        yield Figure(
            f"start: second `make up` to ready, {'with' if full else 'without'} the demo house",
            second,
            "s",
            "its first",
            first,
            second / first,
            f"< {READY} s",
            second < READY,
        )
        yield from _idle(folder / "data")
    finally:
        # Where `up` has failed nothing may be left to stop, and its own message is the one to see.
        with contextlib.suppress(Broken):
            _run(told, "down")
        shutil.rmtree(folder, ignore_errors=True)


def _idle(data: Path) -> Iterator[Figure]:
    found = state.read(data)
    if found is None or not found.children:
        raise Broken(f"{data} does not say which processes run")
    pids = {name: [child.pid] for name, child in found.children.items()}
    pids["launcher"] = [found.launcher]
    postmaster = next((data.parent.rglob("cluster/postmaster.pid")), None)
    if postmaster is not None:
        pids["postgres"] = family(int(postmaster.read_text().splitlines()[0]))
    time.sleep(SETTLED)
    before = {name: cpu_seconds(*ids) for name, ids in pids.items()}
    time.sleep(WATCHED)
    busy = {name: (cpu_seconds(*ids) - before[name]) / WATCHED * 100 for name, ids in pids.items()}
    for name, ids in pids.items():
        sizes = [memory(pid) for pid in ids]
        pss = sum(size[1] for size in sizes)
        ours = name != "postgres"
        yield Figure(
            f"idle: {name}, {busy[name]:.1f} % of a core over {WATCHED} s, memory (PSS)",
            pss,
            "MB",
            "resident with all that it shares (RSS)"
            if ours
            else f"RSS of its {len(ids)} processes, shared ones repeated",
            sum(size[0] for size in sizes),
            None,
            f"< {IDLE} MB" if ours else "",
            pss < IDLE if ours else None,
        )


def _up(told: dict[str, str]) -> float:
    """Seconds until everything is ready."""
    began = time.monotonic()
    _run(told, "up", "--detach")
    return time.monotonic() - began


def _run(told: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(
        python("suite.cli", *arguments),
        cwd=ROOT,
        env=told,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode != 0:
        raise Broken(f"maison {' '.join(arguments)} ended with status {done.returncode}:\n{done.stdout[-2000:]}")
