"""`maison up`: from nothing to a running suite, and then watching it until someone says stop."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from types import FrameType

import asyncpg

from infra import keys, migrate, provision
from suite.backup import tombstones
from suite.backup.server import services
from suite.house import FILE
from suite.launcher import (
    aside,
    demo_house,
    leftovers,
    lock,
    machine,
    own_postgres,
    processes,
    restart,
    screen,
    state,
    vault,
)
from suite.launcher.children import Children, pause
from suite.launcher.obstacles import Obstacle, StepFailed
from suite.launcher.postgres import Postgres, tail
from suite.launcher.settings import ROOT, LauncherSettings

_LOOK = 0.5  # seconds between two looks at the database


class Stopped(BaseException):
    """Someone pressed Ctrl-C or ran `maison down`: raised in the main thread, wherever it is."""


def run(settings: LauncherSettings) -> None:
    """Start everything and stay in the foreground until SIGINT or SIGTERM; raises Obstacle when it cannot."""
    machine.require_python()
    machine.require_folder(settings.data)
    machine.require_disk(settings.data, machine.needed_disk(settings.data))
    with lock.held(settings.data) as dead:
        if dead is not None:
            screen.warn(f"the launcher {dead} ended without cleaning up; its lock is cleared")
        _Run(settings).run()


class _Run:
    """One life of the suite."""

    def __init__(self, settings: LauncherSettings) -> None:
        self._settings = settings
        self._state = state.State(launcher=os.getpid(), phase="starting")
        # The watcher of the processes writes it too.
        self._writing = threading.Lock()
        self._secrets: Mapping[str, str] = {}
        self._postgres: Postgres | None = None
        self._children: Children | None = None

    def run(self) -> None:
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, _stop)
        try:
            self._begin()
            self._stay()
        except Stopped:
            screen.say("")
        finally:
            # Once is enough: a second Ctrl-C must not interrupt the stopping.
            for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(sign, signal.SIG_IGN)
            self._end()

    def _begin(self) -> None:
        settings = self._settings
        if ended := leftovers.clear(settings):
            screen.warn(f"ended what an earlier launcher had left running: {', '.join(ended)}")
        self._secrets = vault.kept(settings.data)
        if settings.admin_url is None:
            self._postgres = Postgres(
                settings.data,
                settings.port("postgres"),
                password=self._secrets["postgres"],
                options={"max_connections": str(settings.connections)},
            )
            self._postgres.stop_left_over()
            if aside.put_back(self._postgres.folder):
                screen.warn("a restore was cut off; the databases are those from before it")
        machine.require_ports(settings)
        settings.logs.mkdir(parents=True, exist_ok=True)
        restart.forget(settings.data)
        self._phase("starting")
        keys.create(settings.keys)
        admin_url = self._database()
        self._migrate(admin_url)
        remember_the_erased(settings, self._secrets, admin_url)
        self._children = Children(
            processes.processes(settings, self._secrets, admin_url), settings.logs, screen.warn, self._remember
        )
        self._start(self._children)
        self._fill()
        self._greet()
        # Last, for `maison up --detach` goes home on it.
        self._phase("ready")

    def _database(self) -> str:
        if self._postgres is None:
            admin_url = self._settings.admin_url or ""
            with screen.step("PostgreSQL (your own)"):
                own_postgres.require_fit(
                    admin_url,
                    fsync_may_be_off=self._settings.environment == "test",
                    instances=self._settings.instances,
                )
        else:
            admin_url = self._postgres.admin_url
            with screen.step(f"PostgreSQL (embedded, port {self._postgres.port})"):
                self._postgres.start()
        with screen.step("logins and databases"):
            try:
                asyncio.run(provision.provision(admin_url, self._secrets))
            except asyncpg.PostgresError as fault:
                what = f"logins and databases could not be made ({fault.sqlstate})"
                raise StepFailed(what, "`maison doctor` checks the server.") from None
        return admin_url

    def _migrate(self, admin_url: str) -> None:
        steps = processes.migrations(self._settings, self._secrets, admin_url)
        log = self._settings.logs / "migrate.log"
        with screen.Bars() as bars:
            # In this process, for to start six others takes most of a second start's time (measured: 14 s of 21).
            for count, (package, url) in enumerate(steps):
                bars.show("migrations", count, len(steps))
                try:
                    asyncio.run(migrate.migrate(url, package))
                except Exception as fault:  # noqa: BLE001 - whatever it is, a person gets two lines and the log
                    log.write_text(traceback.format_exc())
                    what = f"the migration of {package} failed ({type(fault).__name__}):\n{tail(log)}"
                    advice = f"The whole story is in {log}. Nothing was lost: a migration is applied whole."
                    raise StepFailed(what, advice) from None
            bars.show("migrations", len(steps), len(steps))

    def _start(self, children: Children) -> None:
        names = [name for process in children.processes for name in process.names]
        ready: list[str] = []
        with screen.Bars() as bars:

            def progress(name: str) -> None:
                ready.append(name)
                bars.show("processes", len(ready), len(names))

            bars.show("processes", 0, len(names))
            children.start()
            children.await_ready(progress)
        screen.done(f"ready: {', '.join(names)}")
        children.watch()

    def _fill(self) -> None:
        was_restored = (self._settings.data / aside.MARK).exists()
        if was_restored or not self._settings.demo or demo_house.filled(self._settings) is not None:
            return
        self._phase("filling")
        screen.say("Filling the demo house (first start only)")
        with screen.Bars() as bars:
            demo_house.fill(self._settings, self._secrets, bars.show)
        screen.done("the demo house is complete")

    def _greet(self) -> None:
        settings, at = self._settings, processes.urls(self._settings)
        public = settings.public_url or at["gateway"]
        shown = [
            ("API (gateway)", f"{public}/v1"),
            ("API reference", f"{public}/docs"),
            *(("WeChat sandbox", at["sandbox"]) for _ in range(settings.sandboxed)),
            ("logs", str(settings.logs)),
        ]
        screen.table("Maison is running", ("", ""), shown)
        brand, username = settings.first_administrator
        house = demo_house.filled(settings)
        if house is not None and house.brand == brand:
            # One of each role: the whole list would push everything else off the screen.
            chosen = {person.role: person for person in reversed(house.accounts)}.values()
            people = [(one.username, one.password, one.role, one.place) for one in reversed(chosen)]
            first = (username, self._secrets["first_password"], "headquarters", "first administrator")
            screen.table(f"Accounts of {brand}", ("username", "password", "role", "place"), [first, *people])
            screen.say(f"All {len(house.accounts)} accounts stand in {settings.data / FILE}.")
        else:
            screen.say(f"First administrator: {username} of {brand}; the password is in {settings.data}/secrets.json")
        screen.say("Ctrl-C stops everything; `maison status` and `maison logs` work from another terminal.")

    def _stay(self) -> None:
        restarts = restart.Restarts(self._settings.data, self._children, screen.warn) if self._children else None
        while True:
            time.sleep(_LOOK)
            if self._postgres is not None:
                keep_running(self._postgres)
            if restarts is not None:
                restarts.attend()

    def _end(self) -> None:
        self._phase_if_it_can("stopping")
        if self._children is not None:
            with screen.step("processes stopped"):
                self._children.stop()
        if self._postgres is not None and self._postgres.running():
            with screen.step("PostgreSQL stopped"):
                self._postgres.stop()
        self._state.children = {}
        self._phase_if_it_can("stopped")

    def _phase(self, phase: state.Phase) -> None:
        with self._writing:
            self._state.phase = phase
            state.write(self._settings.data, self._state)

    def _phase_if_it_can(self, phase: state.Phase) -> None:
        # A full disk must not keep anything from being stopped.
        with contextlib.suppress(OSError):
            self._phase(phase)

    def _remember(self, children: Mapping[str, state.Child]) -> None:
        with self._writing:
            self._state.children = dict(children)
            state.write(self._settings.data, self._state)
            state.write_targets(self._settings.data, children)


def remember_the_erased(settings: LauncherSettings, secrets: Mapping[str, str], admin_url: str) -> None:
    """Before anybody is served: the databases may have been put back to an earlier day by other means than ours.

    Raises StepFailed, or TombstonesUnreadable.
    """
    memory = tombstones.Memory(settings.keys / tombstones.FILE)
    try:
        again = asyncio.run(tombstones.keep(memory, services(admin_url, secrets)))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as fault:
        what = f"who was erased could not be made known to the databases ({type(fault).__name__})"
        raise StepFailed(what, "`maison doctor` checks disk and server; then `maison up` again.") from None
    if again:
        screen.warn(f"the databases are older than their tombstones; buried again: {again}")


def keep_running(server: Postgres) -> None:
    """Start PostgreSQL again if it has ended, as often as it takes."""
    failures = 0
    while not server.running():
        screen.warn("PostgreSQL ended; starting it again")
        try:
            server.start()
        except (Obstacle, OSError) as fault:
            # What is left of the one that was killed may be in its way for a moment; a full disk passes too.
            failures += 1
            why = f"PostgreSQL could not be started ({fault.strerror})" if isinstance(fault, OSError) else fault.what
            screen.refuse(StepFailed(why, f"It is tried again in {pause(failures):g} s."))
            time.sleep(pause(failures))
        else:
            screen.done("PostgreSQL answers again")


def _stop(_sign: int, _frame: FrameType | None) -> None:
    raise Stopped


def detach(settings: LauncherSettings) -> None:
    """Start the launcher in the background and come back when the suite is ready; raises StepFailed."""
    machine.require_folder(settings.data)
    # Before its log is begun anew: that one is still written.
    lock.require_free(settings.data)
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = settings.logs / "launcher.log"
    with log.open("wb") as file:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "suite.cli", "up"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with log.open(encoding="utf-8", errors="replace") as said:
        while True:
            ended = launcher.poll() is not None
            now = state.read(settings.data)
            is_ready = now is not None and now.launcher == launcher.pid and now.phase == "ready"
            if text := said.read():
                screen.console.out(text, end="")
            if ended:
                raise StepFailed("the suite did not start", f"The reason stands above, and in {log}.")
            if is_ready:
                return
            time.sleep(0.2)
