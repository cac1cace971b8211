"""The map of the system against what the processes really read."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from infra.keys import ISSUERS
from infra.provision import LOGINS
from infra.settings import Settings
from suite.launcher import processes, vault
from suite.launcher.processes import PROGRAMS, Process
from suite.launcher.settings import OFFSETS, ROOT, LauncherSettings
from suite.sandbox.settings import SandboxSettings

ADMIN = "postgresql://postgres:secret@127.0.0.1:8732/postgres"
# Read by OpenTelemetry itself.
STANDARD = {"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_CERTIFICATE"}
# Read by infra.serve itself.
LISTEN = {"MAISON_HOST", "MAISON_PORT"}


def variables(kind: type[BaseSettings], *, required: bool = False) -> set[str]:
    """The environment variables of a settings class."""
    fields = kind.model_fields.items()
    return {f"MAISON_{name.upper()}" for name, field in fields if field.is_required() or not required}


def started(settings: LauncherSettings) -> dict[str, Process]:
    return {
        process.name: process
        for process in processes.processes(settings, vault.kept(settings.data), settings.admin_url or ADMIN)
    }


@pytest.mark.parametrize("name", ["profile", "appointments", "feedback", "recommend"])
def test_a_service_is_given_what_it_needs_and_nothing_it_does_not_know(name: str) -> None:
    given = set(PROGRAMS[name].reads)
    assert variables(Settings, required=True) <= given
    assert given | set(PROGRAMS[name].may_read) <= variables(Settings) | STANDARD


def test_the_gateway_is_given_what_it_needs_and_its_first_account() -> None:
    given = set(PROGRAMS["gateway"].reads)
    assert variables(Settings, required=True) <= given
    known = variables_of_the_gateway()
    assert given | set(PROGRAMS["gateway"].may_read) <= known | STANDARD
    # What only the gateway knows can all be set.
    assert known - variables(Settings) <= given | set(PROGRAMS["gateway"].may_read)


def variables_of_the_gateway() -> set[str]:
    # Asked of the gateway in a process of its own: the suite imports no service, nor do its tests.
    program = "from gateway.settings import GatewaySettings as S; print(*S.model_fields)"
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {f"MAISON_{name.upper()}" for name in said.split()}


def test_the_sandbox_is_given_what_it_needs_and_nothing_it_does_not_know() -> None:
    given = set(PROGRAMS["sandbox"].reads)
    assert variables(SandboxSettings, required=True) <= given <= variables(SandboxSettings) | LISTEN


def test_every_process_has_a_port_and_every_database_its_login_and_key_file() -> None:
    with_database = {name for name, program in PROGRAMS.items() if program.migrations is not None}
    assert set(PROGRAMS) | {"postgres"} == set(OFFSETS)
    assert {f"maison_{name}" for name in with_database} | {"maison_log"} == set(LOGINS)
    # And one for whoever operates the log from inside.
    assert with_database | {"operator"} == set(ISSUERS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_module_of_a_process_exists(name: str) -> None:
    module, _, factory = PROGRAMS[name].application.partition(":")
    assert factory == "build"
    assert importlib.util.find_spec(module) is not None


def test_each_process_has_its_own_database_and_sees_the_same_peers(tmp_path: Path) -> None:
    running = started(LauncherSettings(data=tmp_path))
    services = [process for name, process in running.items() if name != "sandbox"]
    assert len({process.variables["MAISON_DATABASE_URL"] for process in services}) == len(services)
    for process in services:
        assert f"/maison_{process.name}" in process.variables["MAISON_DATABASE_URL"]
        assert process.variables["MAISON_PROFILE_URL"] == running["profile"].url
        assert process.variables["MAISON_PORT"] == str(process.port)


def test_the_sandbox_and_the_gateway_share_one_account(tmp_path: Path) -> None:
    running = started(LauncherSettings(data=tmp_path))
    shared = set(PROGRAMS["sandbox"].reads) & set(PROGRAMS["gateway"].reads) - LISTEN
    of_both = ("SECRET", "PUSH_TOKEN", "PUSH_AES_KEY")
    assert shared == {
        *(f"MAISON_WECHAT_{end}" for end in ("APPID", *of_both)),
        *(f"MAISON_WECOM_{end}" for end in ("CORPID", "AGENT_ID", *of_both)),
    }
    for variable in shared:
        assert running["sandbox"].variables[variable] == running["gateway"].variables[variable]
    assert running["gateway"].variables["MAISON_WECHAT_API_URL"] == running["sandbox"].url


def test_there_are_as_many_instances_as_asked_for_but_one_sandbox(tmp_path: Path) -> None:
    running = started(LauncherSettings(data=tmp_path, instances=3))
    assert running["sandbox"].names == ["sandbox"]
    assert all(one.names == [name, f"{name}-2", f"{name}-3"] for name, one in running.items() if name != "sandbox")
    assert LauncherSettings().instances == 1
    # What the instances use, and one more of each while they are replaced.
    assert LauncherSettings(instances=2).connections == 300


def test_a_real_wechat_account_replaces_the_sandbox(tmp_path: Path) -> None:
    settings = LauncherSettings(
        data=tmp_path,
        wechat_api_url="https://api.weixin.qq.com",
        wechat_appid="wx0000000000000000",
        wechat_secret="0" * 32,
    )
    running = started(settings)
    assert "sandbox" not in running
    assert running["profile"].variables["MAISON_WECHAT_API_URL"] == "https://api.weixin.qq.com"
    assert running["profile"].variables["MAISON_WECHAT_SECRET"] == "0" * 32


def test_only_those_who_speak_with_wechat_hold_its_secrets(tmp_path: Path) -> None:
    holding = {
        name for name, process in started(LauncherSettings(data=tmp_path)).items() if "wechat_secret" in _held(process)
    }
    assert holding == {"sandbox", "profile", "gateway"}


def _held(process: Process) -> set[str]:
    return {name.removeprefix("MAISON_").lower() for name in process.variables}


def test_the_first_administrator_is_the_one_of_the_settings(tmp_path: Path) -> None:
    settings = LauncherSettings(data=tmp_path, first_account="yourhouse:boss")
    assert started(settings)["gateway"].variables["MAISON_FIRST_ACCOUNT"] == "yourhouse:boss"
    assert settings.first_administrator == ("yourhouse", "boss")
    assert LauncherSettings().first_administrator == ("lumiere", "admin")


def test_a_process_sees_nothing_of_our_own_environment_but_the_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAISON_ADMIN_URL", ADMIN)
    monkeypatch.setenv("SOMETHING_ELSE", "x")
    monkeypatch.setenv("MAISON_LIMIT_FACTOR", "5")
    for process in started(LauncherSettings(data=tmp_path)).values():
        seen = process.environment()
        # Handed through to whom the map names.
        handed = {"MAISON_LIMIT_FACTOR"} if process.name == "gateway" else set()
        assert {name for name in seen if name.startswith("MAISON_")} == set(PROGRAMS[process.name].reads) | handed
        assert "SOMETHING_ELSE" not in seen


def test_every_database_is_migrated_the_log_first(tmp_path: Path) -> None:
    settings = LauncherSettings(data=tmp_path)
    steps = processes.migrations(settings, vault.kept(tmp_path), ADMIN)
    packages = [package for package, _ in steps]
    assert packages[0] == "infra.eventlog"
    assert set(packages[1:]) == {program.migrations for program in PROGRAMS.values() if program.migrations}
    assert len({url for _, url in steps}) == len(LOGINS)


def test_secrets_stay_the_same_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = vault.kept(tmp_path)
    assert vault.kept(tmp_path) == first
    assert len(set(first.values())) == len(first)
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
