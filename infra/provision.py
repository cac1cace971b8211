"""`python -m infra.provision`: logins and databases on a PostgreSQL server, and whether that server is fit."""

import asyncio
import base64
import hashlib
import hmac
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.settings import PostgresUrl, load

# One login per database, of the same name, and its owner.
LOGINS = (
    "maison_log",
    "maison_profile",
    "maison_appointments",
    "maison_feedback",
    "maison_recommend",
    "maison_gateway",
)
# A request that waits longer than this has lost its caller anyway.
TIMEOUTS = {"statement_timeout": "3s", "lock_timeout": "1s", "idle_in_transaction_session_timeout": "10s"}
MAJOR = 18
EXTENSIONS = ("btree_gist", "pg_trgm")
_ITERATIONS = 4096  # PostgreSQL's own default for SCRAM-SHA-256


class Provisioning(BaseSettings):
    """The server to prepare and the passwords its logins get."""

    model_config = SettingsConfigDict(env_prefix="MAISON_", extra="ignore")

    admin_url: PostgresUrl
    password_log: str = Field(min_length=8)
    password_profile: str = Field(min_length=8)
    password_appointments: str = Field(min_length=8)
    password_feedback: str = Field(min_length=8)
    password_recommend: str = Field(min_length=8)
    password_gateway: str = Field(min_length=8)

    def passwords(self) -> dict[str, str]:
        """The password of each login."""
        return {login: getattr(self, login.replace("maison_", "password_")) for login in LOGINS}


@dataclass(frozen=True)
class Server:
    """What a PostgreSQL server says of itself."""

    major: int
    fsync: bool
    missing_extensions: tuple[str, ...]
    may_create: bool
    max_connections: int


def database_url(admin_url: str, login: str, password: str) -> str:
    """The address at which a login finds its own database on the admin's server."""
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}:{quote(password, safe='')}@{host}", path=f"/{login}"))


async def examine(admin_url: str, *, timeout: float = 5) -> Server:  # noqa: ASYNC109 - asyncpg's own connect time-out
    """Ask the server; raises OSError or asyncpg.PostgresError when it cannot be asked. `timeout` is in seconds."""
    connection = await asyncpg.connect(admin_url, timeout=timeout)
    try:
        found = {row["name"] for row in await connection.fetch("select name from pg_available_extensions")}
        may_create = await connection.fetchval(
            "select rolsuper or (rolcreaterole and rolcreatedb) from pg_roles where rolname = current_user"
        )
        return Server(
            major=int(await connection.fetchval("show server_version_num")) // 10_000,
            fsync=await connection.fetchval("show fsync") == "on",
            missing_extensions=tuple(name for name in EXTENSIONS if name not in found),
            may_create=bool(may_create),
            max_connections=int(await connection.fetchval("show max_connections")),
        )
    finally:
        await connection.close()


async def provision(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Make or mend every login and its database. Safe to repeat; passwords become what they are here.

    Raises asyncpg.PostgresError when the admin may not do this.
    """
    connection = await asyncpg.connect(admin_url)
    try:
        for login in LOGINS:
            await _login(connection, login, passwords[login])
            await _database(connection, login)
    finally:
        await connection.close()


async def _login(connection: asyncpg.Connection, login: str, password: str) -> None:
    known = await connection.fetchval("select 1 from pg_roles where rolname = $1", login)
    # The verifier, not the password: the statement may end up in the server's log.
    await connection.execute(
        f"{'alter' if known else 'create'} role {login} login nocreatedb nocreaterole noinherit"
        f" password '{scram_verifier(password)}'"
    )
    superuser = await connection.fetchval("select rolsuper from pg_roles where rolname = $1", login)
    if superuser:
        await connection.execute(f"alter role {login} nosuperuser")
    for setting, value in TIMEOUTS.items():
        await connection.execute(f"alter role {login} set {setting} = '{value}'")


async def _database(connection: asyncpg.Connection, login: str) -> None:
    if not await connection.fetchval("select rolsuper from pg_roles where rolname = current_user"):
        # Only who may become the owner can make a database for it.
        await connection.execute(f"grant {login} to current_user with set true")
    if not await connection.fetchval("select 1 from pg_database where datname = $1", login):
        await connection.execute(f"create database {login} owner {login} encoding 'UTF8' template template0")
    await connection.execute(f"revoke connect, temporary on database {login} from public")


def scram_verifier(password: str) -> str:
    """What PostgreSQL stores instead of the password (RFC 5803; RFC 7677 for SHA-256). ASCII passwords only."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${_ITERATIONS}:{_b64(salt)}${_b64(stored)}:{_b64(server)}"


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def main() -> None:
    """Provision the server of MAISON_ADMIN_URL; one line says what stands in the way, if anything does."""
    wanted = load(Provisioning)
    try:
        asyncio.run(provision(wanted.admin_url, wanted.passwords()))
    except (OSError, asyncpg.PostgresError) as fault:
        # The class only: a text may quote the address with its password.
        sys.stderr.write(f"MAISON_ADMIN_URL: provisioning failed ({type(fault).__name__})\n")
        raise SystemExit(1) from None
    sys.stdout.write(f"{len(LOGINS)} logins and databases are ready\n")


if __name__ == "__main__":
    main()
