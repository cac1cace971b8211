"""A house without a storm: facts committed by the test itself, and rest at the end."""

from infra.database import Database
from infra.eventlog.outbox import record, recorded
from tests.faults import checker, machine
from tests.faults.facts import BRAND, said, say
from tests.faults.house import House, run
from tests.faults.ledger import Ledgers, Pen


def commit(house: House, service: str, *, count: int, things: int = 7) -> None:
    """Facts, written as a writer writes them, by this process."""
    pen = Pen(house.ledgers)

    async def write() -> None:
        database = Database(house.urls[service])
        for by in range(count):
            async with database.transaction(BRAND) as tx:
                record(tx, said(service, by % things, by=by))
                event_ids = [one.event_id for one in recorded(tx)]
                await say(tx, event_ids)
                number = pen.means(event_ids)
            pen.kept(number)
        await database.dispose()

    run(write())


def bring_to_rest(house: House) -> checker.Verdict:
    """Fresh relays and a fresh follower, until all has arrived; answers what the checker finds."""
    programs = [house.relay("lamps"), house.relay("bells"), house.relay("watch"), house.follower()]
    machine.await_that(lambda: checker.settled(house))
    for program in programs:
        program.stop()
    return checker.check(house, Ledgers(house.ledgers))
