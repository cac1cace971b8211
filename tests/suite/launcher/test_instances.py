"""Several instances behind one port: they share it, come back, and give way to one another."""

import json
import os
import signal
import threading
from pathlib import Path

import httpx
import pytest

from suite.launcher import ports, programs, state
from suite.launcher.obstacles import Obstacle, ProcessDied, StoppedMeanwhile
from tests.suite.launcher.played import WAIT, Build


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
