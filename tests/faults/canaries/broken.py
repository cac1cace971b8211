"""A database in which every row is refused: PostgreSQL complains about it, and quotes it whole."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.rights.house import House

# Without these nothing would be tried at all: they say who works and how far.
PLUMBING = ("lease", "follower_cursor", "follower_source", "relay_state")
# In one statement for all tables of a database that `{which}` names; `{change}` is what is done to them.
_EVERY_TABLE = """
do $$ declare one text; begin
    for one in select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
        and relname not like 'alembic%' and {which}
    loop execute format('alter table %I {change}', one); end loop;
end $$
"""


@asynccontextmanager
async def broken(house: House, *, only: str = "") -> AsyncIterator[None]:
    """Refuse every new row in every table of every service, or in the tables of one name, until the block ends."""
    left = ", ".join(f"'{name}'" for name in PLUMBING)
    which = f"relname = '{only}'" if only else f"relname not in ({left})"

    async def each(change: str) -> None:
        for one in house.running:
            await one.rows(_EVERY_TABLE.format(which=which, change=change))

    await each("add constraint ck_forced check (false) not valid")
    try:
        yield
    finally:
        await each("drop constraint ck_forced")
