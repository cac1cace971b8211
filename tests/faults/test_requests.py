"""Idempotency-Key against real deaths: of the service after its commit, and of PostgreSQL in the middle of a storm."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import httpx
import pytest

from infra.idempotency import REPLAYED
from tests.asking import problem
from tests.faults.house import Server
from tests.faults.service import PATH, Service, a_service

RIVALS = 40
KEYS = 6  # each with forty rivals

_BOUTIQUES = "select boutique_id, code from boutique order by code"
_FACTS = "select data ->> 'code' as code from outbox where type = 'appointments.boutique-opened.v1' order by 1"
_KEPT = "select 1 from idempotency_key where status = 201"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def service(server: Server) -> Iterator[Service]:
    server.start()
    with a_service(server) as made:
        yield made
        print(dict(made.seen))  # noqa: T201 - pytest shows it when the test has failed


def test_a_service_killed_between_commit_and_response_answers_the_repeat_as_the_first(service: Service) -> None:
    first, second = service.instances
    with httpx.Client(timeout=30, trust_env=False) as client:
        with pytest.raises(httpx.TransportError):
            client.post(service.addresses[0] + PATH, json=service.form("BUND"), headers=service.headers("k", dies=True))
        first.await_death()
        [boutique] = service.rows(_BOUTIQUES)
        assert [row["code"] for row in service.rows(_FACTS)] == ["BUND"]
        first.start()
        service.await_ready(0)
        repeats = [
            client.post(address + PATH, json=service.form("BUND"), headers=service.headers("k"))
            for address in service.addresses * 2
        ]
        assert {answer.status_code for answer in repeats} == {201}
        assert {answer.headers[REPLAYED] for answer in repeats} == {"true"}
        [content] = {answer.content for answer in repeats}
        assert json.loads(content)["boutique_id"] == str(boutique["boutique_id"])
        other = client.post(service.addresses[1] + PATH, json=service.form("PUDONG"), headers=service.headers("k"))
        assert (other.status_code, problem(other)) == (422, "idempotency-key-reused")
    assert len(service.rows(_BOUTIQUES)) == len(service.rows(_FACTS)) == 1
    assert second.fell() is None


async def _storm(service: Service, mischief: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Forty rivals for each of a few keys, at both instances; each key must have had one effect."""
    codes, dying = [f"B{number}" for number in range(KEYS)], asyncio.Event()
    limits = httpx.Limits(max_connections=2 * RIVALS)
    async with (
        httpx.AsyncClient(timeout=30, trust_env=False, limits=limits) as client,
        asyncio.TaskGroup() as group,  # where the mischief fails, nobody insists any longer
    ):
        group.create_task(mischief(dying))
        asked = [
            group.create_task(service.insist(client, code, at=rival, dying=dying))
            for rival in range(RIVALS)
            for code in codes
        ]
    by_code: dict[str, set[bytes]] = {code: set() for code in codes}
    for one in asked:
        by_code[json.loads(one.result())["code"]].add(one.result())
    boutiques = service.rows(_BOUTIQUES)
    assert [row["code"] for row in boutiques] == codes
    assert [row["code"] for row in service.rows(_FACTS)] == codes
    assert len(service.rows(_KEPT)) >= len(codes)
    for row in boutiques:
        # Every 2xx of a key is the same bytes, and names the one row there is.
        [content] = by_code[row["code"]]
        assert json.loads(content)["boutique_id"] == str(row["boutique_id"])


async def test_forty_rivals_on_two_instances_of_which_one_is_killed_have_one_effect(service: Service) -> None:
    async def kill_the_first(dying: asyncio.Event) -> None:
        await asyncio.to_thread(service.instances[0].await_death)
        dying.set()
        service.instances[0].start()

    await _storm(service, kill_the_first)
    assert service.seen.keys() & {"ReadError", "RemoteProtocolError", "ConnectError"}


async def test_forty_rivals_have_one_effect_though_postgresql_is_killed(service: Service) -> None:
    async def kill_postgresql(dying: asyncio.Event) -> None:
        dying.set()  # nobody else dies here

        async def begun() -> bool:
            return bool(await asyncio.to_thread(service.rows, _KEPT))

        while not await begun():  # noqa: ASYNC110 - what is awaited happens in PostgreSQL
            await asyncio.sleep(0.01)
        await asyncio.to_thread(service.server.kill)
        await asyncio.to_thread(service.server.start)

    await _storm(service, kill_postgresql)
    assert service.seen["503"] > 0
    assert [instance.fell() for instance in service.instances] == [None, None]
