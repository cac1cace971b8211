"""Ports: where each process listens, and what happens when another program is there."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from suite.launcher import machine, ports
from suite.launcher.obstacles import PortTaken
from suite.launcher.settings import OFFSETS, LauncherSettings


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this test listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_ports_count_from_the_base() -> None:
    settings = LauncherSettings(port_base=20_000)
    assert {name: settings.port(name) for name in OFFSETS} == {
        "gateway": 20_000,
        "profile": 20_001,
        "appointments": 20_002,
        "feedback": 20_003,
        "recommend": 20_004,
        "sandbox": 20_005,
        "postgres": 20_032,
    }


@pytest.mark.parametrize("name", OFFSETS)
def test_each_port_has_a_setting_of_its_own(name: str) -> None:
    # The names of the settings are put together, so they cannot be written down for the type checker.
    settings = LauncherSettings(**{f"port_{name}": 4321})  # type: ignore[arg-type]
    assert settings.port(name) == 4321


def free_ports(**chosen: int) -> dict[str, int]:
    """A free port for every process, for a suite may be running on the usual ones while the tests run."""
    return {f"port_{name}": ports.free() for name in OFFSETS} | chosen


def test_a_taken_port_is_named_with_its_process_and_its_setting(taken: int, tmp_path: Path) -> None:
    settings = LauncherSettings(data=tmp_path, **free_ports(port_profile=taken))  # type: ignore[arg-type]
    with pytest.raises(PortTaken) as refused:
        machine.require_ports(settings)
    assert refused.value.what == f"port {taken} (profile) is taken by another program"
    assert "MAISON_PORT_PROFILE" in refused.value.advice


def test_two_processes_may_not_share_a_port(tmp_path: Path) -> None:
    free = ports.free()
    settings = LauncherSettings(data=tmp_path, **free_ports(port_sandbox=free, port_gateway=free))  # type: ignore[arg-type]
    with pytest.raises(PortTaken) as refused:
        machine.require_ports(settings)
    assert refused.value.what == f"port {free} is given to two processes: sandbox and gateway"


def test_the_port_of_the_embedded_database_does_not_matter_with_an_own_one(taken: int, tmp_path: Path) -> None:
    chosen = {f"port_{name}": ports.free() for name in OFFSETS if name != "postgres"}
    own = LauncherSettings(
        data=tmp_path,
        port_postgres=taken,
        admin_url="postgresql://a:b@db.example/postgres",
        **chosen,  # type: ignore[arg-type]
    )
    machine.require_ports(own)


def test_a_free_port_is_free() -> None:
    assert ports.is_free(ports.free())


def test_a_listener_makes_a_port_taken(taken: int) -> None:
    assert not ports.is_free(taken)
