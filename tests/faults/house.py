"""A house to be killed: PostgreSQL with fsync on, on a real disk, made-up services in it, and their processes."""

import asyncio
import os
import random
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from infra import keys, migrate, provision
from infra.database import guard
from suite.launcher import ports
from suite.launcher.postgres import Postgres
from tests.databases import query
from tests.faults import machine
from tests.faults.facts import TABLES
from tests.faults.lifetime import DATABASE_URL, LOG_URL
from tests.faults.program import Program

PUBLISHERS = ("lamps", "bells")
FOLLOWER = "watch"
SERVICES = (*PUBLISHERS, FOLLOWER)
_TEMPLATE = "maison_gateway"  # of a made-up service: infra's own chain and TABLES

Answer = TypeVar("Answer")


def run(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a coroutine, also where an event loop runs already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


class Server:
    """The PostgreSQL server: killed whole, or one process of it."""

    def __init__(self) -> None:
        # Not in memory, and not pytest's own folder, where the account that runs PostgreSQL cannot go.
        self.folder = Path(tempfile.mkdtemp(prefix="maison-faults-"))
        self.folder.chmod(0o755)
        self.keys = self.folder / "keys"
        self._postgres = Postgres(self.folder, ports.free(), password=secrets.token_hex(16))
        self._urls: dict[str, str] = {}  # of the databases to copy, by name
        self._made = 0

    @property
    def admin_url(self) -> str:
        """Where the superuser connects."""
        return self._postgres.admin_url

    def start(self) -> None:
        """Start it if it does not run, and wait until it answers: it may be recovering."""
        self.tend()
        machine.await_that(self._answers)

    def tend(self) -> None:
        """Start it if it does not run. It ends by itself when the one process that recovers it is killed."""
        if not self._postgres.running():
            self._postgres.start()

    def _answers(self) -> bool:
        try:
            run(query(self.admin_url, "select 1"))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    def make(self) -> None:
        """Start for the first time and make the databases that `database` copies."""
        self.start()
        keys.create(self.keys)
        passwords = {login: secrets.token_hex(16) for login in provision.LOGINS}
        run(provision.provision(self.admin_url, passwords))
        urls = {login: provision.database_url(self.admin_url, login, passwords[login]) for login in provision.LOGINS}
        run(migrate.migrate(urls["maison_log"], migrate.LOG))
        run(migrate.migrate(urls[_TEMPLATE], migrate.PLUMBING))
        run(migrate.migrate(urls["maison_appointments"], "services.appointments"))
        run(_execute(urls[_TEMPLATE], *TABLES, *guard("said"), *guard("effect")))
        self._urls = urls

    def database(self, template: str) -> str:
        """The address of a fresh copy; it goes when the server goes, for dropping one waits for a checkpoint."""
        self._made += 1
        fresh = f"{template}_{self._made}"
        # Through the write-ahead log: measured on a busy disk, a third of what copying the files takes.
        run(_execute(self.admin_url, f"create database {fresh} template {template} owner {template} strategy wal_log"))
        return self._urls[template].rpartition("/")[0] + f"/{fresh}"

    def kill(self) -> None:
        """SIGKILL all of it at once; returns when nothing of it runs any more."""
        process = self._halted()
        backends = machine.children(process.pid)
        machine.signal_all([process.pid, *backends], signal.SIGKILL)
        process.wait()
        machine.await_that(lambda: all(machine.gone(backend) for backend in backends))

    def kill_one(self, chance: random.Random) -> None:
        """SIGKILL one process of it: a connection's, or one of its own; the server then begins anew by itself."""
        self.tend()
        process = self._halted()
        try:
            if backends := machine.children(process.pid):
                os.kill(chance.choice(backends), signal.SIGKILL)
        finally:
            process.send_signal(signal.SIGCONT)

    def _halted(self) -> "subprocess.Popen[bytes]":
        """The postmaster, which now starts no further backend; nor can the id of one that ends be another's."""
        process = self._process()
        process.send_signal(signal.SIGSTOP)
        machine.await_that(lambda: machine.halted(process.pid))
        return process

    def _process(self) -> "subprocess.Popen[bytes]":
        process = self._postgres.process
        assert process is not None
        return process

    def close(self) -> None:
        """End it and delete everything."""
        if self._postgres.running():
            self.kill()  # it has nothing to write down any more
        self._postgres.stop()
        self._postgres.remove()
        shutil.rmtree(self.folder, ignore_errors=True)


class House:
    """The databases of one test, and the processes that it started."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.log_url = server.database("maison_log")
        self.urls = {service: server.database(_TEMPLATE) for service in SERVICES}
        self.logs = Path(tempfile.mkdtemp(prefix="logs-", dir=server.folder))
        self.ledgers = Path(tempfile.mkdtemp(prefix="ledgers-", dir=server.folder))
        self.programs: list[Program] = []

    def add(self, service: str) -> None:
        """A database more."""
        self.urls[service] = self.server.database(_TEMPLATE)

    def program(self, name: str, module: str, *arguments: str, service: str) -> Program:
        """A process of one service, not started yet."""
        variables = {DATABASE_URL: self.urls[service], LOG_URL: self.log_url}
        made = Program(name, self.logs, f"tests.faults.{module}", *arguments, variables=variables)
        self.programs.append(made)
        return made

    def relay(self, source: str, *options: str) -> Program:
        """A relay of a service, started."""
        return self._started("relay", source, *options, service=source)

    def follower(self, *options: str) -> Program:
        """A follower of the watch, started."""
        return self._started("follower", FOLLOWER, *options, service=FOLLOWER)

    def writer(self, service: str, *options: str) -> Program:
        """Writers of a service in one process, started."""
        return self._started("writer", service, "--ledgers", str(self.ledgers), *options, service=service)

    def _started(self, module: str, *arguments: str, service: str) -> Program:
        made = self.program(f"{module}-{service}-{len(self.programs)}", module, *arguments, service=service)
        made.start()
        return made

    def rows(self, service: str, asked: str, *args: object) -> list[dict[str, Any]]:
        """What a query finds in a service's database over every brand; "log" means the shared log."""
        return run(query(self.log_url if service == "log" else self.urls[service], asked, *args))

    def value(self, service: str, asked: str, *args: object) -> Any:
        """The one value that a query finds."""
        [row] = self.rows(service, asked, *args)
        [value] = row.values()
        return value

    def close(self) -> None:
        """End what still runs."""
        # All at once and then one by one: a second Ctrl-C meanwhile must not leave a halted one behind.
        machine.signal_all([program.pid for program in self.programs if program.runs], signal.SIGKILL)
        for program in self.programs:
            program.kill()


@contextmanager
def a_server() -> Iterator[Server]:
    """A server for as long as the block lasts; nothing of it is left behind."""
    server = Server()
    try:
        server.make()
        yield server
    finally:
        server.close()


@contextmanager
def a_house(server: Server) -> Iterator[House]:
    """A house for as long as the block lasts."""
    house = House(server)
    try:
        yield house
    finally:
        house.close()


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
