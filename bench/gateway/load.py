"""`python -m bench.gateway.load ORDER`: ask for one thing many times, and say how long each answer took.

The order is JSON: `url`, `token`, and either `requests` and `connections` (each asks again once it is answered) or
`rate` and `seconds`: then every request has its moment, answers or no answers, and its time counts from that moment.
"""

import asyncio
import json
import sys
from collections import deque
from dataclasses import dataclass
from time import perf_counter
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop

from bench.machine import say

OK = 200
PATIENCE = 10.0  # seconds for the last answers


@dataclass
class Target:
    """What is asked for, and the bytes that ask."""

    host: str
    port: int
    request: bytes

    @classmethod
    def of(cls, url: str, token: str) -> "Target":
        """The target at an address."""
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {parts.netloc}",
            f"Authorization: Bearer {token}",
            "Accept: application/json",
            "Accept-Language: zh-CN",
            "User-Agent: bench",
        ]
        return cls(parts.hostname or "", parts.port or 80, ("\r\n".join(lines) + "\r\n\r\n").encode())


class Connection(asyncio.Protocol):
    """One connection, which asks one thing at a time."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._parser = httptools.HttpResponseParser(self)
        self._since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The other side has accepted."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def connection_lost(self, _fault: Exception | None) -> None:
        """The other side has hung up; a pool that is asked too much may do that, and it would be a failure."""
        self._load.closed(self)

    def ask(self, since: float) -> None:
        """Send the request; `since` is the moment from which its time counts."""
        self._since = since
        self._transport.write(self._load.target.request)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        status = self._parser.get_status_code()
        # One parser per answer: httptools goes on by itself, but remembers the status of the last one only.
        self._parser = httptools.HttpResponseParser(self)
        self._load.answered(self, self._since, is_good=status == OK)


class Load:
    """All requests of one order."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.seconds: list[float] = []
        self.failed = 0
        self._loop = asyncio.get_running_loop()
        self._free: deque[Connection] = deque()
        self._left = 0
        self._open = 0
        self._again = False
        self._done = asyncio.Event()

    async def connect(self, count: int) -> None:
        """Open connections."""
        for _ in range(count):
            _, connection = await self._loop.create_connection(
                lambda: Connection(self), self.target.host, self.target.port
            )
            self._free.append(connection)

    async def in_turn(self, requests: int) -> None:
        """Every connection asks again once it is answered."""
        self._again, self._left = True, requests
        self._open = min(requests, len(self._free))
        for connection in [self._free.popleft() for _ in range(self._open)]:
            self._next(connection)
        await self._done.wait()

    async def at(self, rate: float, seconds: float) -> None:
        """Every request has its moment; when no connection is free, one more is opened."""
        first, count, asked = perf_counter(), int(rate * seconds), 0
        while asked < count:
            await asyncio.sleep(max(0.0, first + asked / rate - perf_counter()))
            while asked < count and first + asked / rate <= perf_counter():
                if not self._free:
                    await self.connect(1)
                self._free.popleft().ask(first + asked / rate)
                asked += 1
                self._open += 1
        self._left = -1
        if self._open:
            async with asyncio.timeout(PATIENCE):
                await self._done.wait()

    def answered(self, connection: Connection, since: float, *, is_good: bool) -> None:
        """Count an answer, and let its connection go on."""
        self.seconds.append(perf_counter() - since)
        self.failed += not is_good
        if self._again and self._left:
            self._next(connection)
            return
        self._free.append(connection)
        self._open -= 1
        if self._open == 0 and (self._again or self._left):
            self._done.set()

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""
        if connection in self._free:
            self._free.remove(connection)
            return
        self.failed += 1
        self._open -= 1
        if self._open == 0:
            self._done.set()

    def _next(self, connection: Connection) -> None:
        self._left -= 1
        connection.ask(perf_counter())


async def main(order: dict[str, object]) -> None:
    """Connect, say so, wait for the word, carry out the order, and say what came of it."""
    load = Load(Target.of(str(order["url"]), str(order.get("token", ""))))
    await load.connect(int(str(order.get("connections", 8))))
    say(ready=True)
    await asyncio.to_thread(sys.stdin.readline)
    began = perf_counter()
    if "rate" in order:
        await load.at(float(str(order["rate"])), float(str(order["seconds"])))
    else:
        await load.in_turn(int(str(order["requests"])))
    took = perf_counter() - began
    say(took=took, failed=load.failed, seconds=[round(one, 6) for one in load.seconds])


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.argv[1])))
