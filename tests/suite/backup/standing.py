"""A suite's data folder with its PostgreSQL: what a backup is taken of, and restored into."""

import asyncio
import importlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from infra import keys, migrate, provision
from infra.keys import JWKS
from infra.settings import Settings
from suite.backup.server import urls
from suite.launcher import lock, machine, ports, processes, vault
from suite.launcher.postgres import Postgres
from suite.launcher.settings import LauncherSettings
from tests.running import Running


class Standing:
    """One data folder, as `maison up` leaves it; the processes are the test's to play."""

    def __init__(self, folder: Path) -> None:
        self.settings = LauncherSettings(
            data=folder / "data", environment="test", demo=False, admin_url=None, port_postgres=ports.free()
        )
        machine.require_folder(self.settings.data)
        self.settings.data.chmod(0o755)
        self.secrets = vault.kept(self.settings.data)
        self.server = Postgres(self.settings.data, self.settings.port("postgres"), password=self.secrets["postgres"])

    @property
    def urls(self) -> dict[str, str]:
        """The address of every database."""
        return urls(self.server.admin_url, self.secrets)

    def make(self) -> None:
        """The first start: keys, databases, migrations."""
        keys.create(self.settings.keys)
        self.server.start()
        asyncio.run(provision.provision(self.server.admin_url, self.secrets))
        for package, url in processes.migrations(self.settings, self.secrets, self.server.admin_url):
            asyncio.run(migrate.migrate(url, package))

    @contextmanager
    def up(self) -> Iterator[None]:
        """The server running, and the lock held as a launcher holds it."""
        with lock.held(self.settings.data):
            self.server.start()
            try:
                yield
            finally:
                self.server.stop()

    @asynccontextmanager
    async def serving(self, name: str) -> AsyncIterator[Running]:
        """One service, in this process, on the data folder's databases."""
        settings = Settings(
            environment="test",
            database_url=self.urls[f"maison_{name}"],
            log_url=self.urls["maison_log"],
            keys=self.settings.keys / f"{name}.json",
            inner_jwks=self.settings.keys / JWKS,
        )
        app = importlib.import_module(f"services.{name}.app").build(settings)
        running = Running(name, app, settings, self.settings.keys)
        async with app.router.lifespan_context(app):
            yield running
            for client in running.clients:
                await client.aclose()

    def rows(self, database: str, query: str, *args: object) -> list[dict[str, Any]]:
        """What a query finds in a database, over every brand."""
        return asyncio.run(_rows(self.urls[f"maison_{database}"], query, *args))


async def _rows(url: str, query: str, *args: object) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select set_config('maison.brand_id', '*', false)")
        return [dict(row) for row in await connection.fetch(query, *args)]
    finally:
        await connection.close()


@contextmanager
def standing(*, on_disk: bool = False) -> Iterator[Standing]:
    """A data folder for as long as the block lasts; in memory where the machine has such a folder, unless on disk."""
    # Not pytest's own folder: PostgreSQL runs under another account when the tests run as root, and must reach it.
    memory = Path("/dev/shm")  # noqa: S108 - made by mkdtemp
    parent = memory if memory.is_dir() and not on_disk else None
    folder = Path(tempfile.mkdtemp(prefix="maison-backup-", dir=parent))
    folder.chmod(0o755)
    made = Standing(folder)
    try:
        yield made
    finally:
        made.server.stop()
        shutil.rmtree(folder, ignore_errors=True)
