"""The log's operations over HTTP: who may ask, what is told, and how long work is told of."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from infra.app import create_app
from infra.eventlog.facts import Delivered
from infra.eventlog.follower import on
from infra.identity import Caller, Role, Signer
from infra.ids import new_id
from infra.settings import Settings
from tests.asking import problem
from tests.infra.eventlog.builders import BRAND, OTHER_BRAND, Lit, until
from tests.infra.eventlog.house import House, light
from tests.running import Throwaway

SICK = new_id()
OPERATOR = Caller("operator", Role.OPERATOR, "house")


@dataclass
class Lamps:
    """The service `lamps` of the three as a whole app; it is allergic to one lamp until cured."""

    house: House
    client: httpx.AsyncClient
    keys: Any
    allergic: bool = True

    async def react(self, tx: AsyncSession, facts: Sequence[Delivered[Lit]]) -> None:
        if self.allergic and any(one.fact.lamp_id == SICK for one in facts):
            raise ArithmeticError("+86 138 0000 0000")
        await light(tx, facts)

    def as_(self, caller: Caller, issuer: str) -> dict[str, str]:
        """The header of a caller."""
        token = Signer.load(self.keys / f"{issuer}.json").sign(caller, audience="lamps")
        return {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Ask, as the operator unless somebody else is named."""
        sent = self.as_(OPERATOR, "operator") if headers is None else headers
        return await self.client.request(method, f"/internal/log/{path}", headers={"Accept-Language": "en"} | sent)

    async def work(self, act: str) -> Any:
        """The last line of long work; the others tell of progress."""
        answer = await self.ask("POST", act)
        assert answer.headers["content-type"].startswith("application/x-ndjson"), answer.text
        *progress, end = [json.loads(line) for line in answer.text.splitlines()]
        assert all(set(line) == {"done", "total"} for line in progress)
        return end


@pytest.fixture
async def lamps(three: House, postgres: Throwaway) -> AsyncIterator[Lamps]:
    made = Lamps(three, httpx.AsyncClient(), postgres.keys)
    settings = Settings(
        environment="test",
        database_url=three.services["lamps"].url,
        log_url=three.log_url,
        keys=postgres.keys / "profile.json",
        inner_jwks=postgres.keys / "inner-jwks.json",
    )
    app = create_app("lamps", settings, routers=[], reactions=[on(Lit, made.react, fills=("lamp",))])
    await three.services["lamps"].rows("update lease set expires_at = clock_timestamp()")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        made.client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://lamps", timeout=60)
        )
        yield made


async def _made_sick(lamps: Lamps) -> list[dict[str, Any]]:
    """Four facts that cannot be taken, three of one brand."""
    candles = lamps.house.services["candles"]
    await candles.light(3, lamp_id=SICK)
    await candles.light(1, lamp_id=SICK, brand_id=OTHER_BRAND)
    await candles.send()

    async def parked() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await lamps.ask("GET", "parked")).json()["items"]
        return items if len(items) == 4 else []

    return await until(parked, seconds=20)


async def test_the_status_tells_positions_lag_leases_and_the_last_verdict(lamps: Lamps) -> None:
    async def held() -> bool:
        told = (await lamps.ask("GET", "status")).json()
        return {lease["name"] for lease in told["leases"] if lease["is_held"]} >= {"relay:lamps", "follower:lamps"}

    await until(held, seconds=20)
    told = (await lamps.ask("GET", "status")).json()
    assert told["source"] == {
        "numbered": 45,
        "published": 45,
        "waiting": 0,
        "oldest_waiting_seconds": None,
        "in_log": 45,
    }
    assert told["follower"] == {"position": 135, "head": 135, "behind_facts": 0, "behind_seconds": 0.0, "parked": 0}
    assert (told["service"], told["reconciliation"], told["findings"]) == ("lamps", None, [])


async def test_what_is_parked_is_listed_in_pages_without_data_and_retried(lamps: Lamps) -> None:
    items = await _made_sick(lamps)
    assert [(one["position"], one["reason"], one["is_culprit"], one["brand_id"]) for one in items] == [
        (136, "ArithmeticError", True, BRAND),
        (137, "behind", False, BRAND),
        (138, "behind", False, BRAND),
        (139, "ArithmeticError", True, OTHER_BRAND),
    ]
    assert items[0]["aggregate"] == f"lamp:{SICK}"
    assert items[0]["type"] == "lamps.lamp-lit.v1"
    assert "data" not in items[0]
    first = (await lamps.ask("GET", "parked?limit=3")).json()
    rest = (await lamps.ask("GET", f"parked?limit=3&cursor={first['next_cursor']}")).json()
    assert [*first["items"], *rest["items"]] == items
    assert rest["next_cursor"] is None
    status = (await lamps.ask("GET", "status")).json()
    assert (status["follower"]["parked"], [one["kind"] for one in status["findings"]]) == (4, ["facts-parked"])
    assert "maison log parked" in status["findings"][0]["en"]

    wanted = f"parked/{items[2]['id']}/retry"
    assert (await lamps.ask("POST", wanted)).json() == {"took_effect": 0, "still_parked": 3}
    lamps.allergic = False
    assert (await lamps.ask("POST", wanted)).json() == {"took_effect": 3, "still_parked": 0}
    assert problem(await lamps.ask("POST", wanted)) == "not-found"
    assert [one["lit"] for one in await lamps.house.services["lamps"].lamps() if one["lamp_id"] == SICK] == [3]


