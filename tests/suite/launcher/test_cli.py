"""The `maison` command as a person meets it: exit codes, and two lines instead of a stack trace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.journey.sale import EXPORT, MAP
from suite.launcher import lock, ports
from suite.launcher.settings import ROOT


def maison(data: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a data folder."""
    return subprocess.run(
        [sys.executable, "-m", "suite.cli", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "MAISON_DATA": str(data), **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_status_of_a_stopped_suite_is_a_table_and_a_failure(tmp_path: Path) -> None:
    ended = maison(tmp_path / "data", "status")
    assert ended.returncode == 1
    assert "Maison: stopped" in ended.stdout
    assert ended.stdout.count("down") == 7
    assert ended.stderr == ""


def test_stopping_a_stopped_suite_says_so_and_what_to_do(tmp_path: Path) -> None:
    ended = maison(tmp_path / "data", "down")
    assert ended.returncode == 1
    assert "nothing runs from" in ended.stderr
    assert "→ `maison up` starts the suite." in ended.stderr


def test_logs_of_a_suite_that_never_ran_say_so(tmp_path: Path) -> None:
    ended = maison(tmp_path / "data", "logs", "profile")
    assert ended.returncode == 1
    assert "there is no log of profile" in ended.stderr


def test_logs_of_all_processes_carry_their_names(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "profile.log").write_text("one\ntwo\n")
    (tmp_path / "logs" / "gateway.log").write_text("three\n")
    ended = maison(tmp_path, "logs", "--lines", "1")
    assert ended.stdout.splitlines() == ["     gateway | three", "     profile | two"]
    assert maison(tmp_path, "logs", "profile").stdout == "one\ntwo\n"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MAISON_PORT_BASE", "eighty"),
        ("MAISON_PORT_PROFILE", "70000"),
        ("MAISON_ENVIRONMENT", "somewhere"),
        ("MAISON_ADMIN_URL", "mysql://hush"),
        ("MAISON_WECHAT_API_URL", "weixin"),
        ("MAISON_FIRST_ACCOUNT", "Nobody"),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(tmp_path: Path, variable: str, value: str) -> None:
    ended = maison(tmp_path / "data", "up", **{variable: value})
    assert ended.returncode == 78
    assert ended.stderr.startswith(f"{variable}: ")
    assert value not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_doctor_finds_an_own_database_that_does_not_answer(tmp_path: Path) -> None:
    ended = maison(tmp_path / "data", "doctor", MAISON_ADMIN_URL="postgresql://admin:hush@127.0.0.1:1/postgres")
    assert ended.returncode == 1
    assert "the PostgreSQL of MAISON_ADMIN_URL does not answer" in ended.stderr
    assert "hush" not in ended.stdout + ended.stderr


def test_doctor_names_what_a_wechat_account_still_lacks(tmp_path: Path) -> None:
    ended = maison(tmp_path / "data", "doctor", MAISON_WECHAT_API_URL="https://api.weixin.qq.com")
    assert ended.returncode == 1
    assert "MAISON_WECHAT_SECRET, MAISON_WECHAT_PUSH_TOKEN, MAISON_WECHAT_PUSH_AES_KEY missing" in ended.stderr


def test_an_import_into_a_house_that_is_not_there_is_two_lines(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_bytes(EXPORT.read_bytes())
    till = {f"MAISON_TILL_{name}": "x" for name in ("CLIENT_ID", "CLIENT_SECRET", "SIGNING_SECRET")}
    address = f"http://127.0.0.1:{ports.free()}"
    ended = maison(tmp_path, "import", "purchases", str(file), "--map", str(MAP), MAISON_PUBLIC_URL=address, **till)
    assert ended.returncode == 1
    said = ended.stderr.splitlines()
    assert said[0] == f"✗ nobody answers at {address}"
    assert said[1].startswith("  → `maison status`")
    assert len(said) == 2


def test_a_second_start_in_the_background_leaves_the_log_of_the_first_alone(tmp_path: Path) -> None:
    maison(tmp_path / "data", "doctor")
    (tmp_path / "data" / "logs").mkdir()
    log = tmp_path / "data" / "logs" / "launcher.log"
    log.write_text("what the running launcher says\n")
    with lock.held(tmp_path / "data"):
        ended = maison(tmp_path / "data", "up", "--detach")
    assert ended.returncode == 1
    assert "the suite is already running" in ended.stderr
    assert log.read_text() == "what the running launcher says\n"


def test_a_reset_asks_first(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert maison(data, "doctor").returncode in {0, 1}
    assert data.exists()
    asked = maison(data, "reset")
    assert asked.returncode == 1
    assert "backups" not in asked.stdout
    assert data.exists()
    assert maison(data, "reset", "--yes").returncode == 0
    assert not data.exists()


@pytest.mark.parametrize("answer", [(), ("--yes",)])
def test_a_reset_says_that_backups_open_nothing_without_the_keys(tmp_path: Path, answer: tuple[str, ...]) -> None:
    kept = tmp_path / "data-backups" / "maison-20260601T030000Z" / "manifest.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    said = maison(tmp_path / "data", "reset", *answer).stdout
    assert f"the backups in {tmp_path / 'data-backups'} stay, but open nothing without `maison keys export`" in said
    assert kept.exists()
