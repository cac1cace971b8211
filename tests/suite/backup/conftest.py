"""One small suite, backed up once: tests copy the backup; the last ones of the restore change the suite."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.crypto import Keyring
from suite.backup.backup import Made, backup
from tests.asking import until
from tests.profile.build import phone, registered
from tests.suite.backup.standing import Standing, standing


def quiet(_name: str, _done: int, _total: int) -> None:
    """Nobody looks on."""


@pytest.fixture(scope="session")
def suite() -> Iterator[Standing]:
    """A suite with one client, whose phone is sealed. Its server is stopped."""
    with standing() as made:
        made.make()
        asyncio.run(_register(made))
        made.server.stop()
        yield made


@pytest.fixture(scope="session")
def taken(suite: Standing) -> Made:
    """A backup of it, taken while it was down."""
    return backup(suite.settings, suite.settings.data.parent / "backups", quiet)


@pytest.fixture
def copied(taken: Made, suite: Standing) -> Iterator[Callable[[], Path]]:
    """Copies of the backup, to be damaged."""
    made: list[Path] = []

    def copy() -> Path:
        folder = suite.settings.data.parent / f"copy-{len(made)}"
        shutil.copytree(taken.folder, folder)
        made.append(folder)
        return folder

    yield copy
    for folder in made:
        shutil.rmtree(folder)


async def _register(made: Standing) -> None:
    async with made.serving("profile") as profile:
        await registered(profile, display_name="曾小贤", phone=phone())

        async def is_quiet() -> bool:
            waiting = await profile.rows("select 1 from outbox where published_at is null")
            taken = await profile.rows("select 1 from follower_source where source = 'profile'")
            return bool(taken) and not waiting

        await until(is_quiet)


def sealed_phone(of: Standing) -> str:
    """The phone of the one client, opened with the keys in the data folder."""
    [row] = of.rows("profile", "select identity_id, value from identity where kind = 'phone'")
    ring = Keyring.load(of.settings.keys / "profile.json")
    return ring.open("identity", "value", row["identity_id"], row["value"])
