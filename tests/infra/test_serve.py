"""A process on a real socket: what its HTTP server bears with."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import uvicorn
from fastapi import FastAPI

from infra.serve import BoundedHead
from tests.asking import until


@dataclass
class Serving:
    """A server on a port of its own."""

    server: uvicorn.Server
    port: int
    entered: asyncio.Event
    may_answer: asyncio.Event


@pytest.fixture
async def serving() -> AsyncIterator[Serving]:
    app = FastAPI()
    entered, may_answer = asyncio.Event(), asyncio.Event()

    @app.get("/slow")
    async def slow() -> str:
        entered.set()
        await may_answer.wait()
        return "done"

    @app.post("/length")
    async def length(body: dict[str, str]) -> int:
        return len(body["text"])

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=BoundedHead, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve([listener]))
    yield Serving(server, listener.getsockname()[1], entered, may_answer)
    server.should_exit = True
    may_answer.set()
    await task


@pytest.fixture
def port(serving: Serving) -> int:
    return serving.port


def request(size: int, connection: str = "keep-alive") -> bytes:
    body = b'{"text": "' + b"a" * size + b'"}'
    head = f"POST /length HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: {connection}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def test_a_head_that_does_not_end_is_cut_off(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
    sent = 0
    try:
        while sent < 100_000_000:
            writer.write(b"X-More: " + b"a" * 60_000 + b"\r\n")
            await writer.drain()
            sent += 60_000
    except ConnectionError:
        pass
    assert sent < 20_000_000  # what the sockets' own buffers hold; never all of it
    writer.close()
    assert reader is not None


async def test_large_bodies_and_many_requests_on_one_connection_pass(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for size in (10, 900_000, 0, 300_000):
        writer.write(request(size))
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert int(await reader.readexactly(length)) == size
    writer.close()
    await writer.wait_closed()


async def test_a_request_under_way_is_answered_before_the_process_ends(serving: Serving) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", serving.port)
    writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    await serving.entered.wait()
    serving.server.should_exit = True  # what SIGTERM sets

    async def refuses_newcomers() -> bool:
        try:
            _, late = await asyncio.open_connection("127.0.0.1", serving.port)
        except OSError:
            return True
        late.close()
        return False

    await until(refuses_newcomers)
    serving.may_answer.set()
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b'"done"')
    writer.close()
