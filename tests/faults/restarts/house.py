"""A real suite for the restart tests: its own data folder and ports, several instances, and what it keeps."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from suite.launcher import ports
from suite.launcher.settings import OFFSETS, ROOT
from tests import databases
from tests.asking import until

BRAND = "lumiere"
SERVICES = ("profile", "appointments", "feedback", "recommend", "gateway")


# What asyncpg raises while PostgreSQL is away.
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass
class House:
    """A running suite without the demo house."""

    data: Path
    variables: dict[str, str]

    @property
    def gateway(self) -> str:
        """Where its door is."""
        return f"http://127.0.0.1:{self.variables['MAISON_PORT_GATEWAY']}"

    def maison(self, *words: str, within: float = 400, may_fail: bool = False) -> str:
        """Run a `maison` command; answers what it said, raises AssertionError when it failed and may not."""
        ended = subprocess.run(
            [sys.executable, "-m", "suite.cli", *words],
            cwd=ROOT,
            env=os.environ | self.variables,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        said = ended.stdout + ended.stderr
        assert may_fail or ended.returncode == 0, said
        return said

    def pids(self) -> dict[str, int]:
        """The process ids of its instances, as the launcher wrote them down."""
        state = json.loads((self.data / "state.json").read_text())
        return {name: int(child["pid"]) for name, child in state["children"].items()}

    def operations(self, service: str) -> dict[str, int]:
        """The port of each instance of a service that reaches this one only."""
        state = json.loads((self.data / "state.json").read_text())
        return {
            name: int(child["operations"]) for name, child in state["children"].items() if child["program"] == service
        }

    def ready(self) -> None:
        """Wait until every instance is ready."""
        deadline = time.monotonic() + 120
        while "not ready" in (said := self.maison("status", may_fail=True)):
            assert time.monotonic() < deadline, said

    def postmaster(self) -> int:
        """The process id of its PostgreSQL."""
        folder = self.data / "postgres-folder"
        at = Path(folder.read_text()) if folder.exists() else self.data / "postgres"
        return int((at / "cluster" / "postmaster.pid").read_text().splitlines()[0])

    def administrator(self) -> httpx.Client:
        """Its first account, signed in."""
        password = json.loads((self.data / "secrets.json").read_text())["first_password"]
        form = {"username": "admin", "password": password, "brand": BRAND}
        answer = httpx.post(f"{self.gateway}/v1/auth/staff", json=form, timeout=60, trust_env=False)
        assert answer.status_code == 200, answer.text
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx.Client(base_url=self.gateway, headers=headers, timeout=60, trust_env=False)

    async def rows(self, service: str, asked: str) -> list[dict[str, Any]]:
        """What a query finds in a service's database (or in `log`), seen over every brand."""
        return await databases.query(self._url(service), asked)

    async def settled(self) -> None:
        """Wait until every outbox is empty and every follower has read the log to its end."""
        urls = {service: self._url(service) for service in SERVICES}
        await until(lambda: databases.settled(self._url("log"), urls, urls), seconds=30)

    def _url(self, service: str) -> str:
        secret = json.loads((self.data / "secrets.json").read_text())["postgres"]
        return f"postgresql://postgres:{secret}@127.0.0.1:{self.variables['MAISON_PORT_POSTGRES']}/maison_{service}"


@contextmanager
def running(*, instances: int) -> Iterator[House]:
    """A suite with that many instances of each process, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="maison-restarts-"))
    # PostgreSQL runs under another account when the tests run as root, and must be able to walk here.
    folder.chmod(0o755)
    variables = {
        "MAISON_DATA": str(folder / "data"),
        "MAISON_DEMO": "false",
        "MAISON_INSTANCES": str(instances),
        "MAISON_LIMIT_FACTOR": "10000",
        # What is counted here is what gets lost, not how slow the machine is.
        "MAISON_ANSWER_TIMEOUT": "30",
        **{f"MAISON_PORT_{name.upper()}": str(ports.free()) for name in OFFSETS},
    }
    house = House(folder / "data", variables)
    try:
        house.maison("up", "--detach")
        yield house
    finally:
        house.maison("down", may_fail=True)
        house.maison("reset", "--yes")
        shutil.rmtree(folder, ignore_errors=True)
