"""A throw-away PostgreSQL with the six databases migrated, and the keys of an imaginary house."""

import asyncio
import importlib.util
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from infra import keys, migrate, provision
from suite.launcher import ports
from suite.launcher.postgres import Postgres
from tests.running import Throwaway

PACKAGES = {
    "maison_log": "infra.eventlog",
    "maison_profile": "services.profile",
    "maison_appointments": "services.appointments",
    "maison_feedback": "services.feedback",
    "maison_recommend": "services.recommend",
    "maison_gateway": "gateway",
}
# A machine that others use too may take seconds over a statement. Nothing is tested of this limit.
PATIENCE = "20s"


@contextmanager
def throwaway() -> Iterator[Throwaway]:
    """Start the server until the block ends. It trades safety for speed: fsync is off."""
    # Not pytest's own folder: PostgreSQL runs under another account when the tests run as root, and must reach it.
    # In memory where the machine has such a folder, for every test copies two databases (measured: 24 ms against 157).
    memory = Path("/dev/shm")  # noqa: S108 - made by mkdtemp
    folder = Path(tempfile.mkdtemp(prefix="maison-test-", dir=memory if memory.is_dir() else None))
    folder.chmod(0o755)
    options = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"}
    options["track_commit_timestamp"] = "on"  # tests of races ask what could be seen when
    server = Postgres(folder, ports.free(), password=secrets.token_hex(16), options=options)
    try:
        server.start()
        keys.create(folder / "keys")
        passwords = {login: secrets.token_hex(16) for login in provision.LOGINS}
        asyncio.run(provision.provision(server.admin_url, passwords))
        asyncio.run(_patient(server.admin_url))
        urls = {login: provision.database_url(server.admin_url, login, passwords[login]) for login in provision.LOGINS}
        for name, package in PACKAGES.items():
            if importlib.util.find_spec(package) is not None:
                asyncio.run(migrate.migrate(urls[name], package))
        yield Throwaway(server.admin_url, urls, folder / "keys")
    finally:
        server.stop()
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)


async def _patient(admin_url: str) -> None:
    """Let the logins' statements take their time."""
    connection = await asyncpg.connect(admin_url)
    try:
        for login in provision.LOGINS:
            await connection.execute(f"alter role {login} set statement_timeout = '{PATIENCE}'")
    finally:
        await connection.close()
