"""Several instances behind one port, and a restart that replaces them one by one."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from suite.launcher import lock, ports, programs, restart, state
from suite.launcher.children import Children
from suite.launcher.obstacles import NoSuchProcess, NotRunning, Obstacle, ProcessDied, RestartUnderWay, StoppedMeanwhile
from suite.launcher.processes import Process
from suite.launcher.settings import LauncherSettings

# Answers its process id, on the sockets that it inherits; a file of this name keeps it from becoming ready.
PROGRAM = """
import http.server, os, socket, sys, threading
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if os.path.exists(sys.argv[1]) else 200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *_): ...
def serve(variable):
    server = http.server.ThreadingHTTPServer(("", 0), Answer, bind_and_activate=False)
    server.socket = socket.socket(fileno=int(os.environ[variable]))
    server.serve_forever()
if os.path.exists(sys.argv[2]):
    sys.exit("this one does not start")
threading.Thread(target=serve, args=("MAISON_FD",), daemon=True).start()
serve("MAISON_OPERATIONS_FD")
"""
WAIT = 20  # seconds, an upper bound only


class House:
    """Processes under a launcher's care, and what was said of them."""

    def __init__(self, data: Path, **instances: int) -> None:
        self.data = data
        self.unready, self.broken = data / "unready", data / "broken"
        command = (sys.executable, "-c", PROGRAM, str(self.unready), str(self.broken))
        self.processes = {
            name: Process(name, command, "127.0.0.1", ports.free(), {}, instances=count, alone=name == "sandbox")
            for name, count in instances.items()
        }
        self.said: list[str] = []
        self.seen: list[dict[str, state.Child]] = []
        self._changed = threading.Condition()
        self.children = Children(list(self.processes.values()), data, self._hear, self._remember)

    def _hear(self, line: str) -> None:
        with self._changed:
            self.said.append(line)
            self._changed.notify_all()

    def _remember(self, children: Mapping[str, state.Child]) -> None:
        with self._changed:
            self.seen.append(dict(children))
            self._changed.notify_all()

    def start(self) -> "House":
        self.children.start()
        self.children.await_ready(lambda _: None)
        self.children.watch()
        return self

    def ids(self) -> dict[str, int]:
        return {name: child.pid for name, child in self.seen[-1].items()}

    def until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, WAIT)

    def answer(self, name: str = "profile") -> int:
        """The id of whichever instance accepts."""
        return int(httpx.get(self.processes[name].url, timeout=WAIT, trust_env=False).text)


Build = Callable[..., House]


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    houses: list[House] = []

    def one(**instances: int) -> House:
        houses.append(House(tmp_path, **instances))
        return houses[-1].start()

    yield one
    for house in houses:
        house.children.stop()


def test_instances_share_one_port_and_each_has_one_of_its_own(build: Build) -> None:
    house = build(profile=2)
    children = house.seen[-1]
    assert children.keys() == {"profile", "profile-2"}
    assert len({child.port for child in children.values()}) == 1
    for child in children.values():
        answer = httpx.get(f"http://127.0.0.1:{child.operations}/readyz", trust_env=False)
        assert int(answer.text) == child.pid
    assert house.answer() in house.ids().values()


def test_prometheus_is_told_where_each_instance_shows_its_metrics(tmp_path: Path) -> None:
    children = {
        "sandbox": state.Child(program="sandbox", pid=1, port=10, operations=11),
        "profile": state.Child(program="profile", pid=2, port=20, operations=21),
        "profile-2": state.Child(program="profile", pid=3, port=20, operations=22),
    }
    state.write_targets(tmp_path, children)
    assert json.loads((tmp_path / state.TARGETS).read_text()) == [
        {"targets": ["127.0.0.1:21"], "labels": {"job": "profile", "process": "profile"}},
        {"targets": ["127.0.0.1:22"], "labels": {"job": "profile", "process": "profile-2"}},
    ]


def test_a_killed_instance_is_not_missed_and_comes_back(build: Build) -> None:
    house = build(profile=2)
    before = house.ids()
    os.kill(before["profile"], signal.SIGKILL)
    assert house.answer() == before["profile-2"]
    house.until(lambda: house.ids()["profile"] != before["profile"])
    assert house.ids()["profile-2"] == before["profile-2"]


def test_while_the_only_instance_is_started_again_callers_wait_and_are_answered(build: Build) -> None:
    house = build(profile=1)
    before = house.ids()["profile"]
    os.kill(before, signal.SIGKILL)
    assert house.answer() != before


def test_where_a_process_dies_again_and_again_callers_are_refused_at_once(build: Build) -> None:
    house = build(profile=1)
    house.broken.touch()
    os.kill(house.ids()["profile"], signal.SIGKILL)
    house.until(lambda: any("started again in 2 s" in line for line in house.said))
    assert ports.is_free(house.processes["profile"].port)
    house.broken.unlink()
    starts = house.seen[-1]["profile"].restarts
    house.until(lambda: house.seen[-1]["profile"].restarts > starts)
    assert house.answer() == house.ids()["profile"]


def test_an_instance_is_replaced_only_when_the_new_one_is_ready(build: Build) -> None:
    house = build(profile=1)
    before = house.ids()["profile"]
    house.unready.touch()
    replacing = threading.Thread(target=house.children.replace, args=("profile",))
    replacing.start()
    house.until(lambda: "profile-next" in house.seen[-1])
    assert programs.command_of(before)
    house.unready.unlink()
    replacing.join(WAIT)
    assert house.seen[-1].keys() == {"profile"}
    assert house.answer() == house.ids()["profile"] != before
    assert programs.command_of(before) == ""
    assert house.said == []


def test_a_new_one_that_does_not_start_changes_nothing(build: Build) -> None:
    house = build(profile=2)
    before = house.ids()
    house.broken.touch()
    with pytest.raises(ProcessDied, match="this one does not start"):
        house.children.replace("profile")
    assert house.ids() == before
    assert house.answer() in before.values()


def test_of_the_sandbox_there_are_never_two(build: Build) -> None:
    house = build(sandbox=1)
    before = house.ids()["sandbox"]
    house.children.replace("sandbox")
    assert house.answer("sandbox") == house.ids()["sandbox"] != before
    assert all(seen.keys() == {"sandbox"} for seen in house.seen)


def test_stopping_ends_a_replacement_under_way_and_both_of_its_instances(build: Build) -> None:
    house = build(profile=1)
    house.unready.touch()
    caught: list[Obstacle] = []

    def replace() -> None:
        try:
            house.children.replace("profile")
        except Obstacle as obstacle:
            caught.append(obstacle)

    replacing = threading.Thread(target=replace)
    replacing.start()
    house.until(lambda: "profile-next" in house.seen[-1])
    both = house.ids().values()
    house.children.stop()
    replacing.join(WAIT)
    assert [type(obstacle) for obstacle in caught] == [StoppedMeanwhile]
    assert [programs.command_of(pid) for pid in both] == ["", ""]
    with pytest.raises(StoppedMeanwhile):
        house.children.replace("profile")


class Launcher:
    """The launcher's side of a restart: looks whether one was asked for, as `maison up` does."""

    def __init__(self, house: House) -> None:
        self.settings = LauncherSettings(data=house.data)
        self._house = house
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
            restart.attend(self.settings.data, self._house.children)


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
