"""The lock: one launcher per data folder, and a dead one does not stand in the way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.launcher import lock
from suite.launcher.obstacles import AlreadyRunning
from suite.launcher.settings import ROOT

HOLD = """
import sys
from pathlib import Path
from suite.launcher import lock
with lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(data: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_first_launcher_finds_nothing_stale(tmp_path: Path) -> None:
    with lock.held(tmp_path) as dead:
        assert dead is None
        assert lock.holder(tmp_path) == os.getpid()
    assert lock.holder(tmp_path) is None


def test_a_second_launcher_is_told_who_runs_and_what_to_do(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        with pytest.raises(AlreadyRunning) as refused, lock.held(tmp_path):
            pass
        assert f"launcher {other.pid}" in refused.value.what
        assert "maison down" in refused.value.advice
        assert lock.holder(tmp_path) == other.pid


def test_the_lock_of_a_killed_launcher_is_cleared_and_named(tmp_path: Path) -> None:
    with holder(tmp_path) as other:
        other.kill()
    with lock.held(tmp_path) as dead:
        assert dead == other.pid
    with lock.held(tmp_path) as dead:
        assert dead is None


def test_no_data_folder_means_no_launcher(tmp_path: Path) -> None:
    assert lock.holder(tmp_path / "nowhere") is None
