"""The machine: what is checked before a start, and what a person is told."""

import os
import shutil
from pathlib import Path

import pytest

from suite.launcher import machine
from suite.launcher.account import Account, unprivileged
from suite.launcher.obstacles import DiskFull, FolderNotOurs, FolderNotWritable, PythonTooOld
from suite.launcher.postgres import folder_for
from suite.launcher.reset import reset
from suite.launcher.settings import LauncherSettings


def test_an_old_python_is_refused_with_the_version_needed() -> None:
    with pytest.raises(PythonTooOld, match=r"Python 3\.10; the suite needs 3\.11"):
        machine.require_python((3, 10))


def test_this_python_is_new_enough() -> None:
    machine.require_python()


def test_a_full_disk_is_refused_with_what_is_free_and_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match=r"only \d+ MB are free at .*; the suite needs \d+ MB") as refused:
        machine.require_disk(tmp_path, needed=2**60)
    assert "MAISON_DATA" in refused.value.advice


def test_what_the_data_folder_holds_need_not_be_free_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    machine.require_folder(data)
    fresh = machine.needed_disk(data)
    assert fresh <= machine.NEEDED
    with (data / "cluster").open("wb") as file:
        file.truncate(100 * machine.MEGA)
    assert machine.needed_disk(data) == fresh - 100 * machine.MEGA
    with (data / "cluster").open("wb") as file:
        file.truncate(10 * machine.NEEDED)
    assert machine.needed_disk(data) == machine.ROOM
    # Its files may lie elsewhere, where the database's account can go.
    shutil.rmtree(folder_for(data, unprivileged()), ignore_errors=True)


def test_a_roomy_disk_is_accepted(tmp_path: Path) -> None:
    machine.require_disk(tmp_path, needed=1)


def test_a_data_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    machine.require_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_file_in_the_place_of_the_data_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderNotWritable) as refused:
        machine.require_folder(tmp_path / "file" / "data")
    assert "MAISON_DATA" in refused.value.advice


def test_a_folder_with_other_things_is_never_taken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()
    with pytest.raises(FolderNotOurs, match="holds things that are not Maison's"):
        machine.require_folder(tmp_path)
    with pytest.raises(FolderNotOurs):
        reset(LauncherSettings(data=tmp_path))
    assert (tmp_path / "letters.txt").exists()


def test_our_own_folder_is_known_again_and_a_reset_removes_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    machine.require_folder(data)
    (data / "anything").touch()
    machine.require_folder(data)
    reset(LauncherSettings(data=data))
    assert not data.exists()
    reset(LauncherSettings(data=data))


def test_root_hands_the_database_to_an_account_without_rights() -> None:
    account = unprivileged()
    if os.geteuid() == 0:
        assert account.uid not in {None, 0}
        assert account.popen()["extra_groups"] == []
    else:
        assert account == Account()
        assert account.popen() == {}


def test_an_account_without_rights_cannot_reach_through_a_closed_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not Account(65534, 65534).reaches(closed / "data")
    assert Account().reaches(closed / "data")
