"""The token in the database: sealed, shared, and fetched by one process at a time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx
import pytest

from infra import migrate
from infra.crypto import Keyring
from infra.database import Database
from infra.wechat.access_token import TURN, AccessTokens, StoredToken
from infra.wechat.call import Account, open_http
from infra.wechat.errors import WeChatRejected, WeChatUnavailable
from infra.wechat.token_store import PostgresTokenStore
from tests.running import Throwaway

APPID = "wx1"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Issuer:
    """A WeChat that counts its tokens; it answers only after `gate` is open."""

    def __init__(self) -> None:
        self.issued = 0
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.refusing = False

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        self.asked.set()
        await self.gate.wait()
        if self.refusing:
            return httpx.Response(200, json={"errcode": 40164, "errmsg": "invalid ip, not in whitelist"})
        self.issued += 1
        return httpx.Response(200, json={"access_token": f"token-{self.issued}", "expires_in": 7200})


def keyring(version: int = 1) -> Keyring:
    return Keyring(version, {version: bytes([version]) * 32}, b"i" * 32)


@pytest.fixture
async def url(postgres: Throwaway) -> AsyncIterator[str]:
    url = await postgres.database("maison_gateway")
    await migrate.migrate(url, migrate.PLUMBING)
    yield url
    await postgres.drop(url)


@pytest.fixture
async def databases(url: str) -> AsyncIterator[list[Database]]:
    """What two processes have: pools of their own."""
    databases = [Database(url, pool_size=3), Database(url, pool_size=3)]
    yield databases
    for database in databases:
        await database.dispose()


def tokens(
    database: Database, issuer: Issuer, *, at: datetime = NOW, keys: Keyring | None = None, patience: float = TURN
) -> AccessTokens:
    http = open_http("https://wechat.test", transport=httpx.MockTransport(issuer))
    store = PostgresTokenStore(database, keys or keyring())
    return AccessTokens(http, Account(APPID, "secret"), store, clock=lambda: at, patience=patience)


async def test_two_processes_with_twenty_callers_each_ask_wechat_once(databases: list[Database]) -> None:
    issuer = Issuer()
    issuer.gate.clear()
    one, other = (tokens(database, issuer) for database in databases)
    callers = [asyncio.ensure_future(process.current()) for process in (one, other) for _ in range(20)]
    await issuer.asked.wait()
    issuer.gate.set()
    assert set(await asyncio.gather(*callers)) == {"token-1"}
    assert issuer.issued == 1


async def test_a_refused_token_is_replaced_once_for_all_who_had_it(databases: list[Database]) -> None:
    issuer = Issuer()
    one, other = (tokens(database, issuer) for database in databases)
    refused = await one.current()
    got = await asyncio.gather(*(process.current(refused=refused) for process in (one, other) for _ in range(5)))
    assert set(got) == {"token-2"}
    assert await other.current() == "token-2"


async def test_a_token_is_left_five_minutes_before_its_end(databases: list[Database]) -> None:
    issuer = Issuer()
    assert await tokens(databases[0], issuer).current() == "token-1"
    at = NOW + timedelta(seconds=7200 - 301)
    assert await tokens(databases[1], issuer, at=at).current() == "token-1"
    assert await tokens(databases[1], issuer, at=at + timedelta(seconds=1)).current() == "token-2"


async def test_a_refusal_of_wechat_leaves_the_store_as_it_was(databases: list[Database]) -> None:
    issuer = Issuer()
    refused = await tokens(databases[0], issuer).current()
    issuer.refusing = True
    with pytest.raises(WeChatRejected):
        await tokens(databases[0], issuer).current(refused=refused)
    assert await tokens(databases[1], issuer).current() == "token-1"


async def test_a_wechat_that_does_not_answer_frees_the_turn_for_the_next(databases: list[Database]) -> None:
    issuer = Issuer()
    issuer.gate.clear()
    with pytest.raises(WeChatUnavailable):
        await tokens(databases[0], issuer, patience=0.05).current()
    issuer.gate.set()
    assert await tokens(databases[1], issuer).current() == "token-1"


async def test_the_token_lies_sealed_in_the_table(databases: list[Database], url: str) -> None:
    await tokens(databases[0], Issuer()).current()
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("select appid, token, expires_at from wechat_token")
    finally:
        await connection.close()
    assert [(row["appid"], row["expires_at"]) for row in rows] == [(APPID, NOW + timedelta(seconds=6900))]
    assert b"token" not in rows[0]["token"]
    assert keyring().open("wechat_token", "token", APPID, rows[0]["token"]) == "token-1"


async def test_a_token_sealed_with_a_lost_key_is_fetched_anew(databases: list[Database]) -> None:
    issuer = Issuer()
    await tokens(databases[0], issuer).current()
    assert await tokens(databases[0], issuer, keys=keyring(2)).current() == "token-2"


async def test_an_exception_in_a_turn_changes_nothing(databases: list[Database]) -> None:
    store = PostgresTokenStore(databases[0], keyring())

    async def half_a_turn() -> None:
        async with store.turn(APPID) as turn:
            await turn.put(StoredToken("half", NOW))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await half_a_turn()
    assert await store.read(APPID) is None
