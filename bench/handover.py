"""A book of ten thousand clients: planned, started in one call, and undone as it was."""

import asyncio
import time
import uuid
from collections.abc import Iterator

import asyncpg
import httpx

from bench.figures import Figure
from bench.ground import laid, served
from bench.machine import Broken, cpu_seconds
from infra.identity import Caller, Role, Signer
from suite.launcher import ports

CLIENTS = 10_000
GOAL = 60.0  # seconds for the start
BRAND = "lumiere"
BOUTIQUE, GIVER = uuid.UUID(int=0xB), uuid.UUID(int=0xA)
TAKERS = [uuid.UUID(int=0xA0 + number) for number in range(30)]
_ADVISORS = (
    "insert into advisor (brand_id, advisor_id, boutique_id, languages, skills)"
    " select $1, id, $2, array['zh'], array['watches'] from unnest($3::uuid[]) as id"
)
_CLIENTS = (
    "insert into client (brand_id, client_id, display_name, language, name_key, given_key, pinyin, initials,"
    " registered_at) select $1, gen_random_uuid(), 'Client ' || n, (array['zh', 'en'])[1 + n % 2], '', '', '', '',"
    " now() from generate_series(1, $2::int) as n"
)
_OWNERS = (
    "insert into client_owner (brand_id, client_id, advisor_id, boutique_id, assigned_at)"
    " select brand_id, client_id, $1, $2, registered_at - interval '1 year' from client"
)
_ROWS = "select client_id, (to_jsonb(o) - 'version')::text as row from client_owner o order by client_id"
_FACTS = "select count(*) from outbox where type = $1"


def measure(*, full: bool) -> Iterator[Figure]:  # noqa: ARG001 - it is short either way
    """One process of profile, over HTTP and without the gateway."""
    with laid("maison_log", "maison_profile") as ground:
        url = ground.urls["maison_profile"]
        asyncio.run(_furnish(url))
        variables = ground.variables("profile", ports.free())
        with served("services.profile.app:build", variables, ground.folder / "profile.log") as (process, address):
            signer = Signer.load(ground.keys / "gateway.json")
            token = signer.sign(Caller("hq", Role.HEADQUARTERS, BRAND), audience="profile")
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=address, headers=headers, timeout=120, trust_env=False) as http:
                before = asyncio.run(_rows(url))
                form = {"from_advisor_id": str(GIVER), "reason": "left"}
                key = {"Idempotency-Key": str(uuid.uuid4())}
                planned, planning = _timed(http, "/v1/handovers", json=form, headers=key)
                at = f"/v1/handovers/{planned['handover_id']}"
                cpu = cpu_seconds(process.pid)
                started, starting = _timed(http, f"{at}/start")
                cpu = cpu_seconds(process.pid) - cpu
                if started["states"] != {"moved": CLIENTS} or asyncio.run(_told(url)) != CLIENTS:
                    raise Broken(f"not everybody moved: {started}")
                undone, undoing = _timed(http, f"{at}/undo")
            if undone["states"] != {"back": CLIENTS} or asyncio.run(_rows(url)) != before:
                raise Broken("the owners are not as they were before")
    yield Figure(
        f"handover: {CLIENTS:,} clients started in one call, 20,000 facts with them; undone, every row is as it was",
        starting,
        "s",
        "undone",
        undoing,
        goal=f"< {GOAL:.0f} s",
        reached=starting < GOAL,
    )
    yield Figure(f"handover: planned by store, language, category and load, to {len(TAKERS)} advisors", planning, "s")
    yield Figure("handover: CPU of the service for the start", cpu, "s")


def _timed(http: httpx.Client, path: str, **more: object) -> tuple[dict[str, object], float]:
    began = time.perf_counter()
    answer = http.post(path, **more)  # type: ignore[arg-type]
    seconds = time.perf_counter() - began
    if not answer.is_success:
        raise Broken(answer.text)
    return answer.json(), seconds


async def _furnish(url: str) -> None:
    connection = await _connected(url)
    try:
        await connection.execute(_ADVISORS, BRAND, BOUTIQUE, [GIVER, *TAKERS])
        await connection.execute(_CLIENTS, BRAND, CLIENTS)
        await connection.execute(_OWNERS, GIVER, BOUTIQUE)
    finally:
        await connection.close()


async def _rows(url: str) -> list[tuple[uuid.UUID, str]]:
    connection = await _connected(url)
    try:
        return [tuple(row) for row in await connection.fetch(_ROWS)]
    finally:
        await connection.close()


async def _told(url: str) -> int:
    connection = await _connected(url)
    try:
        return int(await connection.fetchval(_FACTS, "profile.client-handed-over.v1"))
    finally:
        await connection.close()


async def _connected(url: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(url)
    await connection.execute("select set_config('maison.brand_id', '*', false)")
    await connection.execute("set statement_timeout = '60s'")
    return connection
