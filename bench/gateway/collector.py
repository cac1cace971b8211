"""`python -m bench.gateway.collector`: an OpenTelemetry collector that takes everything and keeps nothing."""

import asyncio
import socket
from typing import cast

import httptools
import uvloop

from bench.machine import say

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"


class Takes(asyncio.Protocol):
    """One connection of an exporter."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """An exporter has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Thank for what came."""
        self._transport.write(ANSWER)


async def main() -> None:
    """Serve until ended; prints the port."""
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = await asyncio.get_running_loop().create_server(Takes, sock=listening)
    say(port=listening.getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
