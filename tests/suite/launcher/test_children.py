"""Processes under the launcher: awaited, started again, stopped, and what is said about them."""

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from suite.launcher import leftovers, ports, programs, state
from suite.launcher.children import Children, pause
from suite.launcher.instances import Instance, ready
from suite.launcher.listeners import Listener
from suite.launcher.obstacles import ProcessDied
from suite.launcher.processes import PROGRAMS, Process
from suite.launcher.settings import LauncherSettings

# A process that is ready at once, on the sockets that it inherits. The trailing argument stands in its command line.
READY = """
import http.server, os, socket, threading
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *_): ...
def serve(variable):
    server = http.server.ThreadingHTTPServer(("", 0), Ready, bind_and_activate=False)
    server.socket = socket.socket(fileno=int(os.environ[variable]))
    server.serve_forever()
threading.Thread(target=serve, args=("MAISON_FD",), daemon=True).start()
serve("MAISON_OPERATIONS_FD")
"""
# Writes into its log when it ends, and takes a while over it as one that drains does.
DRAINING = (
    """
import os, signal, sys, time
def end(*_):
    print("asked", flush=True)
    while os.path.exists(sys.argv[2]):
        time.sleep(0.01)
    print("ended", flush=True)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
"""
    + READY
)
DYING = "print('the reason stands here'); raise SystemExit(3)"
# Starts well the first time, and never again.
ONCE = (
    """
import os, sys
if os.path.exists(sys.argv[2]):
    sys.exit("not a second time")
open(sys.argv[2], "w").close()
"""
    + READY
)
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + READY

WAIT = 20  # seconds, an upper bound only


def process(name: str, program: str, *more: str, instances: int = 1, alone: bool = False) -> Process:
    port = ports.free()
    command = (sys.executable, "-c", program, str(port), *more)
    return Process(name, command, "127.0.0.1", port, {}, instances=instances, alone=alone)


class Stage:
    """Children with ears: what was said, and which ids they had."""

    def __init__(self, folder: Path, *played: Process) -> None:
        self.said: list[str] = []
        self.ids: dict[str, int] = {}
        self.ready: list[str] = []
        self.deaf = False
        self._changed = threading.Condition()
        self.children = Children(played, folder, self._hear, self._remember)

    def _hear(self, line: str) -> None:
        with self._changed:
            self.said.append(line)
            self._changed.notify_all()

    def _remember(self, children: Mapping[str, state.Child]) -> None:
        if self.deaf:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with self._changed:
            self.ids = {name: child.pid for name, child in children.items()}
            self._changed.notify_all()

    def until(self, condition: Callable[[], bool]) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, WAIT)


Play = Callable[..., Stage]


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """A function that puts processes on stage; they are stopped at the end."""
    stages: list[Stage] = []

    def put(*played: Process) -> Stage:
        stages.append(Stage(tmp_path, *played))
        return stages[-1]

    yield put
    for stage in stages:
        stage.children.stop()


def test_a_start_waits_until_every_process_is_ready(play: Play) -> None:
    stage = play(process("one", READY), process("two", READY))
    stage.children.start()
    stage.children.await_ready(stage.ready.append)
    assert sorted(stage.ready) == ["one", "two"]
    assert stage.ids.keys() == {"one", "two"}


def test_each_is_written_down_before_the_next_is_started(play: Play, tmp_path: Path) -> None:
    stage = play(process("one", READY), process("two", READY))
    # The second cannot be started: a folder stands where its log goes.
    (tmp_path / "two.log").mkdir()
    with pytest.raises(IsADirectoryError):
        stage.children.start()
    assert stage.ids.keys() == {"one"}


def test_a_process_that_dies_at_start_is_named_with_the_end_of_its_log(play: Play) -> None:
    stage = play(process("one", DYING))
    stage.children.start()
    with pytest.raises(ProcessDied, match=r"one ended at start \(exit status 3\):\nthe reason stands here"):
        stage.children.await_ready(stage.ready.append)


def test_a_process_that_dies_later_is_started_again_and_the_others_go_on(play: Play) -> None:
    stage = play(process("one", READY), process("two", READY))
    stage.children.start()
    stage.children.await_ready(stage.ready.append)
    stage.children.watch()
    before = dict(stage.ids)
    os.kill(before["one"], signal.SIGKILL)
    assert stage.until(lambda: stage.ids["one"] != before["one"])
    assert stage.ids["two"] == before["two"]
    assert any(line.startswith("one ended (exit status -9); started again in 0.5 s") for line in stage.said)


