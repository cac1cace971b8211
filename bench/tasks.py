"""A day's round of the books, and a campaign: how long until everything that is due is open."""

import asyncio
import time
from collections.abc import Iterator
from uuid import UUID

import asyncpg
import httpx

from bench.clients.house import BRAND, furnished
from bench.figures import Figure
from bench.ground import Ground, laid, served
from bench.machine import Broken
from infra.crypto import Keyring
from infra.identity import Caller, Role, Signer
from infra.ids import new_id
from suite.launcher import ports

CLIENTS, FULL_CLIENTS = 20_000, 200_000
BOOK = 50  # clients of one advisor
LONGEST = 600.0  # seconds
_ALL = "select client_id from client where brand_id = $1 order by client_id"
_OWN = """
insert into client_owner (brand_id, client_id, advisor_id, boutique_id, assigned_at)
select $1, client_id, advisor_id, $4, now() from unnest($2::uuid[], $3::uuid[]) as item (client_id, advisor_id)
on conflict do nothing
"""
_BORN = "update client set birthday = item.day from unnest($2::uuid[], $3::bytea[]) as item (client_id, day)"
_BORN += " where client.brand_id = $1 and client.client_id = item.client_id"
_ROUND_OVER = "select exists (select from task_round where ended_at is not null)"
_OPENED = "select count(*) from task where kind = $1"
_ARRIVED = "select status <> 'opening' from campaign where campaign_id = $1"


def measure(*, full: bool) -> Iterator[Figure]:
    """One process of profile, with every client in a book and her birthday known."""
    clients = FULL_CLIENTS if full else CLIENTS
    with laid("maison_log", "maison_profile") as ground:
        asyncio.run(furnished(ground, clients=clients, contacts=False))
        asyncio.run(_in_books(ground))
        began = time.perf_counter()
        with served(
            "services.profile.app:build", ground.variables("profile", ports.free()), ground.folder / "profile.log"
        ) as (_, url):
            asyncio.run(_until(ground, _ROUND_OVER))
            seconds = time.perf_counter() - began
            greeted = asyncio.run(_asked(ground, _OPENED, "birthday"))
            if not greeted:
                raise Broken("nobody has her birthday in these two weeks")
            yield Figure(
                f"tasks: the day's round of {clients:,} clients in books opened {greeted:,} birthdays",
                clients / seconds,
                "clients/s",
            )
            signer = Signer.load(ground.keys / "gateway.json")
            token = signer.sign(Caller("bench", Role.HEADQUARTERS, BRAND), audience="profile")
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as http:
                seconds, opened = _campaign(ground, http)
            if opened != clients:
                raise Broken(f"{opened} of {clients} clients have a task")
            yield Figure(f"campaigns: a task for each of {clients:,} clients", clients / seconds, "clients/s")


def _campaign(ground: Ground, http: httpx.Client) -> tuple[float, int]:
    """Start one over everybody, and wait until each has her task; in how many seconds, and how many."""
    kept = {"name": "all", "criteria": {"languages": ["zh"]}, "is_frozen": True}
    made = http.post("/v1/lists", json=kept, headers={"Idempotency-Key": str(new_id())})
    made.raise_for_status()
    days = {"due_on": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400 * 2))}
    form = {"list_id": made.json()["list_id"], "name": "all", "purpose": "service", "words": "请致电", **days}
    planned = http.post(
        "/v1/campaigns", json=form | {"closes_on": days["due_on"]}, headers={"Idempotency-Key": str(new_id())}
    )
    planned.raise_for_status()
    campaign_id = planned.json()["campaign_id"]
    began = time.perf_counter()
    http.post(f"/v1/campaigns/{campaign_id}/start").raise_for_status()
    asyncio.run(_until(ground, _ARRIVED, UUID(campaign_id)))
    return time.perf_counter() - began, asyncio.run(_asked(ground, _OPENED, "campaign"))


async def _in_books(ground: Ground) -> None:
    """Everybody in a book of fifty, and born on some day of a year."""
    ring = Keyring.load(ground.keys / "profile.json")
    connection = await asyncpg.connect(ground.urls["maison_profile"])
    try:
        await connection.execute("select set_config('maison.brand_id', $1, false)", BRAND)
        ids = [row["client_id"] for row in await connection.fetch(_ALL, BRAND)]
        advisors = [new_id() for _ in range(len(ids) // BOOK + 1)]
        await connection.execute(_OWN, BRAND, ids, [advisors[n // BOOK] for n in range(len(ids))], new_id())
        born = [ring.seal("client", "birthday", client_id, _day(number)) for number, client_id in enumerate(ids)]
        await connection.execute(_BORN, BRAND, ids, born)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


def _day(number: int) -> str:
    calendar = "lunar" if number % 3 == 0 else "solar"
    month, day = number % 12 + 1, number // 12 % 28 + 1
    return f'{{"calendar": "{calendar}", "month": {month}, "day": {day}, "year": null, "leap": false}}'


async def _until(ground: Ground, query: str, *args: object) -> None:
    async with asyncio.timeout(LONGEST):
        while not await _asked(ground, query, *args):  # noqa: ASYNC110 - what is awaited happens in PostgreSQL
            await asyncio.sleep(0.05)


async def _asked(ground: Ground, query: str, *args: object) -> int:
    connection = await asyncpg.connect(ground.urls["maison_profile"])
    try:
        await connection.execute("select set_config('maison.brand_id', '*', false)")
        return int(await connection.fetchval(query, *args))
    finally:
        await connection.close()
