"""The drill: a backup under load, a disaster, a restore, a mended log; nothing acknowledged is lost, nobody is back."""

import asyncio
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from infra.database import Database
from infra.eventlog.postgres import PostgresLog
from infra.eventlog.refill import refill
from infra.eventlog.verify import Damage, verify
from infra.identity import Role
from infra.tombstones import bury
from suite.backup import backup as maker
from suite.backup.backup import Made
from suite.backup.restore import restore
from tests.asking import BRAND, problem, until
from tests.profile.build import bought, gateway, recognised, registered, someone
from tests.running import Running
from tests.suite.backup.standing import Standing, standing

WRITERS = 4
LOST = 30  # facts cut from the log's end

_CONTACTS = "select client_id, count(*) as count from touchpoint where kind = 'purchase' group by client_id"
_BOUGHT = "select client_id, count(*) as count from purchase group by client_id"


@dataclass
class Load:
    """Writers that go on until they are told to stop; `acknowledged` are the clients whose answer they have."""

    profile: Running
    acknowledged: list[UUID] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, name: str) -> None:
        count = 0
        while not self.stop.is_set():
            count += 1
            self.acknowledged.append(UUID(await registered(self.profile)))
            self.acknowledged.append(UUID(await bought(self.profile, f"{name}-{count}")))


def _quiet(_name: str, _done: int, _total: int) -> None:
    """Nobody looks on."""


async def _bury(profile: Running, client_id: str) -> None:
    async with profile.kit.database.transaction(BRAND) as tx:
        await bury(tx, f"client:{client_id}", now=datetime.now(UTC))


async def _settled(profile: Running) -> None:
    async def quiet() -> bool:
        waiting = await profile.rows("select 1 from outbox where published_at is null limit 1")
        contacts, receipts = await profile.rows(_CONTACTS), await profile.rows(_BOUGHT)
        return not waiting and sum(row["count"] for row in contacts) >= sum(row["count"] for row in receipts)

    await until(quiet, seconds=60)


def _backup(made: Standing, to: Path) -> Callable[[], Made]:
    return lambda: maker.backup(made.settings, to, _quiet)


async def _first_life(made: Standing, to: Path) -> tuple[Made, set[UUID], str, int]:
    """Write, back up meanwhile, have somebody erased, write on; answers the older backup and what it must hold."""
    async with made.serving("profile") as profile:
        erased = await recognised(profile, "o-erased")
        load = Load(profile)
        async with asyncio.TaskGroup() as group:
            for number in range(WRITERS):
                group.create_task(load.write(f"before-{number}"))
            await until(lambda: _many(load.acknowledged, 40))
            before = set(load.acknowledged)
            older = await asyncio.to_thread(_backup(made, to))
            during = len(load.acknowledged) - len(before)
            await _bury(profile, erased)
            # The later backup is lost in the disaster. It has written the tombstone down beside the keys.
            later = await asyncio.to_thread(_backup(made, to))
            load.stop.set()
    shutil.rmtree(later.folder)
    return older, before, erased, during


async def _many(of: list[UUID], count: int) -> bool:
    return len(of) >= count


async def _second_life(made: Standing, erased: str) -> tuple[list[Damage], int]:
    """The log has lost its end: refill it, write on, and look at everything."""
    database, log = Database(made.urls["maison_profile"]), PostgresLog(made.urls["maison_log"])
    try:
        refilled = await refill(database, log, "profile")
        async with made.serving("profile") as profile:
            for number in range(5):
                await bought(profile, f"after-{number}")
            await _settled(profile)
            await _is_absent(profile, erased)
        verdict = await verify(database, log, "profile")
    finally:
        await database.dispose()
        await log.dispose()
    return list(verdict.damage), refilled.again


async def _is_absent(profile: Running, erased: str) -> None:
    for role in (Role.HEADQUARTERS, Role.PRIVACY):
        seen = await profile.client(someone(role)).get(f"/v1/clients/{erased}")
        assert seen.status_code == 404
    form = {"appid": "wx1", "openid": "o-erased"}
    back = await profile.client(gateway()).post("/v1/clients/recognise", json=form)
    # Until she is erased again, which profile does by itself, she is refused; afterwards she is somebody new.
    assert (back.status_code, problem(back)) == (410, "client-erased") if back.is_error else True
    assert erased not in back.text


def _cut_the_log(made: Standing) -> None:
    made.rows("log", "delete from fact where position > (select max(position) from fact) - $1", LOST)
    made.rows(
        "log",
        "update log_source set last_relay_seq ="
        " (select coalesce(max(relay_seq), 0) from fact where fact.source = log_source.source)",
    )


def _destroy(made: Standing) -> None:
    """The server killed, and what it kept damaged beyond reading."""
    assert made.server.process is not None
    made.server.process.send_signal(signal.SIGKILL)
    made.server.process.wait()
    shutil.rmtree(made.server.cluster / "global")


@pytest.mark.timeout(180)
def test_after_a_disaster_a_backup_taken_under_load_stands_whole_and_the_erased_stay_erased(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with standing(on_disk=True) as made:
        to = made.settings.data.parent / "backups"
        made.make()
        older, acknowledged, erased, during = asyncio.run(_first_life(made, to))
        assert during > 0, "nothing was written while the backup was taken"
        _destroy(made)

        began = time.monotonic()
        done = restore(made.settings, older.folder, _quiet)
        took = time.monotonic() - began
        assert (done.buried_again, list(done.damage)) == (1, [])

        made.server.start()
        there = {row["client_id"] for row in made.rows("profile", "select client_id from client")}
        assert acknowledged <= there
        waiting = made.rows("profile", "select restored_at is not null as again from tombstone")
        assert waiting == [{"again": True}]
        _cut_the_log(made)
        damage, again = asyncio.run(_second_life(made, erased))
        assert damage == []
        assert again >= LOST
        contacts, receipts = made.rows("profile", _CONTACTS), made.rows("profile", _BOUGHT)
        assert Counter({row["client_id"]: row["count"] for row in contacts}) == Counter(
            {row["client_id"]: row["count"] for row in receipts}
        )
    with capsys.disabled():
        print(  # noqa: T201 - the drill says how long it takes
            f"\ndrill: backed up in {older.manifest.seconds:g} s under load ({during} writes meanwhile),"
            f" restored in {took:.1f} s; {len(acknowledged)} acknowledged, 0 lost; {again} facts refilled"
        )
