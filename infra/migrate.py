"""`python -m infra.migrate PACKAGE`: bring one database to the newest schema, one migrator at a time."""

import asyncio
import importlib.util
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from infra.settings import PostgresUrl, load

PLUMBING = "infra"
LOG = "infra.eventlog"
LOCK = 0x4D41_4953_4F4E  # "MAISON": the advisory lock that migrators queue for


class Target(BaseSettings):
    """The database to migrate."""

    model_config = SettingsConfigDict(env_prefix="MAISON_", extra="ignore")

    database_url: PostgresUrl


def chains(package: str) -> list[str]:
    """The packages whose migrations make up a database: infra's plumbing first, except for the log itself."""
    return [package] if package == LOG else [PLUMBING, package]


def config(package: str, connection: Connection | None = None) -> Config:
    """Alembic's configuration for one package's chain; each chain keeps its own version table."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        msg = f"no package {package}"
        raise SystemExit(msg)
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.set_main_option("version_locations", str(Path(spec.submodule_search_locations[0]) / "migrations" / "versions"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    made.attributes["version_table"] = "alembic_" + package.replace(".", "_")
    return made


async def migrate(url: str, package: str) -> None:
    """Apply what is missing. Rivals wait for the advisory lock and then find nothing to do."""
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.connect() as connection:
            # A migration may take longer than a request, but must not queue behind one and block the rest.
            await connection.execute(text("set statement_timeout = 0"))
            await connection.execute(text("set lock_timeout = 0"))
            await connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
            await connection.execute(text("set lock_timeout = '2s'"))
            await connection.execute(text("set idle_in_transaction_session_timeout = 0"))
            await connection.commit()
            for chain in chains(package):
                await _upgrade(connection, chain)
    finally:
        await engine.dispose()


async def _upgrade(connection: AsyncConnection, package: str) -> None:
    await connection.run_sync(lambda sync: command.upgrade(config(package, sync), "head"))
    await connection.commit()


def main(package: str) -> None:
    """Migrate the database of MAISON_DATABASE_URL."""
    asyncio.run(migrate(load(Target).database_url, package))


if __name__ == "__main__":
    main(sys.argv[1])
