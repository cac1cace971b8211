"""One PostgreSQL to be killed for all fault tests, and a house of its own for each."""

import signal
from collections.abc import Iterator

import pytest

from suite.launcher.postgres import tail
from tests.faults.house import House, Server, a_house, a_server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """With fsync on, on a real disk: what it acknowledged must survive it."""
    # A run that is told to end, as by a time limit, ends what it has started: as after Ctrl-C.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with a_server() as made:
            yield made
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.fixture
def house(server: Server) -> Iterator[House]:
    """Fresh databases; what runs in them is ended afterwards, also when the test fails."""
    server.start()
    with a_house(server) as made:
        yield made
        for program in made.programs:  # pytest shows it when the test has failed
            print(f"--- {program.name}\n{tail(program.log, 6)}")  # noqa: T201
