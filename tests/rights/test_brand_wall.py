"""The second wall: with the application's filters left out, the database itself shows one brand to nobody else."""

# ruff: noqa: S608 - the names of tables come from the catalogue

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from infra.database import Database
from tests.running import Throwaway

A, B = "aurore", "brume"
DATABASES = ("maison_profile", "maison_appointments", "maison_feedback", "maison_recommend", "maison_gateway")
DENIED = "42501"

# Tables without the wall, each with all its columns: whoever adds one says here that it holds nothing personal.
# They hold ids, numbers and facts (which name nobody: see infra.eventlog.facts), and are swept over all brands.
_VERSION = ("which migrations ran", "version_num")
PLUMBING: Mapping[str, tuple[str, str]] = {
    "alembic_infra": _VERSION,
    "alembic_gateway": _VERSION,
    **{f"alembic_services_{name}": _VERSION for name in ("profile", "appointments", "feedback", "recommend")},
    "outbox": (
        "the relay publishes the facts of every brand in one order",
        "id event_id brand_id type aggregate sequence data occurred_at traceparent relay_seq published_at",
    ),
    "outbox_sequence": ("the next number of each aggregate", "brand_id aggregate last"),
    "parked_fact": (
        "the follower tries again what it could not take, whatever the brand",
        "id follower position source relay_seq brand_id aggregate envelope reason attempts parked_at",
    ),
    "relay_state": ("how far the relay has numbered", "source last_relay_seq"),
    "lease": ("which instance relays, and which follows", "name holder epoch expires_at"),
    "follower_cursor": ("how far the follower has read", "follower position"),
    "follower_source": ("how far it has read of each source", "follower source relay_seq"),
    "reconciliation": ("what comparing outbox and log found", "source checked_at compared missing foreign_facts"),
    "restoration": ("when this copy was restored, and from when", "restored_at made_at"),
    # The account is the house's, not a client's; the token is sealed.
    "wechat_token": ("the token of the house's own WeChat account", "appid token expires_at"),
}

_TABLES = """
    select c.relname, c.relrowsecurity and c.relforcerowsecurity as walled, c.relispartition,
        array(select attname::text from pg_attribute a where a.attrelid = c.oid and attnum > 0 and not attisdropped)
            as columns,
        array(select pg_get_expr(polqual, polrelid) || ' / ' || pg_get_expr(polwithcheck, polrelid)
            from pg_policy where polrelid = c.oid) as policies
    from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace order by c.relname
"""
_COLUMNS = """
    select a.attname, format_type(a.atttypid, a.atttypmod) as type, t.typcategory::text
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''
"""
_CONSTRAINTS = """
    select conrelid::regclass::text as relname, quote_ident(conname) as conname from pg_constraint
    where contype in ('c', 'f', 'x') and connamespace = 'public'::regnamespace
"""
_WALL = (
    "((brand_id = current_setting('maison.brand_id'::text, true))"
    " OR (current_setting('maison.brand_id'::text, true) = '*'::text))"
)


@dataclass(frozen=True)
class Walled:
    """A copy of one service's database with a row of each of two brands in every table that knows brands."""

    url: str
    admin: asyncpg.Connection
    tables: Sequence[str]


@asynccontextmanager
async def _walled(postgres: Throwaway, name: str) -> AsyncIterator[Walled]:
    url = await postgres.database(name)
    admin = await asyncpg.connect(postgres.admin_url.rpartition("/")[0] + "/" + url.rpartition("/")[2])
    try:
        # The rows need make no sense: only the wall is asked about.
        for one in await admin.fetch(_CONSTRAINTS):
            await admin.execute(f"alter table {one['relname']} drop constraint if exists {one['conname']}")
        tables = [one["relname"] for one in await _branded(admin)]
        for table in tables:
            for brand in (A, B):
                await _put(admin, table, brand)
        yield Walled(url, admin, tables)
    finally:
        await admin.close()
        await postgres.drop(url)


