"""What a measurement stands on: a PostgreSQL of its own with fsync on, the six databases migrated, keys, ports."""

import asyncio
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.machine import Broken, Process, python, started
from infra import keys, migrate, provision
from suite.launcher import ports
from suite.launcher.postgres import Postgres

PACKAGES = {
    "maison_log": "infra.eventlog",
    "maison_profile": "services.profile",
    "maison_appointments": "services.appointments",
    "maison_feedback": "services.feedback",
    "maison_recommend": "services.recommend",
    "maison_gateway": "gateway",
}
READY = 60  # seconds that a process may take to start


@dataclass(frozen=True)
class Ground:
    """The server, the addresses of its databases by name, and the house's keys."""

    folder: Path
    server: Postgres
    urls: Mapping[str, str]

    @property
    def keys(self) -> Path:
        """The folder of the key files."""
        return self.folder / "keys"

    def variables(self, name: str, port: int) -> dict[str, str]:
        """What a process of the suite is told: see infra.settings."""
        return {
            "MAISON_PORT": str(port),
            "MAISON_DATABASE_URL": self.urls[f"maison_{name}"],
            "MAISON_LOG_URL": self.urls["maison_log"],
            "MAISON_KEYS": str(self.keys / f"{name}.json"),
            "MAISON_INNER_JWKS": str(self.keys / keys.JWKS),
        }


@contextmanager
def laid(*packages: str, **options: str) -> Iterator[Ground]:
    """The ground for these databases (all of them by default); it is removed at the end.

    PostgreSQL runs with the options of the suite, fsync on, and with `options`.
    """
    folder = Path(tempfile.mkdtemp(prefix="maison-bench-"))
    folder.chmod(0o755)  # PostgreSQL runs under another account when we are root, and must reach it
    server = Postgres(folder, ports.free(), password=secrets.token_hex(16), options=options)
    try:
        server.start()
        keys.create(folder / "keys")
        passwords = {login: secrets.token_hex(16) for login in provision.LOGINS}
        asyncio.run(provision.provision(server.admin_url, passwords))
        urls = {login: provision.database_url(server.admin_url, login, passwords[login]) for login in provision.LOGINS}
        for name in packages or PACKAGES:
            asyncio.run(migrate.migrate(urls[name], PACKAGES[name]))
        yield Ground(folder, server, urls)
    finally:
        server.stop()
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def served(
    application: str, variables: Mapping[str, str], log: Path, *, core: int | None = None
) -> Iterator[tuple[Process, str]]:
    """A process of the suite that is ready, and its address. `variables` hold its MAISON_PORT."""
    address = f"http://127.0.0.1:{variables['MAISON_PORT']}"
    with started(python("infra.serve", application), variables=variables, core=core, log=log) as process:
        await_ready(process, address, log)
        yield process, address


def await_ready(process: Process, address: str, log: Path) -> None:
    """Wait until a process can serve; raises Broken."""
    deadline = time.monotonic() + READY
    while True:
        try:
            if httpx.get(f"{address}/readyz", timeout=2, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise Broken(f"{process.args!r} was not ready:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)
