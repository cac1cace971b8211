"""What the launcher leaves on disk for `status`, `down` and the next start: who runs, and how far it is."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from infra.files import write_whole

_FILE = "state.json"

Phase = Literal["starting", "filling", "ready", "stopping", "stopped"]


class Child(BaseModel):
    """One process of the suite."""

    pid: int
    port: int
    restarts: int = 0


class State(BaseModel):
    """The suite as its launcher (a process id) sees it."""

    launcher: int
    phase: Phase
    children: dict[str, Child] = Field(default_factory=dict)


def write(data: Path, state: State) -> None:
    """Replace what is on disk; raises OSError."""
    write_whole(data / _FILE, state.model_dump_json(indent=1), mode=0o644)


def read(data: Path) -> State | None:
    """What the last launcher wrote; None when there is nothing, or nothing readable."""
    try:
        return State.model_validate_json((data / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None
