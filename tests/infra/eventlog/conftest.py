"""One service's database with the plumbing's tables, and a log, both empty for every test."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from infra import migrate
from infra.database import Database, guard
from infra.eventlog.postgres import PostgresLog
from tests.infra.eventlog.builders import OTHER_BRAND
from tests.infra.eventlog.house import PLUMBING, House, house
from tests.running import Throwaway

_EFFECT = """
create table effect (
    n bigint generated always as identity primary key,
    brand_id text not null,
    event_id uuid not null,
    aggregate text not null,
    sequence bigint not null,
    by int not null
)
"""

THREE = ("lamps", "lanterns", "candles")

NewLog = Callable[..., PostgresLog]
NewDatabase = Callable[..., Database]


@pytest.fixture(scope="session")
def plumbed(postgres: Throwaway) -> str:
    """A database with infra's own chain, made once: making one per test would take most of the tests' time."""

    async def make() -> str:
        url = await postgres.database("maison_gateway")
        await migrate.migrate(url, migrate.PLUMBING)
        return url

    return asyncio.run(make())


@pytest.fixture(scope="session")
def shared_log(postgres: Throwaway) -> str:
    """A log that the tests take turns in."""
    return asyncio.run(postgres.database("maison_log"))


@pytest.fixture(scope="session")
def three_urls(postgres: Throwaway, plumbed: str) -> dict[str, str]:
    """The databases of three services, which the tests take turns in as well. They need nothing but the plumbing."""

    async def make() -> dict[str, str]:
        urls = {name: await postgres.database("maison_gateway") for name in THREE}
        for url in urls.values():
            await migrate.migrate(url, migrate.PLUMBING)
        return urls

    return asyncio.run(make())


@pytest.fixture
async def three(three_urls: dict[str, str], log_url: str, log: PostgresLog) -> AsyncIterator[House]:
    """Three services that have told one another of forty-five facts each, in turns, of two brands."""
    async with house(three_urls, log_url, log) as made:
        for _ in range(3):
            for service in made.services.values():
                await service.light(10)
                await service.light(5, brand_id=OTHER_BRAND)
                await service.send()
        await made.settle()
        yield made


@pytest.fixture
async def service_url(plumbed: str) -> str:
    """The service's database, empty, with a table for effects behind the brand wall."""
    await _run(plumbed, f"truncate {PLUMBING} restart identity", "drop table if exists effect", _EFFECT)
    await _run(plumbed, *guard("effect"))
    return plumbed


@pytest.fixture
async def log_url(shared_log: str) -> str:
    """An empty log."""
    await _run(shared_log, "truncate fact, log_source", "update log_head set position = 0")
    return shared_log


@pytest.fixture
async def new_database(service_url: str) -> AsyncIterator[NewDatabase]:
    """As many pools to the service's database as there are processes to play."""
    made: list[Database] = []

    def make(name: str = "writer") -> Database:
        made.append(Database(service_url, name=name))
        return made[-1]

    yield make
    for database in made:
        await database.dispose()


@pytest.fixture
def database(new_database: NewDatabase) -> Database:
    return new_database()


@pytest.fixture
async def new_log(log_url: str) -> AsyncIterator[NewLog]:
    """As many pools to the log as there are processes to play."""
    made: list[PostgresLog] = []

    def make(**options: int) -> PostgresLog:
        made.append(PostgresLog(log_url, **options))
        return made[-1]

    yield make
    for log in made:
        await log.dispose()


@pytest.fixture
def log(new_log: NewLog) -> PostgresLog:
    return new_log()


async def _run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
