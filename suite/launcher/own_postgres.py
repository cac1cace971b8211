"""A PostgreSQL of the house's own: is it fit for the suite, and what to do if not."""

import asyncio

import asyncpg

from infra import provision
from suite.launcher.obstacles import PostgresUnfit

CONNECTIONS = 100  # of each instance: five services with two pools each, and room for people


def shortcomings(
    server: provision.Server, *, fsync_may_be_off: bool = False, instances: int = 1
) -> list[tuple[str, str]]:
    """What the server lacks, each with what to do about it; empty when it is fit."""
    found = []
    if server.major < provision.MAJOR:
        found.append((f"it is PostgreSQL {server.major}", f"Use PostgreSQL {provision.MAJOR} or newer."))
    if not server.fsync and not fsync_may_be_off:
        found.append(("fsync is off: a crash would lose what was confirmed", "Set fsync = on and reload the server."))
    if server.missing_extensions:
        names = " and ".join(server.missing_extensions)
        found.append((f"{names} cannot be installed on it", "Install PostgreSQL's contrib package on the server."))
    if not server.may_create:
        found.append(
            (
                "the login of MAISON_ADMIN_URL may not create logins and databases",
                "Use a superuser, or a login with CREATEROLE and CREATEDB.",
            )
        )
    if server.max_connections < CONNECTIONS * instances:
        found.append(
            (
                f"max_connections is {server.max_connections}",
                f"Set max_connections to {CONNECTIONS * instances} or more and restart.",
            )
        )
    return found


def ask(admin_url: str) -> provision.Server:
    """What the server says of itself; raises PostgresUnfit when it does not answer."""
    try:
        return asyncio.run(provision.examine(admin_url))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as fault:
        # The class only: a text may quote the address with its password.
        what = f"the PostgreSQL of MAISON_ADMIN_URL does not answer ({type(fault).__name__})"
        raise PostgresUnfit(what, "Check host, port, login, password and pg_hba.conf.") from None


def require_fit(admin_url: str, *, fsync_may_be_off: bool, instances: int) -> None:
    """Raise PostgresUnfit for the first shortcoming."""
    for what, advice in shortcomings(ask(admin_url), fsync_may_be_off=fsync_may_be_off, instances=instances):
        raise PostgresUnfit(f"the PostgreSQL of MAISON_ADMIN_URL is not fit: {what}", advice)
