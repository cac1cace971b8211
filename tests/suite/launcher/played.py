"""A played house: small programs as its processes, under the launcher's care."""

import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from suite.launcher import ports, state
from suite.launcher.children import Children
from suite.launcher.processes import Process

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