def test_stopping_ends_all_and_is_not_mistaken_for_dying(play: Play) -> None:
    stage = play(process("one", READY), process("two", READY))
    stage.children.start()
    stage.children.await_ready(stage.ready.append)
    stage.children.watch()
    stage.children.stop()
    assert [programs.command_of(pid) for pid in stage.ids.values()] == ["", ""]
    assert stage.said == []


def test_the_gateway_has_ended_before_a_service_is_asked_to(play: Play, tmp_path: Path) -> None:
    hold = tmp_path / "requests-under-way"
    hold.touch()
    service, gateway = process("profile", READY), process("gateway", DRAINING, str(hold))
    stage = play(service, gateway)
    stage.children.start()
    stage.children.await_ready(stage.ready.append)
    stopping = threading.Thread(target=stage.children.stop)
    stopping.start()
    log = tmp_path / "gateway.log"
    while "asked" not in log.read_text():
        assert stopping.is_alive()
    # What the gateway still answers, the services behind it still serve.
    assert ready(service.url + service.probe)
    hold.unlink()
    stopping.join(WAIT)
    assert log.read_text().split() == ["asked", "ended"]
    assert programs.command_of(stage.ids["profile"]) == ""
    assert stage.said == []


def test_watching_outlives_a_disk_that_is_full_for_a_while(play: Play, tmp_path: Path) -> None:
    stage = play(process("one", READY))
    stage.children.start()
    stage.children.await_ready(stage.ready.append)
    stage.children.watch()
    before = dict(stage.ids)
    # Neither its log nor the state can be written: a folder stands where the log was, and the ears are deaf.
    log = tmp_path / "one.log"
    log.unlink()
    log.mkdir()
    stage.deaf = True
    os.kill(before["one"], signal.SIGKILL)
    assert stage.until(lambda: any("one could not be started" in line for line in stage.said))
    log.rmdir()
    assert stage.until(lambda: any("could not be written down" in line for line in stage.said))
    stage.deaf = False
    assert stage.until(lambda: stage.ids["one"] != before["one"])
    assert programs.command_of(stage.ids["one"])


def test_pauses_between_attempts_double_up_to_half_a_minute() -> None:
    assert [pause(failures) for failures in (1, 2, 3, 4, 5, 6, 7, 8, 50)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_nobody_at_a_port_is_not_ready() -> None:
    assert not ready(f"http://127.0.0.1:{ports.free()}/readyz")


def test_ending_a_process_that_does_not_listen_kills_it(tmp_path: Path) -> None:
    one = process("one", STUBBORN)
    stubborn = Instance("one", one, Listener(one.host, one.port), tmp_path / "log")
    stubborn.start()
    while not stubborn.ready():
        assert stubborn.alive()
    assert programs.runs(stubborn.pid, str(one.port))
    assert not programs.end(stubborn.pid, within=0.1)
    assert stubborn.running is not None
    assert stubborn.running.wait(WAIT) == -signal.SIGKILL
    stubborn.listener.close()


def test_what_an_older_launcher_wrote_down_names_its_programs_too(tmp_path: Path) -> None:
    children = '{"feedback": {"pid": 7, "port": 1, "restarts": 0}}'
    (tmp_path / "state.json").write_text(f'{{"launcher": 1, "phase": "ready", "children": {children}}}')
    found = state.read(tmp_path)
    assert found is not None
    assert found.children["feedback"].program == "feedback"


def test_what_a_killed_launcher_left_running_is_ended_but_no_other_program(tmp_path: Path) -> None:
    settings = LauncherSettings(data=tmp_path)
    sleep = "import time; print('up', flush=True); time.sleep(600)"
    ours = [sys.executable, "-c", sleep, f"infra.serve {PROGRAMS['feedback'].application}"]
    with (
        subprocess.Popen(ours, stdout=subprocess.PIPE) as orphan,
        subprocess.Popen([sys.executable, "-c", sleep], stdout=subprocess.PIPE) as stranger,
    ):
        for started in (orphan, stranger):
            assert started.stdout is not None
            assert started.stdout.readline() == b"up\n"
        children = {
            "feedback-2": state.Child(program="feedback", pid=orphan.pid, port=1, operations=3),
            "profile": state.Child(program="profile", pid=stranger.pid, port=2, operations=4),
        }
        state.write(tmp_path, state.State(launcher=1, phase="ready", children=children))
        assert leftovers.clear(settings) == ["feedback-2"]
        assert orphan.wait(WAIT) == -signal.SIGTERM
        assert stranger.poll() is None
        stranger.kill()
