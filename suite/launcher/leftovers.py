"""Processes that outlived a killed launcher: found by id and command, and ended before a new start."""

from suite.launcher import programs, state
from suite.launcher.processes import PROGRAMS
from suite.launcher.settings import LauncherSettings

_GRACE = 15  # seconds


def clear(settings: LauncherSettings) -> list[str]:
    """End what the last launcher left running (its lock must be ours by now); answers the names."""
    last = state.read(settings.data)
    if last is None:
        return []
    ended = []
    for name, child in last.children.items():
        # The id alone may be another program's by now.
        program = PROGRAMS.get(child.program)
        if program is not None and programs.runs(child.pid, f"infra.serve {program.application}"):
            programs.end(child.pid, within=_GRACE)
            ended.append(name)
    return ended
