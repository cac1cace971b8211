"""A real service of the house on a server that may be killed, and callers that insist, as good clients do."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from infra.identity import Caller, Role, Signer
from suite.launcher import ports
from tests.databases import query
from tests.faults import machine
from tests.faults.deadly import DIES
from tests.faults.house import Server, run
from tests.faults.program import Program

CALLER = Caller("headquarters", Role.HEADQUARTERS, "lumiere")
PATH = "/v1/boutiques"
AGAIN = 0.05  # seconds before a caller asks again


class Service:
    """Two instances of appointments, with databases of their own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.log_url = server.database("maison_log")
        self.url = server.database("maison_appointments")
        ours = [ports.free(), ports.free()]
        self.addresses = [f"http://127.0.0.1:{port}" for port in ours]
        self.instances = [self._instance(port) for port in ours]
        self.region_id = ""
        self.seen: Counter[str] = Counter()  # what callers met besides success

    def _instance(self, port: int) -> Program:
        variables = {
            "MAISON_DATABASE_URL": self.url,
            "MAISON_LOG_URL": self.log_url,
            "MAISON_KEYS": str(self.server.keys / "appointments.json"),
            "MAISON_INNER_JWKS": str(self.server.keys / "inner-jwks.json"),
            "MAISON_PORT": str(port),
        }
        target = "tests.faults.deadly:appointments"
        return Program(f"appointments-{port}", self.server.folder, "infra.serve", target, variables=variables)

    def start(self) -> None:
        """Start both and enter a region for the boutiques of the tests."""
        for instance in self.instances:
            instance.start()
        for number in range(len(self.instances)):
            self.await_ready(number)
        form = {"code": "EAST", "name_zh": "华东", "name_en": "East"}
        answer = httpx.post(
            self.addresses[0] + "/v1/regions", json=form, headers=self.headers("region"), timeout=30, trust_env=False
        )
        self.region_id = answer.raise_for_status().json()["region_id"]

    def await_ready(self, number: int) -> None:
        """Until an instance answers."""

        def ready() -> bool:
            try:
                return httpx.get(self.addresses[number] + "/readyz", trust_env=False).is_success
            except httpx.TransportError:
                return False

        machine.await_that(ready)

    def headers(self, key: str, *, dies: bool = False) -> dict[str, str]:
        """Of a creating request."""
        token = Signer.load(self.server.keys / "gateway.json").sign(CALLER, audience="appointments")
        marked = {DIES: "after the commit"} if dies else {}
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": key} | marked

    def form(self, code: str) -> dict[str, str]:
        """A new boutique."""
        return {"region_id": self.region_id, "code": code, "name_zh": "外滩", "name_en": "The Bund"}

    def rows(self, asked: str, *args: object) -> list[dict[str, Any]]:
        """What a query finds in the service's database over every brand."""
        return run(query(self.url, asked, *args))

    def close(self) -> None:
        """End it."""
        for instance in self.instances:
            instance.kill()

    async def insist(self, client: httpx.AsyncClient, code: str, *, at: int, dying: asyncio.Event) -> bytes:
        """Ask until there is a 201, changing sides after each no; AssertionError for any no that is not a "later".

        Until `dying` is set, whoever asks the first instance kills it as soon as that has committed.
        """
        while True:
            side = at % 2
            at += 1
            headers = self.headers(code, dies=side == 0 and not dying.is_set())
            try:
                answer = await client.post(self.addresses[side] + PATH, json=self.form(code), headers=headers)
            except httpx.TransportError as fault:
                self.seen[type(fault).__name__] += 1
            else:
                if answer.status_code == 201:
                    return answer.content
                self.seen[str(answer.status_code)] += 1
                assert answer.status_code in {409, 503}, answer.text
                assert answer.headers["retry-after"]
            await asyncio.sleep(AGAIN)


@contextmanager
def a_service(server: Server) -> Iterator[Service]:
    """Both instances, for as long as the block lasts."""
    service = Service(server)
    try:
        service.start()
        yield service
    finally:
        service.close()
