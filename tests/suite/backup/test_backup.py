"""Backups: whole or not there, without a key in them, and of any PostgreSQL that lets itself be copied."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest

from infra import provision
from suite.backup import copying, keyfile, manifest
from suite.backup.backup import Made, backup
from suite.backup.obstacles import BackupFailed, KeyFileRefused, NoCopyingHere, NothingToBackUp, RestoreRefused
from suite.backup.restore import restore
from suite.backup.server import reached
from suite.launcher import aside, lock, ports
from suite.launcher.obstacles import AlreadyRunning
from suite.launcher.postgres import Postgres
from suite.launcher.settings import ROOT, LauncherSettings
from tests.suite.backup.conftest import quiet
from tests.suite.backup.standing import Standing


def _whole(to: Path) -> list[Path]:
    return sorted(found.parent for found in to.glob(f"**/{manifest.FILE}"))


def _environment(suite: Standing) -> Mapping[str, str]:
    return os.environ | {
        "MAISON_DATA": str(suite.settings.data),
        "MAISON_ENVIRONMENT": "test",
        "MAISON_PORT_POSTGRES": str(suite.settings.port("postgres")),
    }


def _command(suite: Standing, to: Path) -> list[str]:
    return [sys.executable, "-m", "suite.cli", "backup", "--to", str(to)]


@pytest.fixture
def to(suite: Standing) -> Path:
    """A folder for backups that PostgreSQL's account reaches."""
    return suite.settings.data.parent / "elsewhere"


def test_it_says_what_it_holds_and_holds_no_key(suite: Standing, taken: Made, tmp_path: Path) -> None:
    told = manifest.read(taken.folder)
    assert told.postgresql == provision.MAJOR
    assert set(told.databases) == set(provision.LOGINS)
    assert told.databases["maison_profile"].migrations["alembic_infra"] >= "0005"
    assert told.positions.head == told.positions.in_log["profile"] == told.positions.numbered["profile"] > 0
    assert told.positions.followers["profile"].taken == {"profile": told.positions.head}
    assert set(told.keys) == {"gateway", "profile", "appointments", "feedback", "recommend"}
    assert {path.name for path in taken.folder.iterdir()} == {*told.files, manifest.FILE}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (taken.folder, *taken.folder.iterdir()))
    # Unpacked, so that a key could be seen.
    copying.unpack(taken.folder / copying.BASE, tmp_path / "cluster", suite.server.account)
    held = b"".join(path.read_bytes() for path in (tmp_path / "cluster").rglob("*") if path.is_file())
    held += (taken.folder / manifest.FILE).read_bytes()
    secrets = list(suite.secrets.values())
    for path in suite.settings.keys.glob("*.json"):
        stored = json.loads(path.read_text())
        secrets += [stored.get("index", ""), *stored.get("fields", {}).get("keys", {}).values()]
    assert "曾小贤".encode() in held, "it is not packed, or nothing was kept"
    assert [one for one in secrets if one and one.encode() in held] == []


def test_killed_half_way_it_leaves_nothing_that_looks_whole_and_the_next_one_tidies_up(
    suite: Standing, to: Path
) -> None:
    with subprocess.Popen(_command(suite, to), env=_environment(suite), cwd=ROOT, stdout=subprocess.PIPE) as killed:
        while not (unfinished := list(to.glob(".maison-*/base.tar.gz"))):
            assert killed.poll() is None, "it ended before it could be killed"
        killed.send_signal(signal.SIGKILL)
    assert unfinished
    assert _whole(to) == []
    made = backup(suite.settings, to, quiet)
    assert _whole(to) == [made.folder]
    assert list(to.glob(".maison-*")) == []


