"""`python -m bench.gateway.upstream`: a service that costs next to nothing; every request gets the same answer."""

import asyncio
import socket
from typing import cast

import uvloop

from bench.machine import say

BODY = (
    b'{"items":['
    + b",".join([b'{"boutique_id":"0190b6a2-7c1e-7000-8000-00000000000%d"}' % n for n in range(8)])
    + b"]}"
)
ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\netag: "7"\r\ncontent-length: %d\r\n\r\n%b' % (
    len(BODY),
    BODY,
)


class Answers(asyncio.Protocol):
    """One connection. It is asked without a body only, so every empty line ends a request."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        *whole, self._rest = (self._rest + data).split(b"\r\n\r\n")
        self._transport.write(ANSWER * len(whole))


async def main() -> None:
    """Serve until ended; prints the port."""
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = await asyncio.get_running_loop().create_server(Answers, sock=listening, backlog=1024)
    say(port=listening.getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
