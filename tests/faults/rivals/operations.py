"""The operations that rivals draw from: one row each, with where the appointment stands that it wants."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from tests.faults.rivals.heard import LOOK, Answer, Ask
from tests.faults.rivals.house import House

HELD, PENDING, CONFIRMED = "held", "pending", "confirmed"
LIVE = frozenset({HELD, PENDING, CONFIRMED})
ASTRAY = 0.05  # of the steps, which begin where they must not
NAMED = 0.4  # of the times wanted, with a certain advisor
VERSIONED = 0.3  # of the steps, that only the version seen may be taken from
AROUND = timedelta(milliseconds=60)  # of the end of a hold, when it is asked for at the last moment


@dataclass
class Pool:
    """The appointments that everybody knows, as they were last heard of."""

    house: House
    chance: random.Random
    live: dict[UUID, Answer] = field(default_factory=dict)
    ended: deque[Answer] = field(default_factory=lambda: deque(maxlen=50))

    def hear(self, answer: Answer) -> None:
        """Remember the latest of each."""
        if answer.status not in {200, 201}:
            return
        before = self.live.get(answer.appointment_id)
        if before is not None and before.body["version"] > answer.body["version"]:
            return
        if answer.body["status"] in LIVE:
            self.live[answer.appointment_id] = answer
        else:
            self.live.pop(answer.appointment_id, None)
            self.ended.append(answer)

    def one(self, stands: frozenset[str]) -> Answer | None:
        """Any that stands so, or sometimes any at all."""
        found = (
            [*self.live.values(), *self.ended]
            if self.chance.random() < ASTRAY
            else [one for one in self.live.values() if one.body["status"] in stands]
        )
        return self.chance.choice(found) if found else None


@dataclass(frozen=True)
class Operation:
    """One row of the table: how often it is drawn, from where it begins (nowhere: it makes one), and what it asks."""

    name: str
    weight: int
    begins: frozenset[str]
    ask: Callable[[Pool, Answer | None], Ask]


def _hold(pool: Pool, _: Answer | None) -> Ask:
    house, chance = pool.house, pool.chance
    return Ask(
        "hold",
        chance.choice(house.client_ids),
        experience_id=chance.choice(house.offers).experience_id,
        starts_at=house.crowded(chance),
        advisor_id=chance.choice(house.advisor_ids) if chance.random() < NAMED else None,
    )


def _step(name: str, *, by_manager: bool | None = None) -> Callable[[Pool, Answer | None], Ask]:
    """A step that the client takes, or the boutique's manager; either of them if it is not said who."""

    def ask(pool: Pool, found: Answer | None) -> Ask:
        assert found is not None
        manager = pool.chance.random() < 0.5 if by_manager is None else by_manager
        return Ask(
            name,
            None if manager else UUID(found.body["client_id"]),
            found.appointment_id,
            tag=f'"{found.body["version"]}"' if pool.chance.random() < VERSIONED else "*",
        )

    return ask


def _at_the_last_moment(name: str) -> Callable[[Pool, Answer | None], Ask]:
    def ask(pool: Pool, found: Answer | None) -> Ask:
        assert found is not None
        ends = found.instant("expires_at")
        around = AROUND * pool.chance.uniform(-1, 1)
        moment = pool.house.pace.when(ends) + around if ends else None
        return Ask(name, UUID(found.body["client_id"]), found.appointment_id, at=moment)

    return ask


def _move(pool: Pool, found: Answer | None) -> Ask:
    assert found is not None
    house, chance = pool.house, pool.chance
    return Ask(
        "move",
        UUID(found.body["client_id"]),
        found.appointment_id,
        UUID(found.body["experience_id"]),
        house.crowded(chance),
        chance.choice(house.advisor_ids) if chance.random() < NAMED else None,
        tag=f'"{found.body["version"]}"',
    )


# The whole table. A hold that is looked at when it ends was left to run out: the four processes expire it.
OPERATIONS: tuple[Operation, ...] = (
    Operation("hold", 34, frozenset(), _hold),
    Operation("confirm", 20, frozenset({HELD}), _step("confirm")),
    Operation("confirm at the last moment", 6, frozenset({HELD}), _at_the_last_moment("confirm")),
    Operation("expire", 6, frozenset({HELD}), _at_the_last_moment(LOOK)),
    Operation("approve", 12, frozenset({PENDING}), _step("approve", by_manager=True)),
    Operation("move", 18, frozenset({PENDING, CONFIRMED}), _move),
    Operation("cancel", 14, LIVE, _step("cancel")),
    Operation("look", 2, LIVE, _step(LOOK)),
)


def drawn(pool: Pool) -> Ask:
    """The next request: by the weights, of what is possible now."""
    while True:
        [operation] = pool.chance.choices(OPERATIONS, [one.weight for one in OPERATIONS])
        if not operation.begins:
            return operation.ask(pool, None)
        if (found := pool.one(operation.begins)) is not None:
            return operation.ask(pool, found)