def test_on_a_disk_that_fills_up_it_fails_and_leaves_nothing(suite: Standing, to: Path) -> None:
    def small() -> None:
        # No file may grow beyond this: as good as a full disk to whoever writes it.
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    before = _whole(to)
    # The server must be running already: it writes larger files than that.
    with suite.up():
        done = subprocess.run(
            _command(suite, to),
            env=_environment(suite),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=small,
        )
    assert done.returncode == 1
    assert "✗" in done.stderr
    assert "Traceback" not in done.stderr
    assert _whole(to) == before
    assert list(to.glob(".maison-*")) == []


def test_two_at_once_into_one_folder_are_one(suite: Standing, to: Path) -> None:
    def second(name: str, _done: int, _total: int) -> None:
        if not refused and name == "databases (KB)":
            with pytest.raises(BackupFailed, match="another backup") as obstacle:
                backup(suite.settings, to, quiet)
            refused.append(str(obstacle.value))

    refused: list[str] = []
    with suite.up():
        backup(suite.settings, to, second)
    assert len(refused) == 1


def test_without_a_suite_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(NothingToBackUp):
        backup(LauncherSettings(data=tmp_path / "none", admin_url=None), tmp_path, quiet)


def test_a_stopped_suite_is_started_for_it_but_not_while_another_command_has_the_lock(
    suite: Standing, to: Path
) -> None:
    with lock.held(suite.settings.data), pytest.raises(AlreadyRunning):
        backup(suite.settings, to, quiet)


def test_what_a_killed_restore_left_running_is_ended_before_its_cluster_is_undone(suite: Standing) -> None:
    folder = suite.server.folder
    new = folder / "cluster.restoring"
    subprocess.run(["cp", "-a", str(suite.server.cluster), str(new)], check=True)
    before = (suite.server.cluster / "PG_VERSION").stat().st_ino
    aside.swap(folder, new)
    left = Postgres(suite.settings.data, ports.free(), password=suite.secrets["postgres"])
    left.start()
    try:
        with reached(suite.settings):
            assert not left.running()
        assert (suite.server.cluster / "PG_VERSION").stat().st_ino == before
    finally:
        left.stop()


async def _role(admin_url: str, statement: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def test_an_own_server_is_copied_where_it_allows_it_and_never_restored_by_us(suite: Standing, to: Path) -> None:
    with suite.up():
        admin = suite.server.admin_url
        own = suite.settings.model_copy(update={"admin_url": admin})
        made = backup(own, to, quiet)
        assert manifest.read(made.folder).server == "own"
        with pytest.raises(RestoreRefused):
            restore(own, made.folder, quiet)
        asyncio.run(_role(admin, "create role clerk login createrole createdb password 'clerk-password'"))
        try:
            address = provision.database_url(admin, "clerk", "clerk-password").rpartition("/")[0] + "/postgres"
            clerk = suite.settings.model_copy(update={"admin_url": address})
            with pytest.raises(NoCopyingHere) as obstacle:
                backup(clerk, to, quiet)
        finally:
            asyncio.run(_role(admin, "drop role clerk"))
    assert "physical backup" in obstacle.value.advice
    assert "clerk-password" not in obstacle.value.what


def test_keys_are_written_apart_for_their_owner_only(suite: Standing, taken: Made, tmp_path: Path) -> None:
    file = tmp_path / "safe" / "maison.keys"
    keyfile.export(suite.settings, file)
    assert file.stat().st_mode & 0o777 == 0o600
    given = keyfile.read(file)
    assert set(given.keys) >= {"profile.json", "gateway.json"}
    assert given.beside["secrets.json"] == (suite.settings.data / "secrets.json").read_text()
    keyfile.check(taken.manifest.keys, given.keys)
    assert "profile" not in repr(given)
    with pytest.raises(KeyFileRefused, match="exists already"):
        keyfile.export(suite.settings, file)
    with pytest.raises(KeyFileRefused, match="in the backup that they open"):
        keyfile.export(suite.settings, taken.folder / "maison.keys")
    with pytest.raises(KeyFileRefused, match="beside the backups"):
        keyfile.export(suite.settings, taken.folder.parent / "maison.keys")
