"""Long computations in a process of their own: rows of numbers in, an answer out, and its memory leaves with it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterable, Sequence
from pathlib import Path
from typing import Any

AT_ONCE = 1000  # rows written before the pipe is waited for
_ROOT = Path(__file__).parents[1]


async def computed(
    module: str, *arguments: str, rows: AsyncIterable[Sequence[float]], patience: float
) -> dict[str, Any]:
    """What `python -m module` makes of these rows, one line of JSON each; no brand, client or key is known to it.

    It is ended after `patience` seconds; raises TimeoutError then, and ValueError where it answers no JSON.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
        env={"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    try:
        async with asyncio.timeout(patience):
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("a process without its pipes")
            written = 0
            async for row in rows:
                process.stdin.write(json.dumps(row).encode() + b"\n")
                written += 1
                if written % AT_ONCE == 0:
                    await process.stdin.drain()
            process.stdin.close()
            found: dict[str, Any] = json.loads(await process.stdout.read())
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return found
