"""Restores: refused before anything is touched, undone when they fail, possible where everything was lost."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra import keys
from suite.backup import copying, keyfile, manifest
from suite.backup.backup import Made, backup
from suite.backup.keyfile import KeyFile
from suite.backup.obstacles import (
    BackupDamaged,
    BackupUnfit,
    NotABackup,
    OtherKeys,
    RestoreFailed,
    TombstonesUnreadable,
)
from suite.backup.restore import restore
from suite.backup.tombstones import FILE, Memory, Tombstone
from suite.launcher import aside, lock
from suite.launcher.obstacles import AlreadyRunning, DiskFull, Obstacle
from suite.launcher.settings import LauncherSettings
from tests.profile.build import registered
from tests.suite.backup.conftest import quiet, sealed_phone
from tests.suite.backup.standing import Standing, standing

Copied = Callable[[], Path]
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _say(folder: Path, **changed: Any) -> Path:
    told = json.loads((folder / manifest.FILE).read_text())
    (folder / manifest.FILE).write_text(json.dumps(told | changed))
    return folder


def _names(suite: Standing) -> list[str]:
    return sorted(path.name for path in suite.server.folder.iterdir())


def _refused(suite: Standing, folder: Path, kind: type[Obstacle]) -> str:
    before = _names(suite), (suite.server.cluster / "postgresql.conf").stat().st_ino
    with pytest.raises(kind) as obstacle:
        restore(suite.settings, folder, quiet)
    assert (_names(suite), (suite.server.cluster / "postgresql.conf").stat().st_ino) == before
    return obstacle.value.what


def test_a_folder_that_is_no_backup_is_refused(suite: Standing, tmp_path: Path) -> None:
    _refused(suite, tmp_path, NotABackup)
    (tmp_path / manifest.FILE).write_text('{"format": 1')
    _refused(suite, tmp_path, NotABackup)


@pytest.mark.parametrize("name", [copying.BASE, copying.WAL, copying.CONTENTS])
def test_a_damaged_file_is_named_and_refused(suite: Standing, copied: Copied, name: str) -> None:
    flipped = copied()
    content = bytearray((flipped / name).read_bytes())
    content[len(content) // 2] ^= 1
    (flipped / name).write_bytes(content)
    assert name in _refused(suite, flipped, BackupDamaged)
    (flipped / name).write_bytes(content[:-1])
    assert name in _refused(suite, flipped, BackupDamaged)
    (flipped / name).unlink()
    assert name in _refused(suite, flipped, BackupDamaged)


def test_a_backup_for_another_suite_is_refused(suite: Standing, copied: Copied) -> None:
    folder = copied()
    told = manifest.read(folder)
    newer = {name: one.model_dump() for name, one in told.databases.items()}
    newer["maison_profile"]["migrations"]["alembic_services_profile"] = "9999"
    for changed, said in (
        ({"postgresql": 17}, "PostgreSQL 17"),
        ({"machine": "Plan9 mips"}, "Plan9 mips"),
        ({"server": "own"}, "your own"),
        ({"databases": newer}, "newer Maison"),
    ):
        assert said in _refused(suite, _say(copied(), **changed), BackupUnfit)


def test_other_keys_are_refused_whichever_key_it_is(suite: Standing, copied: Copied, tmp_path: Path) -> None:
    told = manifest.read(copied())
    keys.create(tmp_path)
    others = keyfile.needed(keyfile.of_folder(tmp_path))
    dumped = {name: one.model_dump() for name, one in told.keys.items()}
    for changed, said in (
        ({"index": others["profile"].index}, "index key of profile"),
        ({"fields": others["profile"].model_dump()["fields"]}, "field key 1 of profile"),
        ({"fields": {1: told.keys["profile"].fields[1], 2: "00"}}, "field key 2 of profile"),
    ):
        wanted = dumped | {"profile": dumped["profile"] | changed}
        assert said in _refused(suite, _say(copied(), keys=wanted), OtherKeys)


def test_a_running_suite_and_a_full_disk_are_refused(suite: Standing, taken: Made, copied: Copied) -> None:
    with lock.held(suite.settings.data):
        _refused(suite, taken.folder, AlreadyRunning)
    _refused(suite, _say(copied(), unpacked_bytes=10**18), DiskFull)


def test_unreadable_tombstones_stop_it(suite: Standing, taken: Made) -> None:
    memory = suite.settings.keys / FILE
    memory.write_text("not a tombstone\n")
    try:
        _refused(suite, taken.folder, TombstonesUnreadable)
    finally:
        memory.unlink()


def test_a_copy_that_holds_less_than_it_should_is_undone(suite: Standing, taken: Made, copied: Copied) -> None:
    positions = taken.manifest.positions.model_dump() | {"head": 10**6}
    assert "the log's head" in _refused(suite, _say(copied(), positions=positions), RestoreFailed)
    with suite.up():
        assert sealed_phone(suite).startswith("+86")


def test_what_came_later_is_put_aside_and_the_present_tombstones_are_carried_over(suite: Standing, taken: Made) -> None:
    """Nothing was exported since: the databases that go are asked who was erased in them."""
    with suite.up():
        asyncio.run(_one_more(suite))
        [first] = suite.rows("profile", "select client_id from client order by registered_at limit 1")
        suite.rows(
            "profile",
            "insert into tombstone (brand_id, aggregate, buried_at) values ('lumiere', $1, now()) returning 1",
            f"client:{first['client_id']}",
        )
    done = restore(suite.settings, taken.folder, quiet)
    assert done.buried_again == 1
    assert done.replaced is not None
    assert (done.replaced / "PG_VERSION").exists()
    assert (suite.settings.data / aside.MARK).exists()
    assert [one.aggregate for one in Memory(suite.settings.keys / FILE).read()] == [f"client:{first['client_id']}"]
    with suite.up():
        assert len(suite.rows("profile", "select 1 from client")) == 1
        for service in ("profile", "appointments", "feedback", "recommend", "gateway"):
            [stone] = suite.rows(service, "select aggregate, restored_at from tombstone")
            assert stone["restored_at"] is not None
            assert len(suite.rows(service, "select 1 from restoration")) == 1


def test_a_machine_that_lost_everything_stands_again_with_the_key_file(
    suite: Standing, taken: Made, tmp_path: Path
) -> None:
    file = tmp_path / "maison.keys"
    keyfile.export(suite.settings, file)
    with suite.up():
        kept = sealed_phone(suite)
    with standing() as fresh:
        # Its own secrets are made already, as `maison status` would have: the copy's passwords become these.
        with pytest.raises(OtherKeys, match="are not here"):
            restore(fresh.settings, taken.folder, quiet)
        done = restore(fresh.settings, taken.folder, quiet, keys=file)
        assert done.replaced is None
        assert list(done.damage) == []
        with fresh.up():
            assert sealed_phone(fresh) == kept
        # Whoever has other keys in place keeps them.
        other = tmp_path / "other.keys"
        given = keyfile.read(file)
        (tmp_path / "made").mkdir()
        keys.create(tmp_path / "made")
        strange = given.model_copy(update={"keys": keyfile.of_folder(tmp_path / "made")})
        other.write_text(strange.model_dump_json())
        with pytest.raises(OtherKeys):
            keyfile.install(fresh.settings, keyfile.read(other), taken.manifest)


def test_the_key_files_tombstones_are_added_to_those_that_are_there(taken: Made, tmp_path: Path) -> None:
    settings = LauncherSettings(data=tmp_path)
    memory = Memory(settings.keys / FILE)
    one, two, three = (
        Tombstone(database="maison_profile", brand_id="lumiere", aggregate=f"client:{number}", buried_at=NOW)
        for number in range(3)
    )
    memory.remember([one, two])
    beside = {FILE: "".join(stone.model_dump_json() + "\n" for stone in (two, three))}
    keyfile.install(settings, KeyFile(written_at=NOW, keys={}, beside=beside), taken.manifest)
    assert memory.read() == [one, two, three]
    damaged = KeyFile(written_at=NOW, keys={}, beside={FILE: "?\n"})
    with pytest.raises(TombstonesUnreadable, match="the key file's"):
        keyfile.install(settings, damaged, taken.manifest)


async def _one_more(suite: Standing) -> None:
    async with suite.serving("profile") as profile:
        await registered(profile, display_name="后来者")


def test_backups_go_on_after_a_restore(suite: Standing) -> None:
    made = backup(suite.settings, suite.settings.data.parent / "backups-later", quiet)
    assert manifest.read(made.folder).positions.head > 0
