"""A house's old files through the API: lines a second of clients and purchases, and the memory that they take."""

import asyncio
import csv
import random
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from bench.figures import Figure
from bench.ground import laid, served
from bench.machine import Broken
from infra.identity import Caller, Role, Signer
from suite.door import Door
from suite.launcher import ports
from suite.onboarding import bringing
from suite.onboarding.bringing import Columns

LINES, FULL_LINES = 20_000, 300_000
GOAL = 2_000  # lines a second
MORE = 64  # MiB that the process may grow by while an import runs
_SURNAMES, _GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰"


def measure(*, full: bool) -> Iterator[Figure]:
    """One process of profile takes a file of clients, the same again, and a file of purchases, without the gateway."""
    count = FULL_LINES if full else LINES
    with laid("maison_log", "maison_profile") as ground:
        clients, bought = ground.folder / "clients.csv", ground.folder / "purchases.csv"
        _write(clients, _clients(count))
        _write(bought, _purchases(count))
        variables = ground.variables("profile", ports.free())
        with served("services.profile.app:build", variables, ground.folder / "profile.log") as (process, url):
            signer = Signer.load(ground.keys / "gateway.json")
            token = signer.sign(Caller("headquarters", Role.HEADQUARTERS, "lumiere"), audience="profile")
            with Door(url, token=token) as door:
                for kind, file, constants in (
                    ("clients", clients, {}),
                    ("clients, sent again", clients, {}),
                    ("purchases", bought, {"pos": "old", "currency": "CNY"}),
                ):
                    before = _memory(process.pid)
                    rate, report = _brought(door, file, kind.partition(",")[0], constants)
                    grown = _memory(process.pid) - before
                    # Comparing whom a file brought is a part of its own, and would run beside the next file.
                    asyncio.run(_forget(ground.urls["maison_profile"]))
                    counts = report["counts"]
                    if counts["lines_read"] != count or ("again" in kind and counts["created"] + counts["amended"]):
                        raise Broken(f"the file of {kind} came to something else: {counts}")
                    yield Figure(
                        f"onboarding: {count:,} lines of {kind}, {counts['refused']:,} refused",
                        rate,
                        "lines/s",
                        "the process grew by MiB",
                        grown,
                        goal=f">= {GOAL:,}/s and <= {MORE} MiB",
                        reached=rate >= GOAL and grown <= MORE,
                    )


def _brought(door: Door, file: Path, kind: str, constants: dict[str, str]) -> tuple[float, dict[str, Any]]:
    """Bring a file in, from its first byte to the report; lines a second by the house's own clock, and the report."""
    began = time.perf_counter()
    import_id = bringing.send(door, file, kind, lambda *_: None)
    found = bringing.read(door, import_id, lambda *_: None)
    bringing.put_mapping(door, import_id, Columns(found["found"]["suggestion"], constants))
    read = time.perf_counter() - began
    bringing.step(door, import_id, "start")
    ended = bringing.wait(door, import_id, lambda *_: None)
    if ended["status"] != "finished":
        raise Broken(f"the import of {kind} stopped: {ended['fault']}")
    report = door.get(f"/v1/imports/{import_id}/report")
    ran = datetime.fromisoformat(report["ended_at"]) - datetime.fromisoformat(report["started_at"])
    return report["counts"]["lines_read"] / (read + ran.total_seconds()), report


async def _forget(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select set_config('maison.brand_id', '*', false)")
        await connection.execute("delete from duplicate_search")
    finally:
        await connection.close()


def _memory(pid: int) -> float:
    """What a process holds, in MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4 / 1024


def _write(path: Path, rows: Iterator[list[str]]) -> None:
    with path.open("w", encoding="gb18030", newline="") as out:
        csv.writer(out).writerows(rows)


def _clients(count: int) -> Iterator[list[str]]:
    chance = random.Random(4)  # noqa: S311 - the same people every time
    yield ["会员号", "客户姓名", "手机号", "出生日期", "备用电话"]
    for number in range(count):
        name = chance.choice(_SURNAMES) + chance.choice(_GIVEN) + chance.choice(_GIVEN)
        yield [
            f"M{number:07d}",
            name + ("女士" if number % 3 == 0 else ""),
            f"139{number:08d}" if number % 50 else "1.38E+10",
            f"19{chance.randrange(50, 99)}/{chance.randrange(1, 13)}/{chance.randrange(1, 29)}" if number % 2 else "",
            f"137{number:08d}" if number % 10 == 0 else "",
        ]


def _purchases(count: int) -> Iterator[list[str]]:
    chance = random.Random(5)  # noqa: S311 - the same receipts every time
    yield ["小票号", "会员号", "货号", "数量", "单价", "日期", "门店"]
    for number in range(count):
        receipt = number // 3
        day = f"20{10 + receipt % 14}/{1 + receipt % 12}/{1 + receipt % 28}"
        price = f"{chance.randrange(100, 99_999):,}.00"
        yield [f"R{receipt:07d}", f"M{receipt * 7 % count:07d}", f"RING-{number % 900}", "1", price, day, "SH-1"]
