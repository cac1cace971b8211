"""What tests of every service ask and wait for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

import httpx

from infra.app import Kit
from infra.eventlog.port import Entry, Envelope
from infra.problems import MEDIA_TYPE, URN
from infra.refusal import REGISTRY

BRAND = "lumiere"


@dataclass
class Clock:
    """A service's clock in the test's hands."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **units: float) -> None:
        """Let time pass, in the units of timedelta."""
        self.now += timedelta(**units)


def once() -> dict[str, str]:
    """The header of a creating request."""
    return {"Idempotency-Key": str(uuid4())}


def problem(answer: httpx.Response) -> str:
    """The slug of a problem document, which the answer must be, whole and of a registered type."""
    assert answer.headers["content-type"] == MEDIA_TYPE, answer.text
    assert answer.json()["status"] == answer.status_code
    slug = str(answer.json()["type"]).removeprefix(URN)
    assert slug in REGISTRY
    return slug


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 20) -> None:
    """Wait for what a follower or a loop is about to do; TimeoutError when it does not in that many seconds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what is awaited happens in PostgreSQL
            await asyncio.sleep(0.01)


class Follows(Protocol):
    """A service under test, as far as it takes facts."""

    @property
    def name(self) -> str:
        """Which one it is."""

    @property
    def kit(self) -> Kit:
        """What the app holds."""

    async def rows(self, query: str, *args: object) -> list[dict[str, Any]]:
        """What a query finds in its database."""


async def tell(
    running: Follows,
    kind: str,
    data: Mapping[str, Any],
    *,
    about: str | None = None,
    brand: str = BRAND,
    event_id: UUID | None = None,
    at: datetime | None = None,
) -> UUID:
    """Put another service's fact into the log, and wait until this one has taken it; answers its event id."""
    key = about or f"thing:{uuid4()}"
    envelope = Envelope(
        id=event_id or uuid4(),
        source=f"maison/{kind.partition('.')[0]}",
        type=kind,
        subject=key.partition(":")[2],
        time=at or datetime.now(UTC),
        partitionkey=key,
        sequence="0" * 19 + "1",
        brandid=brand,
        data=dict(data),
    )
    # A source of its own per fact: the tests tell them in no service's numbering.
    await running.kit.log.append(f"told-{uuid4()}", 1, [Entry(1, envelope)])
    [position] = [stored.position for stored in await running.kit.log.read(0, 10_000) if stored.envelope == envelope]

    async def taken() -> bool:
        cursors = await running.rows("select position from follower_cursor where follower = $1", running.name)
        return bool(cursors and cursors[0]["position"] >= position)

    await until(taken)
    return envelope.id
