"""`maison doctor`: would the suite start here, and if not, what to do."""

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from suite.launcher import lock, machine, own_postgres
from suite.launcher.account import unprivileged
from suite.launcher.obstacles import Obstacle, PostgresUnfit
from suite.launcher.postgres import folder_for
from suite.launcher.settings import LauncherSettings


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; without advice it is well."""

    what: str
    advice: str = ""

    @property
    def is_well(self) -> bool:
        """Nothing to do."""
        return not self.advice


def examine(settings: LauncherSettings) -> Iterator[Finding]:
    """Everything a start depends on, in the order in which it would matter."""
    yield _tried(f"Python {platform.python_version()}", machine.require_python)
    yield _tried(f"data folder {settings.data}", lambda: machine.require_folder(settings.data))
    if not settings.data.exists():
        return
    needed = machine.needed_disk(settings.data)
    disk = f"at least {needed // machine.MEGA} MB of free disk"
    yield _tried(disk, lambda: machine.require_disk(settings.data, needed))
    if (launcher := lock.holder(settings.data)) is not None:
        yield Finding(f"the suite runs (launcher {launcher}); its ports are its own")
    else:
        yield _tried("all ports are free", lambda: machine.require_ports(settings))
    if settings.admin_url is None:
        yield from _embedded(settings)
    else:
        yield from _own(settings.admin_url, settings.instances)
    yield from _wechat(settings)


def _tried(what: str, check: Callable[[], None]) -> Finding:
    try:
        check()
    except Obstacle as obstacle:
        return Finding(obstacle.what, obstacle.advice)
    return Finding(what)


def _embedded(settings: LauncherSettings) -> Iterator[Finding]:
    if find_spec("pg0") is None:
        what = "there is no embedded PostgreSQL for this machine"
        yield Finding(what, "Set MAISON_ADMIN_URL to a PostgreSQL 18 of yours.")
        return
    account = unprivileged()
    who = f"uid {account.uid}" if account.uid is not None else "your own account"
    yield Finding(f"embedded PostgreSQL: runs as {who}, in {folder_for(settings.data, account)}")


def _own(admin_url: str, instances: int) -> Iterator[Finding]:
    try:
        server = own_postgres.ask(admin_url)
    except PostgresUnfit as unfit:
        yield Finding(unfit.what, unfit.advice)
        return
    found = own_postgres.shortcomings(server, instances=instances)
    if not found:
        yield Finding(f"your own PostgreSQL {server.major}: fsync on, extensions there, logins may be made")
    for what, advice in found:
        yield Finding(f"your own PostgreSQL: {what}", advice)


def _wechat(settings: LauncherSettings) -> Iterator[Finding]:
    if settings.sandboxed:
        yield Finding("WeChat: the sandbox plays it")
        return
    missing = [
        f"MAISON_{name.upper()}"
        for name in ("wechat_secret", "wechat_push_token", "wechat_push_aes_key")
        if not getattr(settings, name)
    ]
    if missing:
        yield Finding(
            f"WeChat: {', '.join(missing)} missing for {settings.wechat_appid}",
            "Copy them from the mini-program's console (development settings).",
        )
    else:
        yield Finding(f"WeChat: account {settings.wechat_appid}")
