"""Where a follower has to go on reading in a log that was mended: before the first fact that it has not taken."""

from collections.abc import Mapping

from infra.eventlog import extent
from infra.eventlog.direct import Connection

_CURSORS = "select follower from follower_cursor order by follower for update"
_TAKEN = "select source, relay_seq from follower_source where follower = $1"
_MOVE = "update follower_cursor set position = $2 where follower = $1 and position <> $2"
_SOURCES = "select source from log_source"
# The numbers of a source grow with the positions: the one after the last taken is the first not taken.
_FIRST_NEW = """
select min(fact.position) from unnest($1::text[], $2::bigint[]) as taken (source, relay_seq)
join fact on fact.source = taken.source and fact.relay_seq = taken.relay_seq + 1
"""


async def first_new(log: Connection, taken: Mapping[str, int]) -> int | None:
    """The position of the first fact behind what was taken of each source, None when the log has none."""
    sources = [row["source"] for row in await log.fetch(_SOURCES)]
    found: int | None = await log.fetchval(_FIRST_NEW, sources, [taken.get(source, 0) for source in sources])
    return found


async def rewind(service: Connection, log: Connection) -> int:
    """Set every follower of this database right before the first fact it has not taken; answers how many moved.

    Inside a transaction of the service's database. Repeats nothing and skips nothing, for the sources' own numbers
    decide what is new; positions only say where to read.
    """
    moved = 0
    for row in await service.fetch(_CURSORS):
        taken = {one["source"]: one["relay_seq"] for one in await service.fetch(_TAKEN, row["follower"])}
        # The head first: whatever is appended from now on stands behind it.
        head = await extent.head(log)
        new = await first_new(log, taken)
        at = head if new is None else min(new - 1, head)
        moved += int((await service.execute(_MOVE, row["follower"], at)).rpartition(" ")[2])
    return moved
