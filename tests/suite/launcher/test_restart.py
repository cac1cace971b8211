"""`maison restart`: asked for by one, done by the launcher, and neither waits for ever for the other."""

import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.files import write_whole
from suite.launcher import lock, restart, state
from suite.launcher.obstacles import NoSuchProcess, NotRunning, Obstacle, RestartUnderWay, StoppedMeanwhile
from suite.launcher.settings import LauncherSettings
from tests.suite.launcher.played import WAIT, Build, House


class Launcher:
    """The launcher's side of a restart: looks whether one was asked for, as `maison up` does."""

    def __init__(self, house: House) -> None:
        self.settings = LauncherSettings(data=house.data)
        self.said: list[str] = []
        self.restarts = restart.Restarts(house.data, house.children, self.said.append)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> LauncherSettings:
        state.write(self.settings.data, state.State(launcher=os.getpid(), phase="ready"))
        self._thread.start()
        return self.settings

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            self.restarts.attend()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[None]:
    with lock.held(tmp_path):
        yield


def test_a_restart_of_all_replaces_every_instance_but_the_sandbox(build: Build, held: None) -> None:
    house = build(sandbox=1, profile=2, gateway=1)
    before = house.ids()
    heard: list[tuple[str, int, int]] = []
    with Launcher(house) as settings:
        restart.ask(settings, None, lambda *words: heard.append(words))
        after = house.ids()
        assert heard == [("profile", 1, 3), ("profile-2", 2, 3), ("gateway", 3, 3)]
        assert {name for name in before if before[name] == after[name]} == {"sandbox"}
        restart.ask(settings, "sandbox", lambda *_: None)
        assert house.ids()["sandbox"] != before["sandbox"]


def test_a_restart_that_fails_says_which_and_why_and_the_rest_goes_on(build: Build, held: None) -> None:
    house = build(profile=1, gateway=1)
    before = house.ids()
    house.broken.touch()
    with Launcher(house) as settings, pytest.raises(Obstacle, match="profile ended at start") as refused:
        restart.ask(settings, None, lambda *_: None)
    assert "goes on as it was" in refused.value.advice
    assert house.ids() == before


def test_a_restart_goes_on_while_the_disk_is_full_and_is_told_later(build: Build, held: None) -> None:
    house = build(profile=1)
    before = house.ids()["profile"]
    file = house.data / "restart.json"
    file.write_text('{"id": "one", "phase": "asked"}')
    # What is written beside the name cannot be: a folder stands there.
    in_its_way = house.data / "restart.json.new"
    in_its_way.mkdir()
    launcher = Launcher(house)
    with launcher:
        house.until(lambda: house.seen[-1].keys() == {"profile"} and house.ids()["profile"] != before)
        after = house.ids()["profile"]
        launcher.restarts.attend()
        assert restart.Restart.model_validate_json(file.read_bytes()).phase == "asked"
        in_its_way.rmdir()
        while restart.Restart.model_validate_json(file.read_bytes()).phase != "done":
            assert file.exists()
    assert house.ids()["profile"] == after
    assert len(launcher.said) == 1
    assert "could not be written down" in launcher.said[0]


def test_of_two_that_ask_at_once_one_is_refused(tmp_path: Path, held: None) -> None:
    settings = LauncherSettings(data=tmp_path)
    state.write(tmp_path, state.State(launcher=os.getpid(), phase="ready"))
    file = tmp_path / "restart.json"
    refused: list[Obstacle] = []

    def ask() -> None:
        try:
            restart.ask(settings, None, lambda *_: None)
        except Obstacle as obstacle:
            refused.append(obstacle)

    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    second = threading.Thread(target=ask, daemon=True)
    second.start()
    second.join(0.3)
    assert not file.exists()
    file.write_text('{"id": "the first", "phase": "asked"}')
    os.close(folder)
    second.join(WAIT)
    assert [type(one) for one in refused] == [RestartUnderWay]
    assert "the first" in file.read_text()


@pytest.mark.parametrize(
    ("left", "kind"), [('{"id": "another", "phase": "running"}', RestartUnderWay), (None, StoppedMeanwhile)]
)
def test_whoever_asked_does_not_wait_for_ever_for_what_was_forgotten(
    tmp_path: Path, held: None, left: str | None, kind: type[Obstacle]
) -> None:
    settings = LauncherSettings(data=tmp_path)
    state.write(tmp_path, state.State(launcher=os.getpid(), phase="ready"))
    file = tmp_path / "restart.json"
    caught: list[Obstacle] = []

    def ask() -> None:
        try:
            restart.ask(settings, None, lambda *_: None)
        except Obstacle as obstacle:
            caught.append(obstacle)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    while not file.exists():
        assert asking.is_alive()
    if left is None:
        restart.forget(tmp_path)
    else:
        write_whole(file, left)
    asking.join(WAIT)
    assert [type(one) for one in caught] == [kind]


def test_a_restart_is_refused_where_nothing_runs_or_the_name_is_unknown_or_one_is_under_way(
    tmp_path: Path,
) -> None:
    settings = LauncherSettings(data=tmp_path)
    with pytest.raises(NotRunning):
        restart.ask(settings, None, lambda *_: None)
    with pytest.raises(NoSuchProcess, match="there is no process postgres"):
        restart.ask(settings, "postgres", lambda *_: None)
    with lock.held(tmp_path):
        state.write(tmp_path, state.State(launcher=os.getpid(), phase="filling"))
        with pytest.raises(NotRunning):
            restart.ask(settings, "profile", lambda *_: None)
        state.write(tmp_path, state.State(launcher=os.getpid(), phase="ready"))
        (tmp_path / "restart.json").write_text('{"phase": "running"}')
        with pytest.raises(RestartUnderWay):
            restart.ask(settings, "profile", lambda *_: None)
    restart.forget(tmp_path)
    assert not (tmp_path / "restart.json").exists()
