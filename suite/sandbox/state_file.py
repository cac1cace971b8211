"""The state file: written a moment after a change and at the end, read at the start."""

import asyncio
import sys
from pathlib import Path

from fastapi import Request
from pydantic import ValidationError

from infra.files import write_whole
from infra.settings import EX_CONFIG
from suite.sandbox.world import World

GATHER = 0.2  # seconds in which changes are written together


def recall(path: Path | None) -> World:
    """The world of the file, or a fresh one. A file that is no world stops the process: it is never overwritten."""
    if path is None or not path.exists():
        return World()
    try:
        return World.model_validate_json(path.read_text())
    except (ValidationError, OSError) as wrong:
        sys.stderr.write(f"MAISON_SANDBOX_STATE: {type(wrong).__name__}: not a state file of this sandbox\n")
        raise SystemExit(EX_CONFIG) from None


class Keeper:
    """Writes the world whenever it was touched."""

    def __init__(self, world: World, path: Path | None) -> None:
        self._world = world
        self._path = path
        self._touched = asyncio.Event()

    async def touch(self, request: Request) -> None:
        """Something may change; looking at the sandbox changes nothing."""
        if request.method != "GET" or not request.url.path.startswith(("/sandbox/", "/healthz")):
            self._touched.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._touched.wait()
            await asyncio.sleep(GATHER)
            self._touched.clear()
            self.save()

    def save(self) -> None:
        """Write the world down, if there is a file for it."""
        if self._path is not None:
            write_whole(self._path, self._world.model_dump_json())
