"""A service whose connection breaks before its answer: what is asked once more, and what is not."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.asking import once, problem
from tests.gateway.build import document, operation
from tests.gateway.conftest import Start

MEGABYTE = 1024 * 1024
BEHIND = document(
    {
        "/v1/pieces": {
            "get": operation("recommend"),
            "post": operation("recommend", **{"x-idempotent": True}),
            "put": operation("recommend"),
        }
    }
)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Breaking:
    """A server that reads a request and hangs up, so many times; from then on it answers."""

    breaks: int
    asked: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        body = await reader.readexactly(length)
        self.asked.append(head.partition(b" ")[0] + b" " + body[:20])
        if len(self.asked) > self.breaks:
            writer.write(ANSWER)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def breaking(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Breaking, str]]:
    """A service that breaks as many connections as the test says, and its address."""
    service = Breaking(request.param)
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    async with server:
        yield service, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("breaking", [1], indirect=True)
async def test_what_only_reads_is_asked_once_more(gateway: Start, breaking: tuple[Breaking, str]) -> None:
    service, address = breaking
    caller = (await gateway(document=BEHIND, recommend_url=address)).client()
    assert (await caller.get("/v1/pieces")).status_code == 200
    assert service.asked == [b"GET ", b"GET "]


@pytest.mark.parametrize("breaking", [1], indirect=True)
async def test_what_carries_a_key_is_asked_once_more_with_its_body(
    gateway: Start, breaking: tuple[Breaking, str]
) -> None:
    service, address = breaking
    caller = (await gateway(document=BEHIND, recommend_url=address)).client()
    answer = await caller.post("/v1/pieces", content=b"the same body", headers=once())
    assert answer.status_code == 200
    assert service.asked == [b"POST the same body", b"POST the same body"]


@pytest.mark.parametrize("breaking", [100], indirect=True)
async def test_a_service_that_breaks_every_connection_is_away(gateway: Start, breaking: tuple[Breaking, str]) -> None:
    service, address = breaking
    caller = (await gateway(document=BEHIND, recommend_url=address)).client()
    answer = await caller.post("/v1/pieces", content=b"{}", headers=once())
    assert (answer.status_code, problem(answer)) == (503, "service-away")
    assert len(service.asked) == 2


@pytest.mark.parametrize("breaking", [1], indirect=True)
async def test_what_might_take_effect_twice_is_asked_once_only(gateway: Start, breaking: tuple[Breaking, str]) -> None:
    service, address = breaking
    caller = (await gateway(document=BEHIND, recommend_url=address)).client()
    assert problem(await caller.post("/v1/pieces", content=b"no key")) == "service-away"
    assert service.asked == [b"POST no key"]


@pytest.mark.parametrize("breaking", [1], indirect=True)
async def test_a_body_that_streamed_through_is_gone_and_cannot_be_sent_again(
    gateway: Start, breaking: tuple[Breaking, str]
) -> None:
    service, address = breaking
    caller = (await gateway(document=BEHIND, recommend_url=address)).client()
    answer = await caller.post("/v1/pieces", content=b"a" * (MEGABYTE // 2), headers=once())
    assert problem(answer) == "service-away"
    assert len(service.asked) == 1


@pytest.mark.parametrize("breaking", [1], indirect=True)
async def test_a_key_for_an_operation_that_does_not_look_at_it_repeats_nothing(
    gateway: Start, breaking: tuple[Breaking, str]
) -> None:
    service, address = breaking
    caller = (await gateway(document=BEHIND, recommend_url=address)).client()
    assert problem(await caller.put("/v1/pieces", content=b"changes", headers=once())) == "service-away"
    assert service.asked == [b"PUT changes"]


async def test_a_put_on_a_connection_that_was_used_before_is_not_repeated_either(gateway: Start) -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the first request of a connection, and hang up on the second."""
        for answers in (True, False):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            await reader.readexactly(length)
            asked.append(head.partition(b" ")[0])
            if answers:
                writer.write(ANSWER)
                await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        caller = (await gateway(document=BEHIND, recommend_url=address)).client()
        assert (await caller.get("/v1/pieces")).status_code == 200
        assert problem(await caller.put("/v1/pieces", content=b"changes")) == "service-away"
    assert asked == [b"GET", b"PUT"]