async def _branded(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    found = await connection.fetch(_TABLES)
    return [one for one in found if "brand_id" in one["columns"] and one["relname"] not in PLUMBING]


async def _put(admin: asyncpg.Connection, table: str, brand: str) -> None:
    columns = await admin.fetch(_COLUMNS, table)
    names = ", ".join(one["attname"] for one in columns)
    values = ", ".join(f"'{brand}'" if one["attname"] == "brand_id" else _value(one) for one in columns)
    await admin.execute(f"insert into {table} ({names}) overriding system value values ({values})")


_VALUES = {
    "A": "'{}'",
    "B": "false",
    "D": "now()",
    "N": "1 + floor(random() * 10000)",
    "R": "'[2030-01-01, 2030-01-02)'",
}


def _value(column: Mapping[str, Any]) -> str:
    of_type = {"uuid": "gen_random_uuid()", "jsonb": "'{}'"}.get(column["type"])
    return f"({of_type or _VALUES.get(column['typcategory'], 'left(md5(random()::text), 8)')})::{column['type']}"


@asynccontextmanager
async def _as(url: str, brand: str | None) -> AsyncIterator[asyncpg.Connection]:
    """The service's own login, bound to a brand or to none, without any of the application's filters."""
    connection = await asyncpg.connect(url)
    try:
        if brand is not None:
            await connection.execute("select set_config('maison.brand_id', $1, false)", brand)
        yield connection
    finally:
        await connection.close()


async def _is_denied(connection: asyncpg.Connection, statement: str) -> bool:
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as refused:
        return bool(refused.sqlstate == DENIED)
    return False


@pytest.mark.parametrize("name", DATABASES)
async def test_every_table_stands_behind_the_wall_or_says_why_not(postgres: Throwaway, name: str) -> None:
    connection = await asyncpg.connect(postgres.urls[name])
    try:
        for table in await connection.fetch(_TABLES):
            if table["relname"] in PLUMBING:
                assert table["columns"] == PLUMBING[table["relname"]][1].split(), table["relname"]
                continue
            assert "brand_id" in table["columns"], f"{table['relname']} knows no brand"
            assert table["walled"], f"{table['relname']} has no row-level security, or its owner passes through"
            # A second policy would open a second way in.
            assert table["policies"] == [f"{_WALL} / {_WALL}"], table["relname"]
        may = await connection.fetchrow("select rolsuper, rolbypassrls from pg_roles where rolname = current_user")
        assert tuple(may) == (False, False)
        # What runs with another's rights would see what they see.
        assert not await connection.fetch("select from pg_views where schemaname = 'public'")
        assert not await connection.fetch("select from pg_matviews where schemaname = 'public'")
        assert not await connection.fetch(
            "select from pg_proc where prosecdef and pronamespace = 'public'::regnamespace"
        )
    finally:
        await connection.close()


@pytest.mark.parametrize("name", DATABASES)
async def test_without_any_filter_one_brand_can_neither_see_nor_touch_anothers_rows(
    postgres: Throwaway, name: str
) -> None:
    async with _walled(postgres, name) as walled, _as(walled.url, A) as by_a:
        for table in walled.tables:
            assert [row["brand_id"] for row in await by_a.fetch(f"select brand_id from {table}")] == [A], table
            assert await by_a.fetch(f"select from {table} where brand_id = '{B}'") == [], table
            assert await by_a.fetch(f"update {table} set brand_id = brand_id where brand_id = '{B}' returning 1") == []
            assert await by_a.fetch(f"delete from {table} where brand_id = '{B}' returning 1") == [], table
            assert await _is_denied(by_a, f"update {table} set brand_id = '{B}'"), f"{table}: given away"
            columns = [one["attname"] for one in await by_a.fetch(_COLUMNS, table)]
            taken = ", ".join(f"'{B}'" if column == "brand_id" else column for column in columns)
            inserted = f"insert into {table} ({', '.join(columns)}) overriding system value select {taken} from {table}"
            assert await _is_denied(by_a, inserted), f"{table}: slipped in"
            assert await _is_denied(by_a, f"set row_security = off; select from {table}"), f"{table}: walked around"
            await by_a.execute("set row_security = on")
            # Nothing of either was touched.
            counted = await walled.admin.fetch(f"select brand_id, count(*) from {table} group by 1 order by 1")
            assert [tuple(row) for row in counted] == [(A, 1), (B, 1)], table


@pytest.mark.parametrize("name", DATABASES)
async def test_whoever_names_no_brand_sees_nothing(postgres: Throwaway, name: str) -> None:
    async with _walled(postgres, name) as walled:
        for brand in (None, "", f"{A},{B}", "%"):
            async with _as(walled.url, brand) as nobody:
                for table in walled.tables:
                    assert await nobody.fetch(f"select from {table}") == [], table
                    assert await nobody.fetch(f"update {table} set brand_id = brand_id returning 1") == [], table
                    assert await nobody.fetch(f"delete from {table} returning 1") == [], table


@pytest.mark.parametrize("name", DATABASES)
async def test_a_transaction_of_a_brand_sees_that_brand_and_leaves_nothing_in_the_pool(
    postgres: Throwaway, name: str
) -> None:
    async with _walled(postgres, name) as walled:
        database = Database(walled.url, pool_size=1)  # everybody below has the same connection

        async def seen() -> set[str]:
            async with database.engine.connect() as connection:
                rows = [row for table in walled.tables for row in await connection.execute(_brands(table))]
                return {row.brand_id for row in rows}

        try:
            for brand in (A, B):
                async with database.transaction(brand) as tx:
                    for table in walled.tables:
                        assert {row.brand_id for row in await tx.execute(_brands(table))} == {brand}, table
                assert await seen() == set()
            with pytest.raises(ZeroDivisionError):
                async with database.transaction(A):
                    raise ZeroDivisionError
            assert await seen() == set()
            # A caller who hangs up in the middle.
            begun = asyncio.Event()
            leaving = asyncio.create_task(_lingers(database, begun))
            await begun.wait()
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
            assert await seen() == set()
        finally:
            await database.dispose()


async def test_two_brands_that_share_a_pool_never_see_each_other(postgres: Throwaway) -> None:
    async with _walled(postgres, "maison_profile") as walled:
        database = Database(walled.url, pool_size=2)
        wrong: list[set[str]] = []

        async def looks(brand: str) -> None:
            for _ in range(100):
                async with database.transaction(brand) as tx:
                    found = {row.brand_id for row in await tx.execute(_brands("client"))}
                if found != {brand}:
                    wrong.append(found)

        try:
            await asyncio.gather(*(looks(brand) for brand in (A, B) * 4))
        finally:
            await database.dispose()
        assert wrong == []


def _brands(table: str) -> Any:
    return text(f"select brand_id from {table}")


async def _lingers(database: Database, begun: asyncio.Event) -> None:
    async with database.transaction(A) as tx:
        begun.set()
        await tx.execute(text("select pg_sleep(60)"))
