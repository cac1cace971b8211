"""Played houses, stopped at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.suite.launcher.played import Build, House


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    houses: list[House] = []

    def one(**instances: int) -> House:
        houses.append(House(tmp_path, **instances))
        return houses[-1].start()

    yield one
    for house in houses:
        house.children.stop()
