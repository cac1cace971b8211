"""The judge of the races: it passes what is right, and finds each kind of wrong that was put in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from infra.ids import new_id
from infra.problems import URN
from tests.faults.rivals.heard import Answer, Ask
from tests.faults.rivals.house import HOUR, House, Offer
from tests.faults.rivals.journal import Journal, Standing, Stay, stays
from tests.faults.rivals.judging import judge
from tests.faults.rivals.pace import Pace

EPOCH = datetime(2030, 1, 7, tzinfo=UTC)
ELEVEN = EPOCH + timedelta(days=1, hours=3)
HELD, CONFIRMED = EPOCH + timedelta(seconds=1), EPOCH + timedelta(seconds=2)
CLIENT, RIVAL, ADVISOR, ROOM, EXPERIENCE, VISIT = (new_id() for _ in range(6))
BRIEF = timedelta(milliseconds=100)
ENDS = EPOCH + timedelta(minutes=20)  # of the hold, by the service's clock


def shown(status: str, version: int, expires_at: datetime | None) -> dict[str, Any]:
    return {
        "appointment_id": str(VISIT),
        "client_id": str(CLIENT),
        "advisor_id": str(ADVISOR),
        "room_id": str(ROOM),
        "experience_id": str(EXPERIENCE),
        "starts_at": ELEVEN.isoformat(),
        "ends_at": (ELEVEN + HOUR).isoformat(),
        "expires_at": expires_at.isoformat() if expires_at else None,
        "status": status,
        "version": version,
    }


def heard(ask: Ask, at: datetime, status: int, body: dict[str, Any]) -> Answer:
    return Answer(ask, at - BRIEF, at + BRIEF, status, body)


def refused(ask: Ask, at: datetime, status: int, slug: str, **said: object) -> Answer:
    return heard(ask, at, status, {"type": URN + slug, **said})


def standing(version: int, status: str, since: datetime, expires_at: datetime | None = None) -> Standing:
    return Standing(VISIT, version, status, CLIENT, ADVISOR, ROOM, EXPERIENCE, ELEVEN, ELEVEN + HOUR, expires_at, since)


def stay(resource_id: UUID, since: datetime, expires_at: datetime | None = None) -> Stay:
    return Stay(resource_id, ELEVEN, ELEVEN + HOUR, VISIT, expires_at, since)


HOLD = Ask("hold", CLIENT, experience_id=EXPERIENCE, starts_at=ELEVEN, advisor_id=ADVISOR)
CONFIRM = Ask("confirm", CLIENT, VISIT)
LATER = Ask("hold", RIVAL, experience_id=EXPERIENCE, starts_at=ELEVEN, advisor_id=ADVISOR)


def story() -> tuple[House, Journal]:
    """A visit that was held and confirmed, and a rival who heard that its time is taken."""
    house = House(
        url="",
        addresses=[],
        pace=Pace(EPOCH),
        keys=Path(),
        boutique_id=new_id(),
        advisor_ids=[ADVISOR],
        room_ids=[ROOM],
        offers=[Offer(EXPERIENCE, HOUR, timedelta(0), timedelta(0), needs_room=True)],
        client_ids=[CLIENT, RIVAL],
        heard=[
            heard(HOLD, HELD, 201, shown("held", 1, ENDS)),
            heard(CONFIRM, CONFIRMED, 200, shown("confirmed", 2, None)),
            refused(LATER, CONFIRMED + HOUR, 409, "slot-taken"),
        ],
    )
    whose = (ADVISOR, ROOM, CLIENT)
    journal = Journal(
        [replace(stay(one, HELD, ENDS), until=CONFIRMED) for one in whose] + [stay(one, CONFIRMED) for one in whose],
        {VISIT: [replace(standing(1, "held", HELD, ENDS), until=CONFIRMED), standing(2, "confirmed", CONFIRMED)]},
        {(one, ELEVEN, ELEVEN + HOUR, VISIT) for one in whose},
        {(VISIT, "appointments.confirmed.v1"): 1},
    )
    return house, journal


def test_a_story_that_is_true_is_found_to_be_so() -> None:
    verdict = judge(*story())
    assert verdict.wrong == []
    assert verdict.counted["hold 409 slot-taken"] == 1


Lie = Callable[[House, Journal], None]


def _lost(_: House, journal: Journal) -> None:
    journal.standings[VISIT].pop()


def _of_another_time(house: House, _: Journal) -> None:
    body = shown("confirmed", 2, None) | {"starts_at": EPOCH.isoformat()}
    house.heard[1] = replace(house.heard[1], body=body)


def _free_after_all(house: House, _: Journal) -> None:
    house.heard.append(refused(replace(LATER, starts_at=ELEVEN + HOUR), CONFIRMED + HOUR, 409, "slot-taken"))


def _free_at_that_moment(house: House, _: Journal) -> None:
    house.heard.append(refused(LATER, HELD - HOUR, 409, "slot-taken"))


def _past_its_end(house: House, journal: Journal) -> None:
    """Taken by a hold only, which had run out by then."""
    del journal.stays[3:]
    journal.stays[:] = [replace(one, until=EPOCH + 2 * HOUR) for one in journal.stays]


def _not_so(house: House, _: Journal) -> None:
    house.heard.append(
        refused(CONFIRM, CONFIRMED + HOUR, 409, "appointment-step-not-possible", appointment_status="cancelled")
    )


def _possible(house: House, _: Journal) -> None:
    cancel = Ask("cancel", CLIENT, VISIT)
    house.heard.append(
        refused(cancel, CONFIRMED + HOUR, 409, "appointment-step-not-possible", appointment_status="confirmed")
    )


def _not_stale(house: House, _: Journal) -> None:
    house.heard.append(refused(replace(CONFIRM, tag='"2"'), CONFIRMED + HOUR, 412, "stale"))


def _not_expired(house: House, _: Journal) -> None:
    house.heard.append(refused(CONFIRM, CONFIRMED + HOUR, 410, "hold-expired"))


def _too_few(house: House, _: Journal) -> None:
    house.heard.append(refused(LATER, CONFIRMED, 429, "too-many-holds"))


def _dead_lock(house: House, _: Journal) -> None:
    house.heard.append(refused(LATER, CONFIRMED, 503, "unavailable"))


def _no_answer(house: House, _: Journal) -> None:
    house.heard.append(heard(LATER, CONFIRMED, 0, {"type": "ServerDisconnectedError"}))


def _told_twice(house: House, _: Journal) -> None:
    house.heard.append(house.heard[1])


def _unasked(_: House, journal: Journal) -> None:
    journal.standings[VISIT].append(standing(3, "cancelled", CONFIRMED + HOUR))


def _out_of_order(_: House, journal: Journal) -> None:
    journal.standings[VISIT][0] = replace(journal.standings[VISIT][0], status="cancelled")


def _doubled(_: House, journal: Journal) -> None:
    other = Stay(ADVISOR, ELEVEN + HOUR / 2, ELEVEN + 2 * HOUR, new_id(), None, CONFIRMED + HOUR)
    journal.stays.append(other)


def _believed_by_two(house: House, _: Journal) -> None:
    body = shown("held", 1, None) | {"appointment_id": str(new_id()), "client_id": str(RIVAL)}
    house.heard.append(heard(LATER, CONFIRMED + HOUR, 201, body))


def _given_away(_: House, journal: Journal) -> None:
    journal.taken.pop()


def _left_over(_: House, journal: Journal) -> None:
    journal.taken.add((RIVAL, ELEVEN, ELEVEN + HOUR, VISIT))


def _kept_secret(_: House, journal: Journal) -> None:
    journal.facts.clear()


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        (_lost, "nothing of the kind"),
        (_of_another_time, "nothing of the kind"),
        (_free_after_all, "nothing in the table is a reason"),
        (_free_at_that_moment, "nothing in the table is a reason"),
        (_past_its_end, "nothing in the table is a reason"),
        (_not_so, "nothing in the table is a reason"),
        (_possible, "nothing in the table is a reason"),
        (_not_stale, "nothing in the table is a reason"),
        (_not_expired, "nothing in the table is a reason"),
        (_too_few, "nothing in the table is a reason"),
        (_dead_lock, "no answer of these"),
        (_no_answer, "no answer of these"),
        (_told_twice, "2 were told"),
        (_unasked, "0 were told"),
        (_out_of_order, "went from cancelled to confirmed"),
        (_doubled, "overlap in the table"),
        (_believed_by_two, "overlap by the answers"),
        (_given_away, "missing in occupation"),
        (_left_over, "too many in occupation"),
        (_kept_secret, "was announced 0 times"),
    ],
)
def test_every_kind_of_wrong_is_found(lie: Lie, reason: str) -> None:
    house, journal = story()
    lie(house, journal)
    assert any(reason in one for one in judge(house, journal).wrong)


def test_a_row_that_came_and_went_in_one_transaction_was_seen_by_nobody() -> None:
    row = {
        "resource_id": ADVISOR,
        "starts_at": ELEVEN,
        "ends_at": ELEVEN + HOUR,
        "appointment_id": VISIT,
        "expires_at": None,
    }
    moves = [(HELD, True), (HELD, False), (HELD, True), (CONFIRMED, False)]
    [seen] = stays({**row, "at": at, "has_come": has_come} for at, has_come in moves)
    assert (seen.since, seen.until) == (HELD, CONFIRMED)
