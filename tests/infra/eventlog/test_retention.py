"""The outbox's memory: fourteen days behind the log, and never shorter than the relay's own work."""

from infra.eventlog.postgres import PostgresLog
from infra.eventlog.relay import Relay
from infra.eventlog.retention import forget_published
from infra.ids import new_id
from tests.infra.eventlog.builders import LampLit, announce, everything, rows
from tests.infra.eventlog.conftest import NewDatabase

_AGE = "update outbox set {column} = now() - interval '{days} days' where relay_seq {which} returning 1"


async def test_published_facts_are_forgotten_after_fourteen_days_and_waiting_ones_never(
    new_database: NewDatabase, service_url: str, log: PostgresLog
) -> None:
    database = new_database()
    for by in range(4):
        await announce(database, LampLit(lamp_id=new_id(), by=by))
    relay = Relay(database, log, "lamps")
    assert await relay.once() == 4
    await announce(database, LampLit(lamp_id=new_id(), by=4))
    await rows(service_url, _AGE.format(column="published_at", days=15, which="<= 2"))
    await rows(service_url, _AGE.format(column="published_at", days=13, which="in (3, 4)"))
    await rows(service_url, "update outbox set occurred_at = now() - interval '90 days' returning 1")
    assert await forget_published(database) == 2
    assert await forget_published(database) == 0
    left = await rows(service_url, "select relay_seq, published_at is null as waits from outbox order by id")
    assert [(row["relay_seq"], row["waits"]) for row in left] == [(3, False), (4, False), (None, True)]
    # The numbers go on where they were.
    assert await relay.once() == 1
    assert [stored.relay_seq for stored in await everything(log)] == [1, 2, 3, 4, 5]
