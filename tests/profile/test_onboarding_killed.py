"""An import whose process is killed, again and again, comes to what it would have come to."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from infra.identity import Caller, Signer
from infra.settings import Settings
from suite.launcher import ports
from tests.asking import until
from tests.conftest import Start
from tests.profile.bringing import fates, mapped, read, report, step, written
from tests.profile.build import someone
from tests.running import Running, Throwaway

LINES = 2_500
CLIENTS = [
    ["会员号", "姓名", "手机", "生日"],
    *([f"M{n % 2_000}", f"王{chr(0x4E00 + n % 2_000)}", f"139{n % 2_000:08d}", "1980/1/2"] for n in range(LINES)),
]
PURCHASES = [
    ["小票号", "会员号", "货号", "数量", "金额", "日期", "门店"],
    *([f"R{n // 3}", f"M{n // 3 * 3 % 2_100}", "RING-1", "1", f"{n}.50", "2019年3月", "SH-1"] for n in range(LINES)),
]


class Process(Running):
    """The service as a process of its own, spoken to over HTTP."""

    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it, or start it again."""
        variables = {
            "MAISON_ENVIRONMENT": "test",
            "MAISON_DATABASE_URL": self.settings.database_url,
            "MAISON_LOG_URL": self.settings.log_url,
            "MAISON_KEYS": str(self.settings.keys),
            "MAISON_INNER_JWKS": str(self.settings.inner_jwks),
            "MAISON_PORT": str(self.port),
        }
        command = [sys.executable, "-m", "infra.serve", "services.profile.app:build"]
        self.process = subprocess.Popen(command, env=os.environ | variables, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        """Give it no time for anything."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def client(self, caller: Caller | None = None, *, issuer: str = "gateway") -> httpx.AsyncClient:
        """A client with the caller's inner token; it waits for a process that is just starting."""
        assert caller is not None
        token = Signer.load(self.keys / f"{issuer}.json").sign(caller, audience=self.name)
        client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(retries=8),
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        self.clients.append(client)
        return client


@asynccontextmanager
async def process(postgres: Throwaway) -> AsyncIterator[Process]:
    """One profile, with databases of its own."""
    url, log_url = await postgres.database("maison_profile"), await postgres.database("maison_log")
    settings = Settings(
        environment="test",
        database_url=url,
        log_url=log_url,
        keys=postgres.keys / "profile.json",
        inner_jwks=postgres.keys / "inner-jwks.json",
    )
    one = Process("profile", None, settings, postgres.keys)  # type: ignore[arg-type]
    one.port = ports.free()
    one.begin()
    try:
        yield one
        for client in one.clients:
            await client.aclose()
    finally:
        one.kill()
        await postgres.drop(url)
        await postgres.drop(log_url)


async def brought(
    one: Running, kind: str, rows: list[list[str]], *, kills: int = 0, **constants: str
) -> dict[str, Any]:
    """The report of a file during whose import the process was killed so often."""
    found = await read(one, kind, written(rows))
    assert (await mapped(one, found, None, **constants)).status_code == 200
    answer = await one.client(someone()).post(f"/v1/imports/{found['import_id']}/start")
    assert answer.status_code == 202
    for killed in range(1, kills + 1):
        await _has_come(one, found["import_id"], killed * 500)
        again(one)
    await _has_come(one, found["import_id"], LINES)
    return await report(one, found["import_id"])


def again(one: Running) -> None:
    """Kill it, and start it anew."""
    assert isinstance(one, Process)
    one.kill()
    one.begin()


async def _has_come(one: Running, import_id: str, lines: int) -> None:
    async def so() -> bool:
        [row] = await one.rows("select lines_read, status from bulk_import where import_id = $1", import_id)
        return bool(row["status"] == "finished" or (lines < LINES and row["lines_read"] >= lines))

    await until(so, seconds=60)


KEPT = (
    "select display_name, family_name, pinyin, version from client",
    "select kind, system, blind, tail, source, standing from identity",
    """
    select pos, receipt, store_code, purchased_at, purchased_in, currency, net_minor, line_count,
        client_id is null as anonymous from purchase
    """,
    """
    select p.receipt, line, piece_code, quantity, unit_minor, l.net_minor from purchase_line l
    join purchase p using (brand_id, purchase_id)
    """,
    "select line, kind, part from import_effect",
    # What the import tells itself. Segments and stages follow out of the log, in their own time.
    "select type, count(*) as told from outbox where type !~ 'segment|lifecycle' group by type",
    """
    select i.kind, number, c.line_count, content is null as taken from import_chunk c
    join bulk_import i using (brand_id, import_id)
    """,
)


async def tables(one: Running) -> list[list[Any]]:
    """What is kept, without ids and times."""
    return [sorted(tuple(row.values()) for row in await one.rows(asked)) for asked in KEPT]


async def test_killed_in_the_middle_again_and_again_an_import_comes_to_the_same_tables(
    running: Start, postgres: Throwaway
) -> None:
    calm, found, latest = await running("profile"), [], ""
    async with process(postgres) as killed:
        for one, kills in ((calm, 0), (killed, 1)):
            clients = await brought(one, "clients", CLIENTS, kills=kills)
            assert fates(clients) == {"created": 2_000, "unchanged": 500}
            bought = await brought(one, "purchases", PURCHASES, kills=kills, pos="old", currency="CNY")
            assert bought["refusals"] == {"client-unknown": 99}
            latest = bought["import_id"]
            found.append((fates(bought), bought["sums"], *await tables(one)))
        for unbroken, broken in zip(*found, strict=True):
            assert unbroken == broken

        back = await step(killed, latest, "undo", "undone")
        assert (await report(killed, back["import_id"]))["written"] == []
        assert not await killed.rows("select from purchase")
