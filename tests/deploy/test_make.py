"""The Makefile and .ci/run: every target does what it says, with commands that exist."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import typer

from suite.cli import app
from suite.launcher.settings import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = dict(re.findall(r"^([a-z]+):[^#\n]*## (.+)$", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize(
    "target",
    ["up", "restart", "down", "status", "logs", "reset", "doctor", "journey", "openapi", "test", "check", "help"],
)
def test_help_lists_the_target(target: str) -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^  make {target}\s+{re.escape(TARGETS[target])}$", said, re.MULTILINE)


def test_targets_call_commands_that_the_maison_command_has() -> None:
    called = set(re.findall(r"\$\(MAISON\) (\w+)", MAKEFILE))
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    assert called <= set(group.commands)
    assert called


def test_a_check_is_format_lint_types_and_imports() -> None:
    recipe = MAKEFILE[MAKEFILE.index("check: dev") :]
    assert re.findall(r"\$\(BIN\)/(.+)$", recipe, re.MULTILINE) == [
        "ruff format --check .",
        "ruff check .",
        "mypy",
        "lint-imports --no-cache",
    ]


def test_the_environment_comes_from_the_lock_with_hashes() -> None:
    assert "--no-deps --require-hashes -r" in MAKEFILE


# Plays Python: makes an "environment" that is this program again, whose pip says what pip says and ends as it is told.
PLAYED = """#!/bin/sh
case "$*" in
  *" venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *" pip "*)
    for n in 1 2 3 4 5 6 7 8 9 10 11; do echo "Collecting package-$n"; echo "  Using cached package-$n"; done
    [ -z "$FAILS" ] || { echo "the reason" >&2; exit 1; }
    echo "Installing collected packages: package-1" ;;
esac
"""


@pytest.mark.parametrize("fails", ["", "yes"])
def test_making_the_environment_is_not_silent_and_fails_when_pip_does(tmp_path: Path, fails: str) -> None:
    for name in ("Makefile", "requirements.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    python = tmp_path / "python"
    python.write_text(PLAYED)
    python.chmod(0o755)
    command = ["make", "venv", f"PYTHON={python}"]
    env = {"PATH": os.environ["PATH"], "FAILS": fails}
    made = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    said = ["Making the environment (once; a minute or two)", "  10 packages fetched"]
    assert made.stdout.splitlines() == said + ([] if fails else ["  11 packages fetched; installing them"])
    assert (made.returncode == 0) == (not fails)
    assert ("the reason" in made.stderr) == bool(fails)
    # What failed is tried again, what was made is not made twice.
    assert (tmp_path / ".venv/run.cksum").exists() == (not fails)


def test_ci_runs_exactly_what_people_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text()
    assert "set -euo pipefail" in text
    assert re.findall(r"^make (\w+)", text, re.MULTILINE) == ["dev", "check", "test"]
