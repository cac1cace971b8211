"""How far everything has come: sizes, migrations, the log, its sources and its followers, read over all databases."""

import re
from collections.abc import Mapping
from typing import Any

import asyncpg

from suite.backup.manifest import Database, Follower, Positions

_LOG = "maison_log"
_VERSION_TABLE = re.compile(r"^alembic_[a-z_]+$")
_VERSION_TABLES = "select tablename from pg_tables where schemaname = 'public' and tablename like 'alembic%' order by 1"


async def look(urls: Mapping[str, str]) -> tuple[dict[str, Database], Positions]:
    """Ask every database at its login's address; raises OSError or asyncpg.PostgresError.

    One after the other and while all go on: each figure is a lower bound for whatever is copied afterwards.
    """
    databases: dict[str, Database] = {}
    numbered: dict[str, int] = {}
    followers: dict[str, Follower] = {}
    head, in_log = 0, dict[str, int]()
    for name, url in urls.items():
        connection = await asyncpg.connect(url, timeout=10)
        try:
            databases[name] = await _database(connection)
            if name == _LOG:
                head = await connection.fetchval("select position from log_head")
                rows = await connection.fetch("select source, last_relay_seq from log_source")
                in_log = {row["source"]: row["last_relay_seq"] for row in rows}
                continue
            for row in await connection.fetch("select source, last_relay_seq from relay_state"):
                numbered[row["source"]] = row["last_relay_seq"]
            followers |= await _followers(connection)
        finally:
            await connection.close()
    return databases, Positions(head=head, in_log=in_log, numbered=numbered, followers=followers)


def fallen_behind(wanted: Positions, found: Positions) -> list[str]:
    """What is further back than it was, in words; empty when everything is there."""
    behind = [f"the log's head is {found.head}, not {wanted.head}"] if found.head < wanted.head else []
    for name, before, now in (
        ("in the log", wanted.in_log, found.in_log),
        ("in its outbox", wanted.numbered, found.numbered),
    ):
        behind += [
            f"{source} has come to {now.get(source, 0)} {name}, not to {number}"
            for source, number in before.items()
            if now.get(source, 0) < number
        ]
    return behind + [
        f"the follower {name} has not come to {follower.position}"
        for name, follower in wanted.followers.items()
        if name not in found.followers or found.followers[name].position < follower.position
    ]


async def _database(connection: Any) -> Database:
    migrations = {}
    for row in await connection.fetch(_VERSION_TABLES):
        if _VERSION_TABLE.match(row["tablename"]):
            migrations[row["tablename"]] = await connection.fetchval(f"select version_num from {row['tablename']}")  # noqa: S608 - held to its form
    return Database(
        bytes=await connection.fetchval("select pg_database_size(current_database())"), migrations=migrations
    )


async def _followers(connection: Any) -> dict[str, Follower]:
    found = {}
    for row in await connection.fetch("select follower, position from follower_cursor"):
        asked = "select source, relay_seq from follower_source where follower = $1"
        taken = {one["source"]: one["relay_seq"] for one in await connection.fetch(asked, row["follower"])}
        found[row["follower"]] = Follower(position=row["position"], taken=taken)
    return found
