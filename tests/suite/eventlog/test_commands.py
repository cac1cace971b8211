"""`maison log` as a person meets it: tables, exit codes, and what to do next; over HTTP, on a house that is served."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.app import create_app
from infra.eventlog.postgres import PostgresLog
from infra.settings import Settings
from suite.eventlog import acts
from suite.eventlog.inside import SERVICES
from suite.launcher import ports
from suite.launcher.settings import ROOT, LauncherSettings
from tests.gateway.build import served
from tests.infra.eventlog.builders import rows, until
from tests.infra.eventlog.house import LIGHTS, House, house
from tests.running import Throwaway

pytestmark = pytest.mark.timeout(300)  # each command is a process of its own

_PARK = """
insert into parked_fact (follower, position, source, relay_seq, brand_id, aggregate, envelope, reason, attempts)
select 'feedback', relay_seq, 'profile', relay_seq, brand_id, 'lamp:1', jsonb_build_object('specversion', '1.0',
    'id', event_id, 'source', 'maison/profile', 'type', 'lamps.nobody-cares.v1', 'subject', '1', 'time', occurred_at,
    'partitionkey', 'lamp:1', 'sequence', '1', 'brandid', brand_id, 'data', data),
    case relay_seq when 1 then '23505' else 'behind' end, 3
from (select relay_seq, brand_id, gen_random_uuid() as event_id, now() as occurred_at, '{}'::jsonb as data
    from (values (1, 'lumiere'), (2, 'lumiere')) item (relay_seq, brand_id)) made
"""


@dataclass
class Ended:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str


async def maison(data: Path, *arguments: str, **settings: str) -> Ended:
    """Run `maison log` on a data folder, while this process goes on serving."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "suite.cli", "log", *arguments),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "MAISON_DATA": str(data), "COLUMNS": "200", **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate()
    return Ended(child.returncode or 0, out.decode(), err.decode())


@dataclass
class Suite:
    """Five services of the right names that are served, and the command that asks them."""

    house: House
    data: Path
    addresses: dict[str, str]

    async def __call__(self, *arguments: str) -> Ended:
        at = {f"MAISON_PORT_{name.upper()}": self.addresses[name].rpartition(":")[2] for name in SERVICES}
        return await maison(self.data, *arguments, **at)


@pytest.fixture
async def suite(postgres: Throwaway, tmp_path: Path) -> AsyncIterator[Suite]:
    log_url = await postgres.database("maison_log")
    urls = {name: await postgres.database("maison_gateway") for name in SERVICES}
    log, addresses = PostgresLog(log_url), dict[str, str]()
    (tmp_path / "keys").symlink_to(postgres.keys)
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(house(urls, log_url, log))
        await made.services["profile"].light(20)
        await made.services["profile"].send()
        await made.services["profile"].relay.lease.release()
        for name, url in urls.items():
            settings = Settings(
                environment="test",
                database_url=url,
                log_url=log_url,
                keys=postgres.keys / f"{name}.json",
                inner_jwks=postgres.keys / "inner-jwks.json",
            )
            app = create_app(name, settings, routers=[], reactions=LIGHTS)
            await stack.enter_async_context(app.router.lifespan_context(app))
            addresses[name] = await stack.enter_async_context(served(app))

        async def taken() -> bool:
            found = [row for url in urls.values() for row in await rows(url, "select position from follower_cursor")]
            return [row["position"] for row in found] == [20] * 5

        await until(taken, seconds=20)
        yield Suite(made, tmp_path, addresses)
    await log.dispose()
    for url in (*urls.values(), log_url):
        await postgres.drop(url)


async def test_a_house_in_which_all_is_well(suite: Suite) -> None:
    status = await suite("status")
    assert (status.status, status.err) == (0, "")
    assert status.out.count("fine") == 5
    assert "20 of 20" in status.out
    parked = await suite("parked")
    assert (parked.status, parked.out) == (0, "✓ nothing is parked\n")
    verified = await suite("verify")
    assert verified.status == 0
    assert "✓ profile: 20 facts of 1 aggregates, 20 compared with the outbox" in verified.out
    replayed = await suite("replay", "feedback")
    assert replayed.status == 0
    assert "identical" in replayed.out
    assert "✓ 20 facts read, 20 of them taken again" in replayed.out


