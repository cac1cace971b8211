"""`maison keys rotate`, as a person runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra import keys
from infra.keys import ISSUERS
from suite.launcher.settings import ROOT


def maison(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "suite.cli", "keys", *words],
        cwd=ROOT,
        env=os.environ | {"MAISON_DATA": str(data), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    keys.create(tmp_path / "keys")
    return tmp_path


def versions(data: Path, service: str = "profile") -> list[str]:
    return list(json.loads((data / "keys" / f"{service}.json").read_text())["fields"]["keys"])


def test_new_keys_are_told_of_and_a_second_rotation_is_told_to_wait(data: Path) -> None:
    done = maison(data, "rotate")
    assert done.returncode == 0, done.stderr
    for service in ISSUERS:
        assert service in done.stdout
    assert "export the keys again" in done.stdout
    assert versions(data) == ["1", "2"]
    again = maison(data, "rotate")
    assert again.returncode == 1
    assert "Wait ten minutes" in again.stderr
    assert versions(data) == ["1", "2"]


def test_one_kind_of_keys_is_rotated_alone_and_a_stolen_one_at_once(data: Path) -> None:
    done = maison(data, "rotate", "signing", "outer", "--stolen")
    assert done.returncode == 0, done.stderr
    assert "refresh token" in done.stdout
    assert versions(data) == ["1"]
    secrets = (data / "keys" / "gateway.json").read_text()
    private = json.loads(secrets)["signing"]["keys"].values()
    assert not any(key in done.stdout for key in private)


def test_where_there_are_no_keys_nothing_is_made(tmp_path: Path) -> None:
    refused = maison(tmp_path, "rotate")
    assert refused.returncode == 1
    assert "maison up" in refused.stderr
    assert list(tmp_path.iterdir()) == []
