"""What must hold after every storm, whatever was killed: looked up in the tables, counted, and said."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any
from uuid import UUID

from tests import databases
from tests.faults.facts import ECHO
from tests.faults.house import FOLLOWER, PUBLISHERS, SERVICES, House, run
from tests.faults.ledger import Ledgers

_OUTBOX = "select id, event_id, aggregate, sequence, relay_seq, published_at from outbox order by id"
_SAID = "select event_id from said"
_LOG = "select position, relay_seq, (envelope ->> 'id')::uuid as event_id from fact where source = $1 order by position"
_POSITIONS = "select count(*) as facts, coalesce(max(position), 0) as last from fact"
_EFFECTS = "select event_id, aggregate, sequence, by from effect order by aggregate, n"
_ECHOES = "select (data ->> 'about_id')::uuid as event_id from outbox"
_WAITING = "select count(*) from outbox where published_at is null"


@dataclass
class Verdict:
    """Counts of one storm. Everything in `violations` must be zero."""

    facts: int = 0
    acknowledged: int = 0
    unknown: int = 0  # their writer was killed or cut off before it was told; `survived` of them are there
    survived: int = 0
    effects: int = 0
    violations: Counter[str] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        """Nothing was violated."""
        return not +self.violations


def check(house: House, ledgers: Ledgers) -> Verdict:
    """Look at everything; all relays and followers must have come to rest."""
    ledgers.look()
    acknowledged, unknown = ledgers.acknowledged(), ledgers.unknown()
    verdict = Verdict(acknowledged=len(acknowledged), unknown=len(unknown))
    wrong = verdict.violations
    announced: list[UUID] = []
    for service in SERVICES:
        outbox = house.rows(service, _OUTBOX)
        _check_outbox(outbox, wrong)
        _check_log(house, service, outbox, wrong)
        if service in PUBLISHERS:
            event_ids = [row["event_id"] for row in outbox]
            announced += event_ids
            kept = Counter(row["event_id"] for row in house.rows(service, _SAID))
            wrong["facts without their row, or rows without their fact"] += _apart(kept, Counter(event_ids))
    there = set(announced)
    verdict.facts = len(announced)
    verdict.survived = len(unknown & there)
    wrong["acknowledged writes lost"] += len(acknowledged - there)
    wrong["facts that nobody wrote"] += len(there - acknowledged - unknown)
    verdict.effects = _check_effects(house, there, wrong)
    for service in SERVICES:
        wrong["facts parked"] += house.value(service, "select count(*) from parked_fact")
    at = house.rows("log", _POSITIONS)[0]
    wrong["holes in the log's positions"] += at["last"] - at["facts"]
    return verdict


def settled(house: House) -> bool:
    """Whether every fact has left its outbox, and the follower has taken all the log."""
    return run(databases.settled(house.log_url, house.urls, (FOLLOWER,)))


def progress(house: House) -> tuple[int, ...]:
    """Figures that change as long as anything moves."""
    waiting = [house.value(service, _WAITING) for service in SERVICES]
    return (*waiting, house.value(FOLLOWER, "select coalesce(max(position), 0) from follower_cursor"))


def _check_outbox(outbox: list[dict[str, Any]], wrong: Counter[str]) -> None:
    wrong["outbox rows not published"] += sum(row["published_at"] is None for row in outbox)
    numbers = sorted(row["relay_seq"] or 0 for row in outbox)
    wrong["holes in relay_seq"] += numbers != list(range(1, len(outbox) + 1))
    by_relay = sorted(outbox, key=lambda row: (row["aggregate"], row["relay_seq"] or 0))
    wrong["out of order in the outbox"] += _inversions(by_relay)


def _check_log(house: House, service: str, outbox: list[dict[str, Any]], wrong: Counter[str]) -> None:
    stored = house.rows("log", _LOG, service)
    wanted = Counter(row["event_id"] for row in outbox)
    found = Counter(row["event_id"] for row in stored)
    wrong["facts missing in the log"] += (wanted - found).total()
    wrong["facts twice in the log"] += sum(count - 1 for count in found.values())
    wrong["out of order in the log"] += [row["relay_seq"] for row in stored] != list(range(1, len(stored) + 1))
    numbers = {row["event_id"]: row["relay_seq"] for row in outbox}
    wrong["other numbers in the log"] += sum(numbers.get(row["event_id"]) != row["relay_seq"] for row in stored)


def _check_effects(house: House, there: set[UUID], wrong: Counter[str]) -> int:
    effects = house.rows(FOLLOWER, _EFFECTS)
    happened = Counter(row["event_id"] for row in effects)
    wrong["effects lost"] += len(there - happened.keys())
    wrong["effects twice"] += sum(count - 1 for count in happened.values())
    wrong["effects of nothing"] += len(happened.keys() - there)
    wrong["effects out of order"] += _inversions(effects)
    echoes = Counter(row["event_id"] for row in house.rows(FOLLOWER, _ECHOES))
    loud = Counter(row["event_id"] for row in effects if row["by"] % ECHO == 0)
    wrong["answers lost or twice"] += _apart(echoes, loud)
    return len(effects)


def _inversions(rows: list[dict[str, Any]]) -> int:
    """How often a sequence number of one aggregate is not the one before plus one."""
    found = 0
    for _, of_one in groupby(rows, key=lambda row: row["aggregate"]):
        sequences = [0, *(row["sequence"] for row in of_one)]
        found += sum(later != earlier + 1 for earlier, later in pairwise(sequences))
    return found


def _apart(one: Counter[UUID], other: Counter[UUID]) -> int:
    return ((one - other) + (other - one)).total()
