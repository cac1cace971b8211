"""`maison status` and `maison down`: what another terminal can see of the suite and ask of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from infra import provision
from suite.launcher import lock, processes, programs, state, vault
from suite.launcher.instances import ready
from suite.launcher.obstacles import NotRunning
from suite.launcher.postgres import Postgres
from suite.launcher.settings import LauncherSettings

_STOP = 90  # seconds a launcher gets to stop everything: the gateway, then the services, then PostgreSQL


@dataclass(frozen=True)
class Line:
    """One instance of a process as seen from outside."""

    name: str
    port: str
    pid: str
    restarts: str
    condition: str

    @property
    def is_ready(self) -> bool:
        """Whether it does its work now."""
        return self.condition == "ready"


def look(settings: LauncherSettings) -> tuple[str, Sequence[Line]]:
    """The phase of the suite, and every instance of every process, asked now."""
    launcher = lock.holder(settings.data) if settings.data.exists() else None
    known = state.read(settings.data)
    running = launcher is not None and known is not None and known.launcher == launcher
    phase = known.phase if known is not None and running else "stopped"
    children = known.children if known is not None and running else {}
    lines = []
    if settings.admin_url is None:
        answers = running and _answers(settings)
        lines.append(Line("postgres", str(settings.port("postgres")), "", "", "ready" if answers else "down"))
    for name, program in processes.PROGRAMS.items():
        if name == "sandbox" and not settings.sandboxed:
            continue
        instances = {instance: child for instance, child in children.items() if child.program == name}
        if not instances:
            lines.append(Line(name, str(settings.port(name)), "", "", "down"))
        for instance, child in instances.items():
            is_ready = ready(f"http://127.0.0.1:{child.operations}{program.probe}", within=5)
            condition = "ready" if is_ready else "not ready"
            lines.append(Line(instance, str(child.port), str(child.pid), str(child.restarts), condition))
    return phase, lines


def _answers(settings: LauncherSettings) -> bool:
    server = Postgres(settings.data, settings.port("postgres"), password=vault.kept(settings.data)["postgres"])
    try:
        asyncio.run(provision.examine(server.admin_url, timeout=2))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


def down(settings: LauncherSettings) -> None:
    """Ask the launcher to stop everything and wait until it has; raises NotRunning."""
    launcher = lock.holder(settings.data) if settings.data.exists() else None
    if launcher is None:
        raise NotRunning(f"nothing runs from {settings.data}", "`maison up` starts the suite.")
    programs.end(launcher, within=_STOP)