async def test_a_log_that_lost_facts_is_told_and_refilled(suite: Suite) -> None:
    await suite.house.in_log("delete from fact where position > 12")
    await suite.house.in_log("update log_source set last_relay_seq = 12")
    status = await suite("status")
    assert status.status == 1
    assert "log-lost-facts" in status.out
    assert "`maison log refill` puts them back" in status.out
    assert (await suite("replay", "recommend")).err.splitlines()[
        1
    ] == "  → `maison log refill`, and the same command again."
    damaged = await suite("verify", "profile")
    assert damaged.status == 1
    assert "missing-against-the-outbox: 8 (13-20)" in damaged.out
    refilled = await suite("refill")
    assert refilled.status == 0
    assert "✓ profile: 12 facts are there, 8 are appended again" in refilled.out
    assert "✓ gateway: all 0 facts are there" in refilled.out

    async def whole() -> bool:
        return len(await suite.house.in_log("select 1 from fact")) == 20

    await until(whole, seconds=20)
    assert (await suite("verify")).status == 0


async def test_what_cannot_be_refilled_is_refused_with_its_numbers_while_the_others_are_refilled(suite: Suite) -> None:
    await suite.house.in_log("delete from fact where position > 12")
    await suite.house.services["profile"].rows("delete from outbox where relay_seq in (13, 14, 18)")
    refused = await suite("refill")
    assert refused.status == 1
    what, advice = refused.err.splitlines()
    assert what.startswith("✗ profile: The log has lost facts that the outbox no longer keeps")
    assert "(missing: 13-14, 18)" in what
    assert advice == "  → `maison restore` from a backup that has them, then `maison log refill`."
    assert refused.out.count("facts are there") == 4


async def test_parked_facts_are_listed_and_retried(suite: Suite) -> None:
    await suite.house.services["feedback"].rows(_PARK)
    parked = await suite("parked")
    assert parked.status == 1
    assert "feedback-1" in parked.out
    assert "23505" in parked.out
    assert "waits behind another" in parked.out
    wrong = await suite("retry", "feedback-99")
    assert (wrong.status, wrong.err.splitlines()[1]) == (1, "  → `maison log parked` lists what is parked.")
    retried = await suite("retry", "--all")
    assert (retried.status, retried.out) == (0, "✓ 2 facts took effect\n")


async def test_services_that_are_away_are_told_apart_from_an_empty_log(postgres: Throwaway, tmp_path: Path) -> None:
    (tmp_path / "keys").symlink_to(postgres.keys)
    at = {f"MAISON_PORT_{name.upper()}": str(ports.free()) for name in SERVICES}
    status = await maison(tmp_path, "status", **at)
    assert (status.status, status.out.count("away")) == (1, 5)
    parked = await maison(tmp_path, "parked", "profile", **at)
    assert parked.status == 1
    assert parked.err.splitlines() == [
        "✗ profile does not answer",
        "  → `maison status` shows what is up; `maison logs` shows why.",
    ]


def test_a_service_or_an_id_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(acts.NoSuchService) as service:
        acts.replay(LauncherSettings(data=tmp_path), "nobody")
    assert service.value.advice == "Its services: profile, appointments, feedback, recommend, gateway."
    for wrong in ("profile", "1", "nobody-1", "profile-x"):
        with pytest.raises(acts.NoSuchId) as number:
            acts.parked_id(wrong)
        assert number.value.advice == "`maison log parked` shows the ids, such as profile-3."


async def test_a_data_folder_without_keys_says_how_they_are_made(tmp_path: Path) -> None:
    ended = await maison(tmp_path, "status")
    assert ended.status == 1
    assert "there is no operator's key" in ended.err
    assert "`maison up` makes it" in ended.err
