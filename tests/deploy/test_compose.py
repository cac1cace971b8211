"""docker-compose.yml, the Dockerfile and the locked requirements against the code."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import keys
from infra.provision import LOGINS, Provisioning
from suite.launcher.processes import LOG_MIGRATIONS, PROGRAMS, urls
from suite.launcher.settings import OFFSETS, ROOT, LauncherSettings

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "infra/deploy/Dockerfile").read_text()
DATABASES = [name for name, program in PROGRAMS.items() if program.migrations is not None]
BASE = 8700
NEW_ENV = ROOT / "infra/deploy/new-env.sh"

_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::?-(?P<default>[^}]*)|:\?[^}]*)?\}")


def fresh_env() -> dict[str, str]:
    """What infra/deploy/new-env.sh writes into .env."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["/bin/sh", NEW_ENV], cwd=folder, capture_output=True, check=True)
        written = Path(folder, ".env").read_text()
    return dict(line.split("=", 1) for line in written.splitlines())


def resolved(text: str, env: dict[str, str]) -> str:
    """A value as Compose would hand it on; KeyError for a variable that is neither in .env nor has a default."""

    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        default = match["default"]
        return env[match["name"]] if default is None else env.get(match["name"], default)

    return _VARIABLE.sub(one, text)


def environment(name: str) -> dict[str, str]:
    """The variables of one container; those without a value are only handed through, and absent here."""
    env = fresh_env()
    stated = COMPOSE["services"][name]["environment"]
    return {key: resolved(value, env) for key, value in stated.items() if value is not None}


def test_the_containers_are_the_processes_of_the_map_and_what_they_stand_on() -> None:
    assert set(COMPOSE["services"]) == {"postgres", "prepare", *PROGRAMS}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_container_runs_the_command_of_the_map(name: str) -> None:
    assert COMPOSE["services"][name]["command"] == ["python", "-m", "infra.serve", PROGRAMS[name].application]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_container_gets_exactly_the_variables_of_the_map(name: str) -> None:
    stated = COMPOSE["services"][name]["environment"]
    assert {key for key, value in stated.items() if value is not None} == set(PROGRAMS[name].reads)
    # Without a value: handed through from .env or the shell when it stands there.
    assert {key for key, value in stated.items() if value is None} == set(PROGRAMS[name].may_read)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_container_listens_on_its_port_for_the_other_containers(name: str) -> None:
    given = environment(name)
    assert given["MAISON_PORT"] == str(BASE + OFFSETS[name])
    assert given["MAISON_HOST"] == "0.0.0.0"  # noqa: S104 - inside a container, reached by its peers only
    published = [port.rpartition(":")[2] for port in COMPOSE["services"][name].get("ports", [])]
    assert published == ([given["MAISON_PORT"]] if name in {"gateway", "sandbox"} else [])


def test_only_the_machine_itself_reaches_what_is_published_unless_told_otherwise() -> None:
    for container in COMPOSE["services"].values():
        for port in container.get("ports", []):
            assert resolved(port, {}).startswith("127.0.0.1:")


@pytest.mark.parametrize("name", PROGRAMS)
def test_addresses_of_peers_are_those_of_their_containers(name: str) -> None:
    settings = LauncherSettings(port_base=BASE)
    given = environment(name)
    for variable, value in given.items():
        peer = variable.removeprefix("MAISON_").removesuffix("_URL").lower()
        if variable.endswith("_URL") and peer in urls(settings):
            assert value == f"http://{peer}:{settings.port(peer)}"
    if "MAISON_WECHAT_API_URL" in given:
        assert given["MAISON_WECHAT_API_URL"] == f"http://sandbox:{settings.port('sandbox')}"
    if "MAISON_WECOM_API_URL" in given:
        assert given["MAISON_WECOM_API_URL"] == f"http://sandbox:{settings.port('sandbox')}"
    if "MAISON_SANDBOX_WECOM_PUSH_URL" in given:
        corpid = given["MAISON_WECOM_CORPID"]
        address = f"http://gateway:{settings.port('gateway')}/wecom/{corpid}/push"
        assert given["MAISON_SANDBOX_WECOM_PUSH_URL"] == address
    if "MAISON_SANDBOX_PUSH_URL" in given:
        appid = given["MAISON_WECHAT_APPID"]
        assert given["MAISON_SANDBOX_PUSH_URL"] == f"http://gateway:{settings.port('gateway')}/wechat/{appid}/push"


@pytest.mark.parametrize("name", DATABASES)
def test_a_service_has_its_own_database_and_key_file(name: str) -> None:
    given = environment(name)
    env = fresh_env()
    login = re.fullmatch(r"postgresql://(\w+):(\w+)@postgres:5432/(\w+)", given["MAISON_DATABASE_URL"])
    assert login is not None
    assert login[1] == login[3] == f"maison_{name}"
    assert len(login[2]) == len(env[f"MAISON_PASSWORD_{name.upper()}"])
    assert given["MAISON_KEYS"] == f"/keys/{name}.json"
    assert given["MAISON_INNER_JWKS"] == f"/keys/{keys.JWKS}"


