"""Replacing a cluster: whenever it is cut off, the old one comes back; once settled, the new one stays."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from suite.launcher import aside

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _cluster(folder: Path, name: str, said: str) -> Path:
    made = folder / name
    made.mkdir()
    (made / "PG_VERSION").write_text(said)
    return made


def _stands(folder: Path) -> str | None:
    made = folder / "cluster" / "PG_VERSION"
    return made.read_text() if made.exists() else None


def test_a_swap_that_is_not_settled_is_undone_and_a_settled_one_stays(tmp_path: Path) -> None:
    _cluster(tmp_path, "cluster", "old")
    aside.swap(tmp_path, _cluster(tmp_path, "new", "new"))
    assert _stands(tmp_path) == "new"
    assert aside.put_back(tmp_path)
    assert _stands(tmp_path) == "old"
    assert not aside.put_back(tmp_path)

    aside.swap(tmp_path, _cluster(tmp_path, "new", "new"))
    kept = aside.settle(tmp_path, now=NOW)
    assert kept is not None
    assert (kept / "PG_VERSION").read_text() == "old"
    assert not aside.put_back(tmp_path)
    assert _stands(tmp_path) == "new"


def test_where_there_was_none_undoing_leaves_none(tmp_path: Path) -> None:
    aside.swap(tmp_path, _cluster(tmp_path, "new", "new"))
    assert aside.put_back(tmp_path)
    assert _stands(tmp_path) is None
    aside.swap(tmp_path, _cluster(tmp_path, "new", "new"))
    assert aside.settle(tmp_path, now=NOW) is None
    assert _stands(tmp_path) == "new"


@pytest.mark.parametrize("is_in_place", [True, False])
def test_cut_off_between_the_two_renames_the_old_one_comes_back(tmp_path: Path, *, is_in_place: bool) -> None:
    _cluster(tmp_path, "cluster", "old").rename(tmp_path / "cluster.aside")
    if is_in_place:
        _cluster(tmp_path, "cluster", "new")
    assert aside.put_back(tmp_path)
    assert _stands(tmp_path) == "old"
