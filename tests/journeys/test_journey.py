"""The suite as a person runs it: from an empty folder to the end of the journey, as real processes, over HTTP."""

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from suite.door import Door
from suite.house import House
from suite.journey.walk import Walk, eventually
from suite.launcher import ports
from suite.launcher.settings import OFFSETS, ROOT

pytestmark = pytest.mark.timeout(600)


@dataclass
class Suite:
    """A running suite with a data folder and ports of its own."""

    data: Path
    variables: dict[str, str]

    def maison(self, *words: str, within: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a `maison` command."""
        return subprocess.run(
            [sys.executable, "-m", "suite.cli", *words],
            cwd=ROOT,
            env=os.environ | self.variables,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )

    def port(self, name: str) -> int:
        return int(self.variables[f"MAISON_PORT_{name.upper()}"])

    def pid(self, name: str) -> int:
        """The process id of one of its processes, as the launcher wrote it down."""
        state = json.loads((self.data / "state.json").read_text())
        return int(state["children"][name]["pid"])

    def has_other(self, name: str, pid: int) -> bool:
        """Whether another process has taken the place of this one."""
        return self.pid(name) != pid


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    data = tmp_path_factory.mktemp("suite") / "data"
    # PostgreSQL runs under another account when the tests run as root, and must be able to walk here.
    for folder in (data.parent, data.parent.parent, data.parent.parent.parent):
        folder.chmod(0o755)
    variables = {"MAISON_DATA": str(data)}
    variables |= {f"MAISON_PORT_{name.upper()}": str(ports.free()) for name in OFFSETS}
    running = Suite(data, variables)
    try:
        began = running.maison("up", "--detach")
        assert began.returncode == 0, began.stdout + began.stderr
        yield running
    finally:
        running.maison("down")


def test_the_house_is_whole(suite: Suite) -> None:
    assert suite.maison("status").returncode == 0
    house = House.of(suite.data)
    assert house is not None
    assert len(house.boutiques) == 8
    assert len({boutique["zone"] for boutique in house.boutiques}) == 3
    assert len({boutique["region_id"] for boutique in house.boutiques}) == 3
    assert len(house.advisors) == 30
    with house.staff("headquarters") as headquarters:
        pieces, cursor = 0, None
        while True:
            page = headquarters.get("/v1/pieces", limit=100, cursor=cursor)
            pieces += len(page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert pieces == 300


@pytest.mark.parametrize("walk", ["first", "second"])
def test_the_journey_is_complete(suite: Suite, walk: str) -> None:
    done = suite.maison("journey")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The journey is complete" in done.stdout


def test_she_downloads_her_copy_out_of_every_process(suite: Suite) -> None:
    house = House.of(suite.data)
    assert house is not None
    # Whoever walked the journey first: the same key is the same person.
    her = Walk(house, number=0).wechat_user("journey-0", "")
    with closing(her.sandbox), her.door, house.staff("privacy") as officer:
        her.log_in()
        asked = her.door.post("/v1/me/data-requests", {"kind": "copy"})
        at = f"/data-requests/{asked['request_id']}"
        officer.call("POST", f"/v1{at}/start", {}, headers={"If-Match": "*"})
        answer = her.door.http.get(f"/v1/me{at}/copy", headers={"Authorization": f"Bearer {her.door.token}"})
    assert answer.status_code == 200, answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    rows = json.loads(archive.read("manifest.json"))["rows"]
    for service, table in (
        ("profile", "purchase"),
        ("appointments", "appointment"),
        ("feedback", "answer"),
        ("recommend", "assortment_piece"),
        ("gateway", "session"),
    ):
        assert rows[service][table] > 0, service
    assert her.client_id in archive.read("your-data.html").decode()


def test_every_copy_of_facts_made_anew_is_the_same_and_the_log_is_whole(suite: Suite) -> None:
    for name in ("profile", "appointments", "feedback", "recommend", "gateway"):
        replayed = suite.maison("log", "replay", name)
        assert replayed.returncode == 0, replayed.stdout + replayed.stderr
        assert "identical" in replayed.stdout
        assert "changed" not in replayed.stdout, replayed.stdout
    for command in ("verify", "status", "parked"):
        ended = suite.maison("log", command)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_service_that_is_down_is_said_so_while_the_others_go_on_and_it_catches_up(suite: Suite) -> None:
    house = House.of(suite.data)
    assert house is not None
    boutique_id = house.boutiques[0]["boutique_id"]
    with house.staff("headquarters") as headquarters, house.till() as till:
        client_id = _client(till)

        def recommended() -> list[str]:
            """What is shown to her; nothing while recommend has not caught up, for then its answer is not hers."""
            answer = headquarters.get(f"/v1/clients/{client_id}/recommendations", limit=50)
            return [item["piece_code"] for item in answer["items"]] if answer["personalised"] else []

        # One that is shown to her, and is not any more once she has it.
        wanted = recommended()[0]
        _wear_out(suite, "recommend")
        asked = httpx.get(
            f"{house.gateway}/v1/pieces", headers={"Authorization": f"Bearer {headquarters.token}"}, timeout=30
        )
        assert asked.status_code == 503
        assert asked.headers["content-type"] == "application/problem+json"
        assert asked.headers["retry-after"]
        assert headquarters.get(f"/v1/boutiques/{boutique_id}")["boutique_id"] == boutique_id
        till.post("/v1/purchases", _receipt("DOWN-1", wanted))

        def without_it() -> bool:  # the door waits through the 503s until recommend is back
            shown = recommended()
            return bool(shown) and wanted not in shown

        eventually("the purchase reaches recommend", without_it)


def test_a_killed_service_comes_back_and_nothing_acknowledged_is_lost(suite: Suite) -> None:
    house = House.of(suite.data)
    assert house is not None
    with house.till() as till, house.staff("headquarters") as headquarters:
        client_id = _client(till)
        before = suite.pid("profile")
        kept = till.post("/v1/purchases", _receipt("KILL-1"))
        os.kill(before, signal.SIGKILL)
        # The door waits through the 503s until profile is back.
        purchases = headquarters.get(f"/v1/clients/{client_id}/purchases", limit=100)["items"]
        assert {item["receipt"]: item["purchase_id"] for item in purchases}["KILL-1"] == kept["purchase_id"]

        def on_the_timeline() -> list[str]:  # what stands there came through the log, after the kill or before it
            items = headquarters.get(f"/v1/clients/{client_id}/timeline", limit=100)["items"]
            return [item["kind"] for item in items if item["subject_id"] == kept["purchase_id"]]

        found, _ = eventually("the fact of this purchase arrives", on_the_timeline)
        assert found == ["purchase"]
    eventually("another process serves profile", partial(suite.has_other, "profile", before))


def _wear_out(suite: Suite, name: str) -> None:
    """Kill a process each time it starts, until the launcher waits four seconds before it tries again.

    While it tries at once, callers wait for the new one instead of hearing that it is away.
    """
    for attempt in range(4):
        pid = suite.pid(name)
        os.kill(pid, signal.SIGKILL)
        if attempt < 3:
            eventually(f"{name} is started again", partial(suite.has_other, name, pid))


def _client(till: Door) -> str:
    identities = [{"kind": "pos", "system": "lumiere-till", "value": "C000001"}]
    client_id: str = till.post("/v1/clients/identify", {"identities": identities})["items"][0]["client_id"]
    return client_id


def _receipt(number: str, piece_code: str = "AUBE-RING-01") -> dict[str, Any]:
    return {
        "pos": "lumiere-till",
        "receipt": number,
        "purchased_at": "2026-01-15T12:00:00+08:00",
        "currency": "CNY",
        "store_code": "BJ-SKP",
        "customer": {"system": "lumiere-till", "value": "C000001"},
        "lines": [{"line": 1, "piece_code": piece_code, "quantity": 1, "unit_price_minor": 100_000}],
    }
