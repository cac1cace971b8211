"""The PostgreSQL server that a backup is taken of: the running suite's, the stopped suite's, or the house's own."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from infra import provision
from suite.backup.obstacles import NoCopyingHere, NothingToBackUp
from suite.launcher import aside, binaries, lock, own_postgres, vault
from suite.launcher.account import Account, unprivileged
from suite.launcher.postgres import Postgres, folder_for
from suite.launcher.settings import LauncherSettings

_COPIES = "pg_basebackup"


@dataclass(frozen=True)
class Source:
    """A server, and the programs that can copy it."""

    kind: Literal["embedded", "own"]
    admin_url: str
    major: int
    programs: Path
    variables: Mapping[str, str]  # the environment of the programs, without the password
    account: Account

    @property
    def address(self) -> str:
        """The admin's address without the password: everybody on the machine can read a command line."""
        parts = urlsplit(self.admin_url)
        login, _, host = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{login.partition(':')[0]}@{host}"))

    def environment(self) -> dict[str, str]:
        """The environment of a program that connects."""
        return {**self.variables, "PGPASSWORD": unquote(urlsplit(self.admin_url).password or "")}


def urls(admin_url: str, secrets: Mapping[str, str]) -> dict[str, str]:
    """The address of every database, by name, each with its own login."""
    return {login: provision.database_url(admin_url, login, secrets[login]) for login in provision.LOGINS}


def services(admin_url: str, secrets: Mapping[str, str]) -> dict[str, str]:
    """The address of every database but the log's."""
    return {name: url for name, url in urls(admin_url, secrets).items() if name != "maison_log"}


@contextmanager
def reached(settings: LauncherSettings) -> Iterator[Source]:
    """The server while the block lasts; the embedded one of a stopped suite is started for it. Raises Obstacle."""
    if not settings.data.is_dir():
        raise NothingToBackUp(f"there is no suite in {settings.data}", "`maison up` makes one.")
    if settings.admin_url is not None:
        yield _own(settings)
        return
    server = Postgres(settings.data, settings.port("postgres"), password=vault.kept(settings.data)["postgres"])
    if not (server.cluster / "PG_VERSION").exists() and not aside.is_unsettled(server.folder):
        raise NothingToBackUp(f"there are no databases in {settings.data}", "`maison up` makes them.")
    if _answers(server.admin_url):
        yield embedded(server)
        return
    with lock.held(settings.data):
        # A killed restore leaves its server running, at a port of its own, on the very cluster that is to go.
        server.stop_left_over()
        aside.put_back(server.folder)
        server.start()
        try:
            yield embedded(server)
        finally:
            server.stop()


def _answers(admin_url: str) -> bool:
    try:
        asyncio.run(provision.examine(admin_url, timeout=2))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


def embedded(server: Postgres) -> Source:
    """The suite's own server, running or not."""
    return Source(
        kind="embedded",
        admin_url=server.admin_url,
        major=provision.MAJOR,
        programs=binaries.unpack(server.folder, server.account),
        variables=binaries.environment(server.folder),
        account=server.account,
    )


def _own(settings: LauncherSettings) -> Source:
    admin_url = settings.admin_url or ""
    major = own_postgres.ask(admin_url).major
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    if (found := shutil.which(_COPIES)) is not None and _major_of(Path(found)) == major:
        return Source("own", admin_url, major, Path(found).resolve().parent, inherited, Account())
    if major == provision.MAJOR:
        # The programs that come with the suite copy any server of their version.
        account = unprivileged()
        folder = folder_for(settings.data, account)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        return Source("own", admin_url, major, binaries.unpack(folder, account), binaries.environment(folder), account)
    what = f"there is no {_COPIES} of PostgreSQL {major} on this machine"
    raise NoCopyingHere(what, ON_THE_SERVER)


ON_THE_SERVER = (
    "Use your server's own physical backup, which has all databases at one instant. Dumps of single databases are of"
    " different instants: a service may hold what came of facts that the other dump does not have. See docs/backup.md."
)


def _major_of(program: Path) -> int | None:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else None
