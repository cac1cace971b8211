"""Files that are there whole or not at all."""

from pathlib import Path

import pytest

from infra.files import write_whole


def test_a_file_is_written_with_its_rights_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_whole(path, "她")
    assert path.read_text(encoding="utf-8") == "她"
    assert path.stat().st_mode & 0o777 == 0o600
    write_whole(path, "new", mode=0o644)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o644)
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_crash_left_beside_it_does_not_open_its_rights(tmp_path: Path) -> None:
    left = tmp_path / "keys.json.new"
    left.write_text("half of something longer")
    left.chmod(0o644)
    write_whole(tmp_path / "keys.json", "{}")
    assert (tmp_path / "keys.json").read_text() == "{}"
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_a_text_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\udc00")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
