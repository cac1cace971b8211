"""What the tests look up in a house's databases, whichever house it is."""

from collections.abc import Collection, Mapping
from typing import Any

import asyncpg


async def query(url: str, asked: str, *args: object) -> list[dict[str, Any]]:
    """What a query finds over every brand, on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("set statement_timeout = 0")
        await connection.execute("select set_config('maison.brand_id', '*', false)")
        return [dict(row) for row in await connection.fetch(asked, *args)]
    finally:
        await connection.close()


async def settled(log_url: str, urls: Mapping[str, str], followers: Collection[str]) -> bool:
    """Whether every fact has left its service's outbox, and these services have taken all the log."""
    for url in urls.values():
        if await query(url, "select from outbox where published_at is null limit 1"):
            return False
    [head] = await query(log_url, "select coalesce(max(position), 0) as position from fact")
    for name in followers:
        if await query(urls[name], "select position from follower_cursor where follower = $1", name) != [head]:
            return False
    return True
