"""Importing a POS export through the API: lines a second, and that the same export sent again changes nothing."""

import asyncio
import csv
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from bench.figures import Figure
from bench.ground import laid, served
from bench.machine import Broken, cpu_seconds
from infra.identity import Caller, Role, Signer
from suite.door import Door
from suite.importers.bookkeeping import Books, Count
from suite.importers.export import rows
from suite.importers.mapping import load
from suite.importers.purchases import stream
from suite.journey.sale import EXPORT, MAP
from suite.launcher import ports

COPIES, FULL_COPIES = 20, 108  # of the 5,000 lines that the journey sells: the full one is as long as the whole export
GOAL = 4_000  # lines a second
_KEPT = """
select (select count(*) from purchase_line) as lines,
    (select sum(hashtextextended(p::text, 0)) from purchase p) as receipts_hash,
    (select sum(hashtextextended(l::text, 0)) from purchase_line l) as lines_hash
"""


def measure(*, full: bool) -> Iterator[Figure]:
    """One process of profile takes the export twice, over HTTP and without the gateway."""
    with laid("maison_log", "maison_profile") as ground:
        file = _written(ground.folder / "export.csv", FULL_COPIES if full else COPIES)
        variables = ground.variables("profile", ports.free())
        with served("services.profile.app:build", variables, ground.folder / "profile.log") as (process, url):
            signer = Signer.load(ground.keys / "gateway.json")
            token = signer.sign(Caller("till", Role.POS, "lumiere"), audience="profile")
            with Door(url, token=token) as till:
                before = cpu_seconds(process.pid)
                first, seconds = _imported(till, file)
                cpu = cpu_seconds(process.pid) - before
                kept = asyncio.run(_kept(ground.urls["maison_profile"]))
                again, later = _imported(till, file)
            if again.accepted or again.repeated != first.accepted or again.rejected != first.rejected:
                raise Broken(f"the import sent again was taken for something else: {first} and then {again}")
            if asyncio.run(_kept(ground.urls["maison_profile"])) != kept:
                raise Broken("the import sent again changed what is kept")
    rate = first.read / seconds
    yield Figure(
        f"purchases: {first.read:,} lines of a POS export, {first.rejected:,} refused; sent again they change nothing",
        rate,
        "lines/s",
        "sent again",
        again.read / later,
        goal=f">= {GOAL:,}/s",
        reached=rate >= GOAL,
    )
    yield Figure("purchases: CPU of the service for a thousand lines", cpu / first.read * 1_000_000, "ms")


def _written(path: Path, copies: int) -> Path:
    """The journey's export several times over, each time with receipts of its own."""
    with EXPORT.open(encoding="utf-8", newline="") as content:
        lines = list(csv.DictReader(content))
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(lines[0]))
        writer.writeheader()
        for copy in range(copies):
            writer.writerows({**line, "InvoiceNo": f"{line['InvoiceNo']}-{copy}"} for line in lines)
    return path


def _imported(till: Door, file: Path) -> tuple[Count, float]:
    """Import the file from its first line; what became of it, and in how many seconds."""
    using = load(MAP)
    file.with_name(file.name + ".progress").unlink(missing_ok=True)
    books = Books.open(file, MAP, house=till.address)
    began = time.perf_counter()
    try:
        for _ in stream(till, rows(file, using), using, books):
            pass
    finally:
        books.close()
    return books.count, time.perf_counter() - began


async def _kept(url: str) -> asyncpg.Record:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select set_config('maison.brand_id', '*', false)")
        return await connection.fetchrow(_KEPT)
    finally:
        await connection.close()
