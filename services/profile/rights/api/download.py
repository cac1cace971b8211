"""A copy on its way out."""

import asyncio
from collections.abc import AsyncIterator
from typing import IO, Any

from fastapi.responses import StreamingResponse

from infra.openapi import refuses
from services.profile.rights.actions.copying import Copy

CHUNK = 64 * 1024  # bytes
_ZIP: dict[str, Any] = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A zip: manifest.json, one JSON document per service, and your-data.html to read and print.",
        "content": _ZIP,
    },
    **refuses(404, 409, 410),
}


def sent(copy: Copy) -> StreamingResponse:
    """The zip as an answer. It says how long it is, so that what breaks off is seen to be no copy."""
    headers = {
        "Content-Length": str(copy.size),
        "Content-Disposition": f'attachment; filename="your-data-{copy.made_at:%Y-%m-%d}.zip"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(_chunks(copy.file), media_type="application/zip", headers=headers)


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
