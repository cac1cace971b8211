"""Rounds of rivals for one time: twenty who hold it, moves that swap places or meet holds, confirmations at the end."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from infra.ids import new_id
from tests.asking import until
from tests.databases import query
from tests.faults.rivals.asking import Asking, asking
from tests.faults.rivals.heard import Answer, Ask
from tests.faults.rivals.house import HOUR, House

RIVALS = 20
TOGETHER = 8  # holds that end at the same moment: whoever waits for one may wait for all
JUST_BEFORE, LITTLE = timedelta(milliseconds=20), timedelta(milliseconds=3)
_HELD = "select from appointment where status = 'held' limit 1"

Round = Callable[[Asking, int], Awaitable[str | None]]


class Rounds:
    """Each round answers what went wrong in it, in words, or None."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._offer = house.offers[0].experience_id

    async def rush(self, way: Asking, number: int) -> str | None:
        """Twenty clients want the same hour of the same advisor: one has it, the others hear that it is taken."""
        wanted = self._hold(number, self._advisor(number))
        answers = await way.all([wanted() for _ in range(RIVALS)])
        return _unless(answers, {201: 1, 409: RIVALS - 1})

    async def swap(self, way: Asking, number: int) -> str | None:
        """Two visits with one advisor are moved into each other's time: none of them can be, and none is lost."""
        one, other = [await self._visit(way, 2 * number + later) for later in (0, 1)]
        answers = await way.all([self._move(one, other), self._move(other, one)])
        await way.all([_cancel(one), _cancel(other)])
        return _unless(answers, {409: 2})

    async def follow(self, way: Asking, number: int) -> str | None:
        """A visit moves on while others hold both where it was and where it goes: each time has one owner."""
        visit = await self._visit(way, 2 * number)
        advisor_id, here, there = UUID(visit.body["advisor_id"]), self._start(visit), self._start(visit) + HOUR
        move = Ask("move", _whose(visit), visit.appointment_id, self._offer, there, advisor_id)
        # The move is under way when the holds come, a little later in every round, until it is over before them.
        begins = datetime.now(UTC) + number % 20 * LITTLE
        holds = [
            Ask("hold", new_id(), experience_id=self._offer, starts_at=at, advisor_id=advisor_id, at=begins)
            for at in (here, there, there, here)
        ]
        moved, *held = await way.all([move, *holds])
        left = [held[0], held[3]]
        reached = [moved, held[1], held[2]]
        await way.all([_cancel(visit), *(_cancel(one) for one in held if one.done)])
        if sum(one.done for one in reached) != 1:
            return f"not one has the time moved to: {[one.status for one in reached]}"
        if sum(one.done for one in left) > moved.done:
            return f"the time left has too many owners: {[one.status for one in left]}, moved {moved.status}"
        return None

    async def last_moment(self, way: Asking, number: int) -> str | None:
        """Holds are confirmed just when they end, while rivals take their time and the four processes expire them."""
        wrong = await asyncio.gather(*(self._at_the_end(way, number * TOGETHER + one) for one in range(TOGETHER)))
        return next((one for one in wrong if one is not None), None)

    async def _at_the_end(self, way: Asking, number: int) -> str | None:
        held = await way.ask(self._hold(number, self._advisor(number))())
        if not held.done:
            return f"a free hour was not to be had: {held}"
        ends = held.instant("expires_at")
        assert ends is not None
        moment = self._house.pace.when(ends)
        advisor_id, at = UUID(held.body["advisor_id"]), self._start(held)
        confirms = [
            Ask("confirm", _whose(held), held.appointment_id, at=moment - JUST_BEFORE),
            Ask("confirm", None, held.appointment_id, at=moment - JUST_BEFORE / 2),
        ]
        rivals = [
            Ask("hold", new_id(), experience_id=self._offer, starts_at=at, advisor_id=advisor_id, at=moment + later)
            for later in (-JUST_BEFORE, JUST_BEFORE * 0, JUST_BEFORE)
        ]
        answers = await way.all([*confirms, *rivals])
        owners = [one for one in answers if one.done]
        await way.all([_cancel(one) for one in owners])
        return None if len(owners) <= 1 else f"{len(owners)} have one time: {[one.status for one in answers]}"

    async def _visit(self, way: Asking, number: int) -> Answer:
        """Somebody's confirmed visit at one of the hours."""
        held = await way.ask(self._hold(number, self._house.advisor_ids[0])())
        assert held.done, str(held)
        return await way.ask(Ask("confirm", _whose(held), held.appointment_id))

    def _advisor(self, number: int) -> UUID:
        return self._house.advisor_ids[number % len(self._house.advisor_ids)]

    def _hold(self, number: int, advisor_id: UUID) -> Callable[[], Ask]:
        at = self._house.hour(number)
        return lambda: Ask("hold", new_id(), experience_id=self._offer, starts_at=at, advisor_id=advisor_id)

    def _move(self, visit: Answer, into: Answer) -> Ask:
        return Ask(
            "move",
            _whose(visit),
            visit.appointment_id,
            self._offer,
            self._start(into),
            UUID(visit.body["advisor_id"]),
        )

    def _start(self, shown: Answer) -> datetime:
        at = shown.instant("starts_at")
        assert at is not None
        return at


async def play(house: House, play_one: Round, *, rounds: int) -> list[str]:
    """So many rounds, one after the other; answers what went wrong in them."""
    async with asking(house) as way:
        wrong = [await play_one(way, number) for number in range(rounds)]
    return [one for one in wrong if one is not None]


async def settled(house: House) -> None:
    """Wait until no hold is left: all that nobody confirmed has run out."""

    async def none_is_held() -> bool:
        return not await query(house.url, _HELD)

    await until(none_is_held, seconds=60)


def _whose(shown: Answer) -> UUID:
    return UUID(shown.body["client_id"])


def _cancel(shown: Answer) -> Ask:
    return Ask("cancel", None, shown.appointment_id)


def _unless(answers: Sequence[Answer], right: dict[int, int]) -> str | None:
    counted = Counter(one.status for one in answers)
    return None if counted == Counter(right) else f"answered {dict(counted)} instead of {right}"
