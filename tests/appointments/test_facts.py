"""What the service announces, held to the golden samples that its consumers read too."""

import json
from pathlib import Path

import pytest

from infra.eventlog.facts import Fact
from services.appointments.bookings import events as bookings
from services.appointments.directory import events as directory

FOLDER = Path(__file__).parents[1] / "contracts" / "facts"
FACTS: list[type[Fact]] = [
    directory.BoutiqueOpened,
    directory.AdvisorJoined,
    bookings.AppointmentConfirmed,
    bookings.AppointmentMoved,
    bookings.AppointmentCancelled,
    bookings.AppointmentExpired,
    bookings.ClientArrived,
    bookings.VisitCompleted,
    bookings.NoShowRecorded,
]


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_is_said_exactly_as_in_its_golden_sample(fact: type[Fact]) -> None:
    golden = json.loads((FOLDER / f"{fact.type}.json").read_text())
    assert json.loads(fact.model_validate(golden).model_dump_json()) == golden


def test_every_golden_sample_of_this_service_is_somebodys_fact() -> None:
    assert {path.stem for path in FOLDER.glob("appointments.*.json")} == {fact.type for fact in FACTS}
