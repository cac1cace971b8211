"""`maison restore`: the databases of a backup in the place of the present ones, which stay aside until they stand."""

import asyncio
import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from infra import migrate, provision
from infra.files import write_whole
from suite.backup import checking, copying, keyfile, manifest, positions, tombstones
from suite.backup.keyfile import KeyFile
from suite.backup.manifest import Manifest, Tell
from suite.backup.obstacles import RestoreFailed, RestoreRefused
from suite.backup.server import ON_THE_SERVER, Source, embedded, services, urls
from suite.backup.tombstones import Memory
from suite.launcher import aside, leftovers, lock, machine, ports, processes, screen, vault
from suite.launcher.obstacles import Obstacle
from suite.launcher.postgres import SUPERUSER, Postgres
from suite.launcher.settings import LauncherSettings

_OURS = "alter role {login} password '{verifier}'\n"
_RESTORED = "insert into restoration (restored_at, made_at) values ($1, $2)"


@dataclass(frozen=True)
class Restored:
    """What a restore did."""

    manifest: Manifest
    seconds: float
    replaced: Path | None
    buried_again: int
    damage: Sequence[str]


def restore(settings: LauncherSettings, folder: Path, tell: Tell, *, keys: Path | None = None) -> Restored:
    """Put a backup in the place of the present databases; raises Obstacle, and then the present ones are in place.

    The suite must be down. Whoever was erased since stays erased: tombstones are carried over before anything serves.
    """
    if settings.admin_url is not None:
        what = "the databases are on your own PostgreSQL (MAISON_ADMIN_URL), which this command does not touch"
        raise RestoreRefused(what, ON_THE_SERVER)
    began = time.monotonic()
    machine.require_folder(settings.data)
    with lock.held(settings.data):
        leftovers.clear(settings)
        wanted = manifest.read(folder)
        given = keyfile.read(keys) if keys is not None else None
        checking.require_fit(wanted)
        keyfile.check(wanted.keys, given.keys if given else keyfile.of_folder(settings.keys))
        manifest.check_files(folder, wanted, tell)
        return _Restore(settings, folder, wanted, given).run(tell, began=began)


class _Restore:
    """One restore, with the lock held and everything checked that can be checked from outside."""

    def __init__(self, settings: LauncherSettings, folder: Path, wanted: Manifest, given: KeyFile | None) -> None:
        self._settings, self._folder, self._wanted, self._given = settings, folder, wanted, given
        self._memory = Memory(settings.keys / tombstones.FILE)

    def run(self, tell: Tell, *, began: float) -> Restored:
        if self._given is not None:
            keyfile.install(self._settings, self._given, self._wanted)
        self._memory.read()  # unreadable, it stops us here
        secrets = vault.kept(self._settings.data)
        # Not at the suite's own port: nothing may find it before it is finished.
        server = Postgres(self._settings.data, ports.free(), password=secrets["postgres"])
        server.folder.mkdir(parents=True, exist_ok=True)
        server.folder.chmod(0o755)
        server.stop_left_over()
        if aside.put_back(server.folder):
            screen.warn("a restore that was cut off is undone; this one begins anew")
        machine.require_disk(server.folder, self._wanted.unpacked_bytes + machine.ROOM)
        source = embedded(server)
        self._remember(server, secrets)
        fresh = self._unpacked(source, server.folder, tell)
        aside.swap(server.folder, fresh)
        mark = self._settings.data / aside.MARK
        try:
            self._set_password(source, server, secrets["postgres"])
            server.start()
            try:
                buried, damage = asyncio.run(self._stand_up(server.admin_url, secrets, tell))
            finally:
                server.stop()
            restored_at = datetime.now(UTC)
            # A house that was restored is nobody's demonstration: `maison up` does not fill it.
            said = {"restored_at": restored_at.isoformat(), "backup_of": self._wanted.made_at.isoformat()}
            write_whole(mark, json.dumps(said) + "\n")
        except BaseException as fault:
            server.stop()
            aside.put_back(server.folder)
            if isinstance(fault, Obstacle | KeyboardInterrupt):
                raise
            what = f"the restored databases did not stand up ({type(fault).__name__}); the present ones are back"
            raise RestoreFailed(what, f"PostgreSQL's log is {server.log}.") from fault
        replaced = aside.settle(server.folder, now=restored_at)
        return Restored(self._wanted, round(time.monotonic() - began, 1), replaced, buried, damage)

    def _remember(self, server: Postgres, secrets: Mapping[str, str]) -> None:
        """Write down who was erased in the databases that are about to go, if they can still say it."""
        if not (server.cluster / "PG_VERSION").exists():
            return
        try:
            server.start()
            try:
                self._memory.remember(asyncio.run(tombstones.gather(services(server.admin_url, secrets))))
            finally:
                server.stop()
        except (Obstacle, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as fault:
            screen.warn(
                f"the present databases cannot be read any more ({type(fault).__name__}): who was erased since the"
                f" last backup is known only as far as {self._memory.path} says"
            )

    def _unpacked(self, source: Source, folder: Path, tell: Tell) -> Path:
        fresh = folder / "cluster.restoring"
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            total = self._wanted.unpacked_bytes // machine.MEGA

            def placed(size: int) -> None:
                tell("unpacked (MB)", min(size // machine.MEGA, total), total)

            copying.unpack(self._folder / copying.BASE, fresh, source.account, placed)
            copying.unpack(self._folder / copying.WAL, fresh / "pg_wal", source.account)
            copying.place_contents(self._folder, fresh, source.account)
            copying.verify_unpacked(source, fresh)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        os.sync()
        return fresh

    def _set_password(self, source: Source, server: Postgres, password: str) -> None:
        """The copy knows the superuser's password of its day; ours is the one in the data folder now.

        In single-user mode, where nobody can connect; it recovers the copy as well.
        """
        statement = _OURS.format(login=SUPERUSER, verifier=provision.scram_verifier(password))
        done = subprocess.run(
            [
                source.programs / "postgres",
                "--single",
                "-D",
                server.cluster,
                "-c",
                "log_min_messages=fatal",
                SUPERUSER,
            ],
            input=statement,
            cwd=server.folder,
            env=dict(source.variables),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            **source.account.popen(),
        )
        if done.returncode != 0:
            said = " ".join(done.stderr.strip().splitlines()[-2:])
            raise RestoreFailed(f"the copy does not start; the present databases are back: {said}", "Try another one.")

    async def _stand_up(self, admin_url: str, secrets: Mapping[str, str], tell: Tell) -> tuple[int, Sequence[str]]:
        """Everything that must be right before anybody is served; answers who was buried again, and what is damaged."""
        at = urls(admin_url, secrets)
        await provision.provision(admin_url, secrets)
        _, found = await positions.look(at)
        if behind := positions.fallen_behind(self._wanted.positions, found):
            raise RestoreFailed(
                f"the copy does not hold what it should: {behind[0]}; the present databases are back",
                "Try another backup, and keep this one for whoever looks into it.",
            )
        steps = processes.migrations(self._settings, secrets, admin_url)
        for done, (package, url) in enumerate(steps):
            tell("migrations", done, len(steps))
            await migrate.migrate(url, package)
        tell("migrations", len(steps), len(steps))
        buried = await tombstones.carry(services(admin_url, secrets), self._memory.read())
        now = datetime.now(UTC)
        for url in services(admin_url, secrets).values():
            connection = await asyncpg.connect(url)
            try:
                await connection.execute(_RESTORED, now, self._wanted.made_at)
            finally:
                await connection.close()
        return buried, await checking.damage(at, tell)
