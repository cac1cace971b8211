"""A process on a real socket: what its HTTP server bears with."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from infra.serve import BoundedHead, Server
from tests.asking import until

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Serving:
    """A server on a port of its own."""

    server: Server
    listener: socket.socket
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
    server = Server(uvicorn.Config(app, http=BoundedHead, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve([listener]))
    # As the launcher and every sibling have one.
    with listener.dup() as shared:
        yield Serving(server, shared, shared.getsockname()[1], entered, may_answer)
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

    serving.listener.close()
    await until(_refused(serving.port))
    serving.may_answer.set()
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b'"done"')
    writer.close()


async def test_an_idle_connection_gets_one_more_answer_in_a_drain_and_is_told_that_it_is_the_last(
    serving: Serving,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", serving.port)
    writer.write(request(1))
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"connection: close" not in head.lower()
    assert await reader.readexactly(1) == b"1"
    serving.listener.close()
    serving.server.should_exit = True
    await until(_refused(serving.port))
    # The listening has stopped; what was on its way on an open connection is answered all the same.
    writer.write(request(7))
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer.lower()
    assert answer.endswith(b"7")
    writer.close()


async def test_a_connection_that_nobody_uses_any_more_does_not_hold_up_a_drain(serving: Serving) -> None:
    fresh, silent = await asyncio.open_connection("127.0.0.1", serving.port)
    used, writer = await asyncio.open_connection("127.0.0.1", serving.port)
    writer.write(request(1))
    await used.readuntil(b"\r\n\r\n")
    serving.server.should_exit = True
    async with asyncio.timeout(5):
        assert await fresh.read() == b""
        assert await used.read() == b"1"
    silent.close()
    writer.close()


async def test_a_sibling_goes_on_accepting_on_the_same_socket(serving: Serving) -> None:
    async def answer(_scope: object, _receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    sibling = Server(uvicorn.Config(answer, http=BoundedHead, log_config=None, lifespan="off"))
    serves = asyncio.create_task(sibling.serve([serving.listener]))
    serving.server.should_exit = True

    async def only_the_sibling() -> bool:
        return not serving.server.servers[0].is_serving()

    await until(only_the_sibling)
    async with httpx.AsyncClient(trust_env=False) as client:
        for _ in range(5):
            asked = await client.get(f"http://127.0.0.1:{serving.port}/", headers={"Connection": "close"})
            assert asked.status_code == 204
    sibling.should_exit = True
    await serves


def test_a_process_serves_on_the_sockets_that_it_inherits(tmp_path: Path) -> None:
    (tmp_path / "played.py").write_text("from fastapi import FastAPI as build\n")
    shared, own = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
    descriptors = {"MAISON_FD": str(shared.fileno()), "MAISON_OPERATIONS_FD": str(own.fileno())}
    with subprocess.Popen(
        [sys.executable, "-m", "infra.serve", "played:build"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), **descriptors},
        pass_fds=(shared.fileno(), own.fileno()),
    ) as process:
        ports = [one.getsockname()[1] for one in (shared, own)]
        own.close()
        for port in ports:
            assert httpx.get(f"http://127.0.0.1:{port}/openapi.json", timeout=30, trust_env=False).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == -signal.SIGTERM
    # Only ours is left, and it is still open: a successor could inherit it.
    with socket.create_connection(("127.0.0.1", ports[0])):
        assert _is_refused(ports[1])
    shared.close()


def _refused(port: int) -> Callable[[], Awaitable[bool]]:
    async def asked() -> bool:
        return _is_refused(port)

    return asked


def _is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return True
    return False
