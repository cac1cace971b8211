"""The embedded PostgreSQL, really started: who runs it, how safe it is, what the suite's logins may do."""

import asyncio
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from infra import provision
from suite.launcher import ports, postgres, up
from suite.launcher.obstacles import PostgresUnfit
from suite.launcher.own_postgres import ask, shortcomings
from suite.launcher.postgres import Postgres, folder_for

PASSWORDS = {login: f"{login}-password" for login in provision.LOGINS}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server with the suite's logins, in a folder that an unprivileged account reaches."""
    data = Path(tempfile.mkdtemp(prefix="maison-launcher-"))
    data.chmod(0o755)
    made = Postgres(data, ports.free(), password=secrets.token_urlsafe(16))
    try:
        made.start()
        asyncio.run(provision.provision(made.admin_url, PASSWORDS))
        yield made
    finally:
        made.stop()
        made.remove()
        shutil.rmtree(data)


@pytest.fixture
async def admin(server: Postgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(server.admin_url)
    yield connection
    await connection.close()


@pytest.fixture
async def profile(server: Postgres) -> AsyncIterator[asyncpg.Connection]:
    login = "maison_profile"
    connection = await asyncpg.connect(provision.database_url(server.admin_url, login, PASSWORDS[login]))
    yield connection
    await connection.close()


def test_one_that_recovers_is_waited_for_and_one_that_says_nothing_is_not(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = provision.Server(major=18, fsync=True, missing_extensions=(), may_create=True, max_connections=200)
    found: list[Exception | provision.Server] = [OSError()] * 3

    async def examine(_: str) -> provision.Server:
        if isinstance(said := found.pop(0), Exception):
            raise said
        return said

    monkeypatch.setattr(postgres, "START", 0.0)
    monkeypatch.setattr(provision, "examine", examine)
    other = Postgres(server.folder.parent, server.port, password="")
    with pytest.raises(PostgresUnfit):
        other.wait()
    found[:] = [asyncpg.CannotConnectNowError("the database system is starting up")] * 3 + [fit]
    other.wait()
    assert found == []


async def test_it_is_fit_for_the_suite_with_fsync_on(server: Postgres) -> None:
    said = await provision.examine(server.admin_url)
    assert said == provision.Server(major=18, fsync=True, missing_extensions=(), may_create=True, max_connections=200)
    assert shortcomings(said) == []


async def test_its_errors_do_not_quote_rows(admin: asyncpg.Connection) -> None:
    assert await admin.fetchval("show log_error_verbosity") == "terse"


async def test_it_listens_on_the_loopback_address_only(admin: asyncpg.Connection) -> None:
    assert await admin.fetchval("show listen_addresses") == "127.0.0.1"
    assert await admin.fetchval("show unix_socket_directories") == ""


def test_it_never_runs_as_root(server: Postgres) -> None:
    assert server.process is not None
    if os.geteuid() == 0:
        assert server.cluster.stat().st_uid == server.account.uid != 0
    else:
        assert server.cluster.stat().st_uid == os.geteuid()
    assert server.cluster.stat().st_mode & 0o777 == 0o700


async def test_a_chinese_name_has_letters(profile: asyncpg.Connection) -> None:
    await profile.execute("create extension if not exists pg_trgm")
    assert await profile.fetchval("select similarity('林晓', '林晓雯') > 0")


async def test_a_login_owns_its_database_and_is_no_superuser(profile: asyncpg.Connection) -> None:
    row = await profile.fetchrow(
        "select rolsuper, rolcreaterole, rolcreatedb, datdba = r.oid as owns from pg_roles r, pg_database"
        " where rolname = current_user and datname = current_database()"
    )
    assert tuple(row) == (False, False, False, True)


@pytest.mark.parametrize(("setting", "value"), provision.TIMEOUTS.items())
async def test_a_login_does_not_wait_for_ever(profile: asyncpg.Connection, setting: str, value: str) -> None:
    assert await profile.fetchval(f"show {setting}") == value


async def test_a_login_cannot_enter_anothers_database(server: Postgres) -> None:
    own = provision.database_url(server.admin_url, "maison_profile", PASSWORDS["maison_profile"])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(own.rpartition("/")[0] + "/maison_feedback")


async def test_a_wrong_password_is_refused(server: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(provision.database_url(server.admin_url, "maison_profile", "guessed"))


async def test_provisioning_again_keeps_the_data_and_changes_the_password(
    server: Postgres, profile: asyncpg.Connection
) -> None:
    await profile.execute("create table if not exists kept (value int)")
    renewed = PASSWORDS | {"maison_log": "a/new:one@really"}
    await provision.provision(server.admin_url, renewed)
    log = await asyncpg.connect(provision.database_url(server.admin_url, "maison_log", renewed["maison_log"]))
    await log.close()
    assert await profile.fetchval("select count(*) from kept") == 0
    await provision.provision(server.admin_url, PASSWORDS)


async def test_an_admin_who_is_no_superuser_may_provision_too(server: Postgres, admin: asyncpg.Connection) -> None:
    await admin.execute("create role steward login createrole createdb password 'steward-password'")
    url = provision.database_url(server.admin_url, "steward", "steward-password").rpartition("/")[0] + "/postgres"
    assert (await provision.examine(url)).may_create
    for login in provision.LOGINS:
        await admin.execute(f"drop database {login} with (force)")
        await admin.execute(f"drop role {login}")
    await provision.provision(url, PASSWORDS)
    await provision.provision(url, PASSWORDS)
    owners = await admin.fetch(
        "select datname = pg_get_userbyid(datdba) as own from pg_database where datname ~ '^maison'"
    )
    assert [row["own"] for row in owners] == [True] * len(provision.LOGINS)


def test_a_second_start_finds_the_first_ones_data_and_ends_what_was_left(server: Postgres) -> None:
    # As after a killed launcher: another object, the same folder, the first server still running.
    again = Postgres(server.folder.parent, ports.free(), password=server.admin_url.split(":")[2].split("@")[0])
    left = server.process
    assert left is not None
    again.start()
    try:
        assert left.wait(10) is not None

        async def logins() -> int:
            connection = await asyncpg.connect(again.admin_url)
            found = await connection.fetchval("select count(*) from pg_roles where rolname ~ '^maison_'")
            await connection.close()
            return int(found)

        assert asyncio.run(logins()) == len(provision.LOGINS)
    finally:
        again.stop()


def test_a_killed_server_is_started_again_with_all_that_was_confirmed(server: Postgres) -> None:
    async def counted(statement: str) -> int:
        connection = await asyncpg.connect(server.admin_url)
        try:
            await connection.execute("create table if not exists confirmed (value int)")
            await connection.execute(statement)
            return int(await connection.fetchval("select count(*) from confirmed"))
        finally:
            await connection.close()

    server.stop()
    server.start()
    assert asyncio.run(counted("insert into confirmed select generate_series(1, 1000)")) == 1000
    assert server.process is not None
    server.process.kill()
    server.process.wait(10)
    assert not server.running()
    # Its id is nobody's now; the file that names it stays, for PostgreSQL itself looks whether anything is left of it.
    server.stop_left_over()
    assert (server.cluster / "postmaster.pid").exists()
    server.start()
    assert asyncio.run(counted("select 1")) == 1000


def test_a_file_that_names_another_program_is_removed(server: Postgres) -> None:
    server.stop()
    pid_file = server.cluster / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{server.cluster}\n")
    server.start()
    assert server.running()


def test_an_empty_file_that_a_crash_left_is_removed_and_one_that_is_gone_is_no_fault(server: Postgres) -> None:
    server.stop()
    server.stop_left_over()
    (server.cluster / "postmaster.pid").touch()
    server.start()
    assert server.running()


def test_the_launcher_outlives_a_server_that_cannot_be_started_for_a_while(
    server: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    server.stop()
    # As on a full disk: a folder stands where its log goes.
    server.log.unlink()
    server.log.mkdir()
    keeping = threading.Thread(target=up.keep_running, args=(server,), daemon=True)
    keeping.start()
    said = ""
    while "PostgreSQL could not be started" not in said:
        keeping.join(0.05)
        assert keeping.is_alive()
        said += capsys.readouterr().err
    server.log.rmdir()
    keeping.join(60)
    assert server.running()


def test_data_of_another_major_version_is_refused_with_advice(tmp_path: Path, server: Postgres) -> None:
    made = server.cluster / "PG_VERSION"
    text = made.read_text()
    made.write_text("17\n")
    try:
        with pytest.raises(PostgresUnfit, match="is of PostgreSQL 17, this suite runs 18"):
            server.prepare()
    finally:
        made.write_text(text)


def test_a_folder_the_account_cannot_reach_is_replaced_and_remembered(tmp_path: Path) -> None:
    data = tmp_path / "closed"
    data.mkdir(mode=0o700)
    mine = Postgres(data, 1, password="x")
    if os.geteuid() == 0:
        assert not mine.folder.is_relative_to(data)
        data.chmod(0o755)
        assert folder_for(data, mine.account) == mine.folder
    else:
        assert mine.folder == data / "postgres"


def test_an_own_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(PostgresUnfit) as refused:
        ask(f"postgresql://admin:hush@127.0.0.1:{ports.free()}/postgres")
    assert "MAISON_ADMIN_URL" in refused.value.what
    assert "hush" not in refused.value.what + refused.value.advice


def test_each_shortcoming_of_an_own_server_comes_with_what_to_do() -> None:
    bad = provision.Server(major=16, fsync=False, missing_extensions=("pg_trgm",), may_create=False, max_connections=20)
    found = shortcomings(bad)
    assert [what.split()[0] for what, _ in found] == ["it", "fsync", "pg_trgm", "the", "max_connections"]
    assert all(advice.endswith(".") for _, advice in found)
    assert len(shortcomings(bad, fsync_may_be_off=True)) == len(found) - 1
    good = provision.Server(major=18, fsync=True, missing_extensions=(), may_create=True, max_connections=200)
    assert shortcomings(good, instances=2) == []
    assert [what for what, _ in shortcomings(good, instances=3)] == ["max_connections is 200"]
