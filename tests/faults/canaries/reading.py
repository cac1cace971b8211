"""Everything a house has written down: its databases as they are dumped, and what its processes count."""

import asyncio
import subprocess

from suite.launcher import binaries
from suite.launcher.account import unprivileged
from suite.launcher.postgres import folder_for
from tests.rights.house import House
from tests.running import Throwaway


async def read(postgres: Throwaway, house: House) -> dict[str, bytes]:
    """The metrics of every process and a dump of every database, by what it is."""
    texts = {f"metrics of {one.name}": await _page(house, one.name) for one in house.running}
    for name, url in databases(house).items():
        texts[f"dump of {name}"] = await asyncio.to_thread(_dump, postgres, url)
    return texts


def databases(house: House) -> dict[str, str]:
    """Where each database of the house is."""
    found = {one.name: one.settings.database_url for one in house.running}
    return found | {"the log": house.gateway.settings.log_url}


async def _page(house: House, name: str) -> bytes:
    running = next(one for one in house.running if one.name == name)
    return (await running.client().get("/metrics")).content


def _dump(postgres: Throwaway, url: str) -> bytes:
    """The whole database as `pg_dump` writes it, by the superuser: no wall hides a row."""
    folder = folder_for(postgres.keys.parent, unprivileged())
    [program] = folder.glob("home/.pg0/installation/*/bin/pg_dump")
    database = postgres.admin_url.rpartition("/")[0] + "/" + url.rpartition("/")[2]
    done = subprocess.run(
        [program, "--dbname", database], env=binaries.environment(folder), capture_output=True, check=True
    )
    return done.stdout