@pytest.mark.parametrize("name", [*DATABASES, "sandbox"])
def test_settings_accept_what_a_container_is_given(name: str, tmp_path: Path) -> None:
    keys.create(tmp_path)
    given = {key: value.replace("/keys/", f"{tmp_path}/") for key, value in environment(name).items()}
    own = {"sandbox": "suite.sandbox.settings.SandboxSettings", "gateway": "gateway.settings.GatewaySettings"}
    module, _, settings = own.get(name, "infra.settings.Settings").rpartition(".")
    program = f"from infra.settings import load; from {module} import {settings}; load({settings})"
    ended = subprocess.run(
        [sys.executable, "-c", program], env=given, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_preparing_makes_keys_then_logins_then_migrates_every_database() -> None:
    shell, flags, script = COMPOSE["services"]["prepare"]["command"]
    assert (shell, flags) == ("sh", "-euc")
    steps = re.findall(r"python -m (infra\.\w+)", script)
    assert steps[:2] == ["infra.keys", "infra.provision"]
    migrated = re.findall(r"\$\$\(at (\w+) \$\$MAISON_PASSWORD_(\w+)\) python -m infra\.migrate (\S+)", script)
    packages = {"log": LOG_MIGRATIONS, **{name: str(PROGRAMS[name].migrations) for name in DATABASES}}
    assert {database: package for database, _, package in migrated} == packages
    assert all(database.upper() == password for database, password, _ in migrated)
    assert len(migrated) == len(steps) - 2 == len(LOGINS)


def test_preparing_gets_exactly_the_variables_it_reads() -> None:
    given = environment("prepare")
    assert set(given) == {f"MAISON_{name.upper()}" for name in Provisioning.model_fields}
    assert Provisioning(
        **{key.removeprefix("MAISON_").lower(): value for key, value in given.items()}  # type: ignore[arg-type]
    ).passwords().keys() == set(LOGINS)


def test_nothing_starts_before_the_database_is_prepared() -> None:
    services = COMPOSE["services"]
    assert services["prepare"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in PROGRAMS:
        assert services[name]["depends_on"] == {"prepare": {"condition": "service_completed_successfully"}}


def test_the_database_is_postgresql_18_and_keeps_what_it_confirmed() -> None:
    postgres = COMPOSE["services"]["postgres"]
    assert postgres["image"] == "postgres:18"
    assert "fsync=on" in postgres["command"]
    assert "log_error_verbosity=terse" in postgres["command"]
    assert postgres["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_container_is_checked_and_can_do_little_else_than_its_work(name: str) -> None:
    container = COMPOSE["services"][name]
    assert container["image"] == "maison"
    assert container["build"] == {"context": ".", "dockerfile": "infra/deploy/Dockerfile"}
    assert container["healthcheck"]["retries"] > 0
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    # Only the sandbox keeps a file; keys are read, and only its own.
    assert container["volumes"] == (["sandbox:/state"] if name == "sandbox" else [f"keys-{name}:/keys:ro"])


def test_a_container_finds_its_own_private_key_and_everybodys_public_ones(tmp_path: Path) -> None:
    prepare = COMPOSE["services"]["prepare"]
    mounted = dict(volume.split(":") for volume in prepare["volumes"])
    assert mounted == {"keys": "/keys", **{f"keys-{name}": f"/keys-of/{name}" for name in DATABASES}}
    assert set(COMPOSE["volumes"]) == {"postgres", "sandbox", *mounted}
    # A volume takes the owner of the folder it is mounted on; the process that writes there is not root.
    made = re.search(r"install -d -o maison -g maison -m 700 ([^&]+?)\n(?! )", DOCKERFILE)
    assert made is not None
    assert set(made[1].replace("\\", "").split()) == {"/state", *mounted.values()}
    # The step itself, on folders of this machine; twice, for preparing may be repeated.
    step = prepare["command"][2].partition("python -m infra.provision")[0].replace("$$", "$")
    step = step.replace("/keys", f"{tmp_path}/keys").replace("python", sys.executable)
    for name in DATABASES:
        (tmp_path / "keys-of" / name).mkdir(parents=True)
    for _ in range(2):
        subprocess.run(["/bin/sh", "-euc", step], cwd=ROOT, check=True)
    for name in DATABASES:
        found = {path.name for path in (tmp_path / "keys-of" / name).iterdir()}
        assert found == {f"{name}.json", keys.JWKS}
        assert (tmp_path / "keys-of" / name / f"{name}.json").stat().st_mode & 0o777 == 0o400


def test_secrets_are_their_owners_only_and_never_overwritten(tmp_path: Path) -> None:
    def made() -> subprocess.CompletedProcess[str]:
        return subprocess.run(["/bin/sh", NEW_ENV], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert made().returncode == 0
    env = tmp_path / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    first = env.read_text()
    again = made()
    assert again.returncode == 1
    assert ".env is there already" in again.stderr
    assert env.read_text() == first


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_container_is_asked_what_its_process_answers(name: str) -> None:
    stated = COMPOSE["services"][name]["healthcheck"].get("test")
    question = stated[-1] if stated is not None else DOCKERFILE[DOCKERFILE.index("HEALTHCHECK") :]
    assert PROGRAMS[name].probe in question


def test_the_image_is_slim_hashed_checked_and_not_root() -> None:
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert all(stage.endswith("-slim") for stage in stages)
    assert "--require-hashes -r requirements.lock" in DOCKERFILE
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1] == "maison"
    assert "/readyz" in DOCKERFILE[DOCKERFILE.index("HEALTHCHECK") :]


def test_the_image_holds_every_package_that_runs() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE))
    assert copied == {"infra", "services", "gateway", "suite"}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_requirement_is_locked_to_a_version_and_its_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pinned = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(pinned) > 50
    assert [entry.splitlines()[0] for entry in pinned if "--hash=sha256:" not in entry or "==" not in entry] == []
    # An address would send another machine to a registry of ours.
    assert "://" not in text


def test_the_development_lock_has_the_versions_that_run() -> None:
    def versions(lock: str) -> set[str]:
        return set(re.findall(r"^(\S+==\S+)", (ROOT / lock).read_text(), re.MULTILINE))

    assert versions("requirements.lock") <= versions("requirements-dev.lock")
