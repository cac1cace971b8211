"""The embedded PostgreSQL: one server in the data folder, on the loopback address, with fsync on."""

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import asyncpg

from infra import provision
from suite.launcher import binaries, programs
from suite.launcher.account import Account, unprivileged
from suite.launcher.obstacles import PostgresUnfit, ProcessDied

SUPERUSER = "postgres"
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "on",
    # Error details quote rows, and with them a client's phone number.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "fatal",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
START = 60  # seconds without a word from it
_STOP = 30  # seconds
_POINTER = "postgres-folder"


def folder_for(data: Path, account: Account) -> Path:
    """Where the server keeps its files: in the data folder, unless its account cannot walk there (such as /root)."""
    pointer = data / _POINTER
    if pointer.exists():
        return Path(pointer.read_text())
    inside = data / "postgres"
    if account.reaches(data):
        return inside
    chosen = Path("/var/lib/maison") / hashlib.sha256(str(data).encode()).hexdigest()[:16]
    pointer.write_text(str(chosen))
    return chosen


class Postgres:
    """One server. `options` are added to, or replace, those of the suite (tests may trade safety for speed)."""

    def __init__(self, data: Path, port: int, *, password: str, options: Mapping[str, str] | None = None) -> None:
        self.account = unprivileged()
        self.folder = folder_for(data, self.account)
        self.log = data / "logs" / "postgres.log"
        self.port = port
        self._password = password
        self._options = {**OPTIONS, **(options or {})}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def admin_url(self) -> str:
        """Where the superuser connects."""
        return f"postgresql://{SUPERUSER}:{quote(self._password, safe='')}@127.0.0.1:{self.port}/postgres"

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.folder / "cluster"

    def prepare(self) -> None:
        """Unpack the programs and make the cluster, whatever of it is missing; raises PostgresUnfit."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        programs_at = binaries.unpack(self.folder, self.account)
        made = self.cluster / "PG_VERSION"
        if not made.exists():
            self._initdb(programs_at)
        if (found := made.read_text().strip()) != str(provision.MAJOR):
            what = f"the data in {self.cluster} is of PostgreSQL {found}, this suite runs {provision.MAJOR}"
            raise PostgresUnfit(what, "Start the version of the suite that made it, or `maison reset` to begin anew.")

    def _initdb(self, programs_at: Path) -> None:
        # Made beside and renamed: a cluster that is there is whole.
        partial = self.folder / "cluster.new"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        self.account.own(partial)
        secret = self.folder / "superuser-password"
        with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(self._password)
        self.account.own(secret)
        try:
            done = subprocess.run(
                [
                    programs_at / "initdb",
                    f"--pgdata={partial}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={secret}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    # The same order of texts on every machine, whatever its C library.
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    # pg_trgm asks the C library what a letter is; under plain C no Chinese character is one.
                    f"--lc-ctype={'UTF-8' if sys.platform == 'darwin' else 'C.UTF-8'}",
                ],
                cwd=self.folder,
                env=binaries.environment(self.folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                **self.account.popen(),
            )
        finally:
            secret.unlink()
        if done.returncode != 0:
            what = f"initdb failed in {self.folder}: {' '.join(done.stderr.strip().splitlines()[-2:])}"
            raise PostgresUnfit(what, "`maison doctor` checks the machine; `maison reset` begins anew.")
        partial.rename(self.cluster)

    def start(self) -> None:
        """Start the server and wait until it answers, with fsync on; raises ProcessDied or PostgresUnfit."""
        self.prepare()
        self.stop_left_over()
        programs_at = binaries.unpack(self.folder, self.account)
        options = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [programs_at / "postgres", "-D", self.cluster, "-p", str(self.port), *options],
                cwd=self.folder,
                env=binaries.environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A session of its own: the terminal's Ctrl-C is for the launcher, which stops the database last.
                start_new_session=True,
                **self.account.popen(),
            )
        self.wait()

    def wait(self) -> None:
        """Until the server that was started answers; raises ProcessDied or PostgresUnfit."""
        deadline = time.monotonic() + START
        while True:
            if self.process is not None and self.process.poll() is not None:
                raise ProcessDied(f"PostgreSQL ended at start:\n{tail(self.log)}", f"The whole log is {self.log}.")
            try:
                server = asyncio.run(provision.examine(self.admin_url))
            except asyncpg.InvalidPasswordError:
                self.stop()
                what = f"PostgreSQL does not know the password in {self.folder.parent}"
                raise PostgresUnfit(what, "The data folder is mixed from two; `maison reset` begins anew.") from None
            except asyncpg.CannotConnectNowError:
                # It recovers from a crash, and says so: however long that takes, stopping it would only begin it anew.
                deadline = time.monotonic() + START
                time.sleep(0.05)
                continue
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                if time.monotonic() > deadline:
                    self.stop()
                    what = f"PostgreSQL did not answer within {START} seconds"
                    raise PostgresUnfit(what, f"Its log is {self.log}.") from None
                time.sleep(0.05)
                continue
            if not server.fsync and self._options["fsync"] == "on":
                self.stop()
                raise PostgresUnfit("PostgreSQL runs with fsync off", f"Look for fsync in {self.cluster}.")
            return

    def running(self) -> bool:
        """Whether the server we started is still there."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, nothing committed is lost."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(_STOP)
            except subprocess.TimeoutExpired:
                # Immediate shutdown; the next start recovers from the write-ahead log.
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait()
        self.process = None

    def stop_left_over(self) -> None:
        """Stop a server that outlived a killed launcher."""
        pid_file = self.cluster / "postmaster.pid"
        said = _first_line(pid_file)
        if said == "":
            # It writes at once what it makes. Still empty, it is what a crash left, and PostgreSQL would not start.
            time.sleep(1)
            if (said := _first_line(pid_file)) == "":
                pid_file.unlink(missing_ok=True)
        if not said:
            return
        pid = abs(int(said))  # negative: in single-user mode
        if programs.runs(pid, str(self.cluster)):
            programs.end(pid, signal.SIGINT, within=_STOP)
        elif programs.command_of(pid):
            # Its id belongs to another program by now, and PostgreSQL would refuse to start. Any other file it judges
            # better than we do: it waits for what is left of a killed server and still writes to the cluster.
            pid_file.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete everything the server keeps; it must be stopped."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _first_line(path: Path) -> str | None:
    """None when the file is not there, also when it has gone this instant."""
    try:
        return path.read_text().partition("\n")[0].strip()
    except FileNotFoundError:
        return None


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, for the screen."""
    if not log.exists():
        return "(no log)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
