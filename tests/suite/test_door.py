"""The door: what is asked again when a connection is lost, and how a caller stays signed in."""

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from suite.door import Away, Door, Refused, Till
from suite.launcher import ports
from suite.launcher.obstacles import Obstacle

TILL = Till("till-1", "secret", "signing")


class Gateway:
    """Answers as it is told: a status, or None for a connection that is lost after the request was taken."""

    def __init__(self) -> None:
        self.answers: list[int | None] = []
        self.asked: list[str] = []
        self.keys: list[str | None] = []
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                gateway.asked.append(f"{self.command} {self.path}")
                gateway.keys.append(self.headers.get("Idempotency-Key"))
                status = gateway.answers.pop(0) if gateway.answers else 200
                if status is None:
                    return
                body = {"access_token": "a", "refresh_token": "r"} if status < 400 else {"type": "x", "title": "no"}
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None: ...

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made = Gateway()
    yield made
    made.close()


def test_what_carries_a_key_is_asked_again_under_the_same_key(gateway: Gateway) -> None:
    with Door(gateway.address) as door:
        gateway.answers = [None, 200]
        door.post("/v1/things", {"name": "x"})
    assert gateway.asked == ["POST /v1/things"] * 2
    assert len(set(gateway.keys)) == 1


def test_a_look_is_taken_again(gateway: Gateway) -> None:
    with Door(gateway.address) as door:
        gateway.answers = [None, 200]
        door.get("/v1/things")
    assert gateway.asked == ["GET /v1/things"] * 2


def test_what_carries_no_key_is_asked_once(gateway: Gateway) -> None:
    with Door(gateway.address) as door:
        gateway.answers = [None]
        with pytest.raises(Away):
            door.call("POST", "/v1/auth/wechat", {"code": "once"})
    assert gateway.asked == ["POST /v1/auth/wechat"]


def test_a_refresh_whose_answer_was_lost_is_not_repeated(gateway: Gateway) -> None:
    with Door(gateway.address, token="old", refresh_token="only once") as door:
        gateway.answers = [401, None]
        with pytest.raises(Away):
            door.get("/v1/me")
    assert gateway.asked == ["GET /v1/me", "POST /v1/auth/refresh"]


def test_staff_and_tills_sign_in_again_when_their_token_has_run_out(gateway: Gateway) -> None:
    with Door.staff(gateway.address, "admin", "password", brand="lumiere") as staff:
        gateway.answers = [401]
        staff.get("/v1/things")
    with Door.pos(gateway.address, TILL) as till:
        gateway.answers = [401]
        till.post("/v1/purchases", {})
    assert gateway.asked == [
        *("POST /v1/auth/staff", "GET /v1/things", "POST /v1/auth/staff", "GET /v1/things"),
        *("POST /v1/auth/token", "POST /v1/purchases", "POST /v1/auth/token", "POST /v1/purchases"),
    ]


def test_a_no_after_signing_in_again_is_a_no(gateway: Gateway) -> None:
    with Door.staff(gateway.address, "admin", "password", brand="lumiere") as staff:
        gateway.answers = [401, 200, 401]
        with pytest.raises(Refused) as refused:
            staff.get("/v1/things")
    assert refused.value.status == 401


def test_nobody_at_the_gateway_is_an_obstacle_with_advice() -> None:
    with pytest.raises(Obstacle) as away:
        Door.pos(f"http://127.0.0.1:{ports.free()}", TILL)
    assert "nobody answers at http://127.0.0.1:" in away.value.what
    assert "make up" in away.value.advice