async def test_the_gateway_sees_its_callers_brand_and_nobody_else_sees_anything(lamps: Lamps) -> None:
    items = await _made_sick(lamps)
    gateway = lamps.as_(Caller("gateway", Role.SERVICE, OTHER_BRAND), "gateway")
    assert (await lamps.ask("GET", "parked", gateway)).json()["items"] == items[3:]
    assert (await lamps.ask("GET", "status", gateway)).json()["follower"]["parked"] == 1
    assert problem(await lamps.ask("POST", f"parked/{items[0]['id']}/retry", gateway)) == "not-found"
    assert (await lamps.ask("POST", f"parked/{items[3]['id']}/retry", gateway)).json()["still_parked"] == 1

    routes = [("GET", "status"), ("GET", "parked"), ("POST", f"parked/{items[0]['id']}/retry")]
    acts = [("POST", "replay"), ("POST", "refill"), ("POST", "verify")]
    staff = lamps.as_(Caller("lin", Role.HEADQUARTERS, BRAND), "gateway")
    peer = lamps.as_(Caller("feedback", Role.SERVICE, BRAND), "feedback")
    for method, path in [*routes, *acts]:
        assert problem(await lamps.ask(method, path, {})) == "unauthenticated"
        assert problem(await lamps.ask(method, path, staff)) == "not-permitted"
        assert problem(await lamps.ask(method, path, peer)) == "not-permitted"
    for method, path in acts:
        assert problem(await lamps.ask(method, path, gateway)) == "not-permitted"


@pytest.mark.parametrize("path", ["parked?cursor=made-up", "parked?cursor=eyJ9", "parked?limit=0", "parked?limit=102"])
async def test_a_made_up_page_is_refused(lamps: Lamps, path: str) -> None:
    assert (await lamps.ask("GET", path)).status_code in {400, 422}


async def test_long_work_tells_its_outcome_in_the_last_line(lamps: Lamps) -> None:
    replayed = (await lamps.work("replay"))["outcome"]
    assert (replayed["facts"], replayed["taken"]) == (135, 135)
    (table,) = replayed["tables"]
    assert table["hash"] == table["hash_before"]
    refilled = (await lamps.work("refill"))["outcome"]
    assert refilled == {"source": "lamps", "kept": 45, "again": 0, "moved": 0, "rewound": 0}
    verified = (await lamps.work("verify"))["outcome"]
    assert verified == {"source": "lamps", "facts": 45, "aggregates": 6, "compared": 45, "damage": []}


async def test_a_log_that_lost_its_tail_is_told_refilled_and_whole_again(lamps: Lamps) -> None:
    await lamps.house.in_log("delete from fact where position > 90")
    await lamps.house.in_log("update log_source set last_relay_seq = 30")
    told = (await lamps.ask("GET", "status")).json()
    assert [one["kind"] for one in told["findings"]] == ["log-lost-facts"]
    assert (await lamps.client.get("/readyz")).json()["log"] == "lost-facts"
    assert (await lamps.work("refill"))["outcome"]["again"] == 15

    async def whole() -> bool:
        return bool((await lamps.work("verify"))["outcome"]["facts"] == 45)

    await until(whole, seconds=20)
    assert (await lamps.client.get("/readyz")).json()["log"] == "whole"


async def test_a_refusal_of_long_work_is_a_problem_whenever_it_comes(lamps: Lamps) -> None:
    await lamps.house.in_log("delete from fact where position = 60")
    answer = await lamps.ask("POST", "replay")
    told = answer.json() if answer.status_code >= 400 else json.loads(answer.text.splitlines()[-1])["refused"]
    assert told["type"] == "urn:maison:problem:log-incomplete"
    assert told["status"] == 409
    assert "maison log refill" in told["title"]


async def test_whoever_hangs_up_ends_the_work(lamps: Lamps) -> None:
    service = lamps.house.services["lamps"]
    await service.rows("update lamp set lit = lit + 1000")
    before = await service.lamps()
    async with service.database.transaction("*") as tx:
        connection = await tx.connection()
        await connection.exec_driver_sql("select 1 from follower_cursor for update")
        asking = asyncio.create_task(lamps.ask("POST", "replay"))
        await asyncio.sleep(0.5)  # longer than a refusal at once would take
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert await service.lamps() == before
