"""The outbox: facts recorded in a transaction are written with it, each aggregate's in the order of its commits."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncSession

from infra.eventlog.facts import Fact
from infra.eventlog.hint import Hint
from infra.ids import new_id
from infra.telemetry import traceparent

# One statement for all facts of a transaction. A row of `outbox` cannot be made before its aggregate's row of
# `outbox_sequence` has answered, and that row stays locked until the commit: so of two transactions about one
# aggregate, the later one draws both its sequence and its outbox id after the earlier one has become visible.
# Every transaction locks its aggregates in the same order (`n` follows the sorted batch): no dead-locks.
_WRITE = """
with item as (
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[])
        with ordinality as item (event_id, brand_id, aggregate, type, data, occurred_at, traceparent, n)
), locked as (
    insert into outbox_sequence as held (brand_id, aggregate, last)
    select brand_id, aggregate, count(*) from item group by brand_id, aggregate order by min(n)
    on conflict (brand_id, aggregate) do update set last = held.last + excluded.last
    returning held.brand_id, held.aggregate, held.last
)
insert into outbox (event_id, brand_id, aggregate, type, data, occurred_at, traceparent, sequence)
select event_id, brand_id, aggregate, type, data::jsonb, occurred_at, traceparent,
    locked.last + 1 - row_number() over (partition by brand_id, aggregate order by n desc)
from item join locked using (brand_id, aggregate)
order by n
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact that waits for its transaction to commit."""

    event_id: UUID
    brand_id: str
    aggregate: str
    type: str
    data: str
    occurred_at: datetime
    traceparent: str | None


def record(tx: AsyncSession, fact: Fact, *, brand_id: str | None = None, occurred_at: datetime | None = None) -> None:
    """Announce a fact if and only if this transaction commits.

    The brand is the transaction's own; a sweep over all brands must name it, or ValueError is raised.
    """
    brand = brand_id or tx.info["brand_id"]
    if not brand or brand == "*":
        raise ValueError(f"{fact.type} was recorded without a brand")
    recorded(tx).append(
        Recorded(
            event_id=new_id(),
            brand_id=brand,
            aggregate=fact.about(),
            type=fact.type,
            data=fact.model_dump_json(),
            occurred_at=occurred_at or datetime.now(UTC),
            traceparent=traceparent(),
        )
    )


def recorded(tx: AsyncSession) -> list[Recorded]:
    """What waits for the commit; the list itself, so that who rolls back a savepoint can shorten it."""
    facts: list[Recorded] = tx.info.setdefault("recorded", [])
    return facts


async def flush(tx: AsyncSession) -> None:
    """Write what was recorded; the last thing before the commit, for it holds the aggregates' locks."""
    facts = recorded(tx)
    if not facts:
        return
    await tx.flush()  # the service's own rows first
    batch = sorted(facts, key=attrgetter("brand_id", "aggregate"))  # stable: an aggregate's facts stay as recorded
    connection = await tx.connection()
    await connection.exec_driver_sql(
        _WRITE,
        (
            [fact.event_id for fact in batch],
            [fact.brand_id for fact in batch],
            [fact.aggregate for fact in batch],
            [fact.type for fact in batch],
            [fact.data for fact in batch],
            [fact.occurred_at for fact in batch],
            [fact.traceparent for fact in batch],
        ),
    )
    facts.clear()
    tx.info["announced"] = True


_hints: MutableMapping[Engine, Hint] = WeakKeyDictionary()


def hint(engine: Engine) -> Hint:
    """Where a relay waits for this database's next commit with facts."""
    return _hints.setdefault(engine, Hint())


def committed(tx: AsyncSession) -> None:
    """Wake this process's relay, if the transaction that just committed announced something."""
    if tx.info.pop("announced", False):
        hint(tx.get_bind().engine).give()
