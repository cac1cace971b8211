"""The Makefile and .ci/run: every target does what it says, with commands that exist."""

import os
import re
import subprocess

import pytest
import typer

from suite.cli import app
from suite.launcher.settings import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = dict(re.findall(r"^([a-z]+):[^#\n]*## (.+)$", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize(
    "target", ["up", "down", "status", "logs", "reset", "doctor", "journey", "openapi", "test", "check", "help"]
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


def test_ci_runs_exactly_what_people_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text()
    assert "set -euo pipefail" in text
    assert re.findall(r"^make (\w+)", text, re.MULTILINE) == ["dev", "check", "test"]
