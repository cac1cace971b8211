"""What the launcher leaves on disk for `status`, `down` and the next start: who runs, and how far it is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from infra.files import write_whole

_FILE = "state.json"
TARGETS = "targets.json"

Phase = Literal["starting", "filling", "ready", "stopping", "stopped"]


class Child(BaseModel):
    """One instance of a process of the suite: the port it shares with its siblings, and the one of its own."""

    program: str = ""
    pid: int
    port: int
    operations: int = 0
    restarts: int = 0


class State(BaseModel):
    """The suite as its launcher (a process id) sees it."""

    launcher: int
    phase: Phase
    # By name: profile, profile-2; profile-next and profile-last while one takes the other's place.
    children: dict[str, Child] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _name_the_programs(self) -> Self:
        # Before there were instances a process's name was its program's, and the file did not say it.
        for name, child in self.children.items():
            child.program = child.program or name
        return self


def write(data: Path, state: State) -> None:
    """Replace what is on disk; raises OSError."""
    write_whole(data / _FILE, state.model_dump_json(indent=1), mode=0o644)


def read(data: Path) -> State | None:
    """What the last launcher wrote; None when there is nothing, or nothing readable."""
    try:
        return State.model_validate_json((data / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def write_targets(data: Path, children: Mapping[str, Child]) -> None:
    """Say where each instance shows its metrics, as Prometheus reads it (file_sd_configs); raises OSError."""
    targets = [
        {"targets": [f"127.0.0.1:{child.operations}"], "labels": {"job": child.program, "process": name}}
        for name, child in children.items()
        if child.program != "sandbox"
    ]
    write_whole(data / TARGETS, json.dumps(targets, indent=1), mode=0o644)
