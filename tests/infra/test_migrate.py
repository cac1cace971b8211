"""Migrations: one migrator at a time, whatever starts at the same moment."""

import asyncio
import secrets

import asyncpg

from infra.migrate import migrate
from infra.provision import database_url
from tests.running import Throwaway


async def test_two_migrators_at_once_make_one_schema(postgres: Throwaway) -> None:
    admin = await asyncpg.connect(postgres.admin_url)
    name, password = f"fresh_{secrets.token_hex(4)}", secrets.token_hex(16)
    try:
        await admin.execute(f"create role {name} login password '{password}'")
        await admin.execute(f"create database {name} owner {name}")
        url = database_url(postgres.admin_url, name, password)
        await asyncio.gather(*(migrate(url, "services.feedback") for _ in range(3)))
        made = await asyncpg.connect(url)
        try:
            assert await made.fetchval("select count(*) from alembic_infra") == 1
            assert await made.fetchval("select count(*) from alembic_services_feedback") == 1
            unguarded = await made.fetch(
                "select c.relname from pg_class c join information_schema.columns k on k.table_name = c.relname"
                " and k.column_name = 'brand_id' where c.relkind = 'r' and k.table_schema = 'public'"
                " and not (c.relrowsecurity and c.relforcerowsecurity)"
            )
            # Plumbing holds nothing personal and works for every brand at once.
            assert {row["relname"] for row in unguarded} <= {"outbox", "outbox_sequence", "parked_fact"}
        finally:
            await made.close()
    finally:
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.execute(f"drop role if exists {name}")
        await admin.close()
