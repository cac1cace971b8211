"""`python -m infra.serve MODULE:FACTORY`: run one app of the suite until SIGTERM, then drain."""

import asyncio
import contextlib
import gc
import importlib
import socket
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from infra.settings import load

HEAD_LIMIT = 256 * 1024  # bytes; also the most that one read of a socket brings
DRAIN = 10  # seconds that requests under way get to finish
LINGER = 1.0  # seconds that an idle connection stays open in a drain: its next request may be on the way
ACCEPTED = 0.05  # seconds in which what was accepted last becomes a connection
EX_STARTUP = 3  # uvicorn's status for an app that did not start


class BoundedHead(HttpToolsProtocol):
    """HTTP/1.1 with what uvicorn lacks: a bound on a request's head, and an end that no caller runs into."""

    _head = 0
    _in_head = True
    _begun = False  # a request has begun to arrive
    _last = False  # the next request is the last on this connection

    def data_received(self, data: bytes) -> None:
        """Take what arrived; a head that does not end is answered 431 and cut off."""
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > HEAD_LIMIT and not self.transport.is_closing():
                self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n")
                self.transport.close()

    def on_message_begin(self) -> None:
        """The first bytes of a request are here."""
        self._begun = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head, self._head = False, 0
        super().on_headers_complete()
        if self._last and (cycle := self._latest()) is not None:
            cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """The body is whole; the next head may begin."""
        self._in_head, self._begun = True, False
        super().on_message_complete()

    def shutdown(self) -> None:
        """Say in the next answer that it was the last one here; close at once only what nobody uses any more.

        uvicorn closes every idle connection, and runs into the request that a caller is sending on it at that moment.
        """
        cycle = self._latest()
        if cycle is not None and not cycle.response_started:
            cycle.keep_alive = False
            return
        self._last = True
        self.loop.call_later(LINGER, self._close_if_idle)

    def _latest(self) -> RequestResponseCycle | None:
        return self.cycle  # which uvicorn's own types do not believe to be None before the first request

    def _close_if_idle(self) -> None:
        cycle = self._latest()
        answered = cycle is None or cycle.response_complete
        if answered and not self._begun and not self.transport.is_closing():
            self.transport.close()


class Server(uvicorn.Server):
    """uvicorn's server; its listening socket may be shared with siblings, which go on accepting when it stops."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, answer what is under way, end the app."""
        for listener in self.servers:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        # What was accepted at this very moment is no connection yet, and is told to end like the others when it is.
        await asyncio.sleep(ACCEPTED)
        await super().shutdown(sockets)


class Listen(BaseSettings):
    """Where a process listens: on sockets that it inherits, or else on an address of its own."""

    model_config = SettingsConfigDict(env_prefix="MAISON_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    # Descriptors of listening sockets: one shared with every instance, and one that reaches this instance only.
    fd: int | None = Field(default=None, ge=3)
    operations_fd: int | None = Field(default=None, ge=3)

    def inherited(self) -> list[socket.socket] | None:
        """The sockets that whoever started us has opened; None where there are none."""
        given = [fd for fd in (self.fd, self.operations_fd) if fd is not None]
        # By its protocol asyncio knows that it may send at once; not every system tells it of an inherited socket.
        found = [socket.socket(proto=socket.IPPROTO_TCP, fileno=fd) for fd in given]
        return found or None


def main(target: str) -> None:
    """Build the app and serve it."""
    listen = load(Listen)
    module, _, factory = target.partition(":")
    build: Callable[[], FastAPI] = getattr(importlib.import_module(module), factory)
    app = build()
    # What is made at the start stays: the collector need not walk through all of it while somebody waits.
    gc.collect()
    gc.freeze()
    config = uvicorn.Config(
        app,
        host=listen.host,
        port=listen.port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=DRAIN,
        proxy_headers=False,
        http=BoundedHead,
    )
    server = Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(listen.inherited())
    if not server.started:
        raise SystemExit(EX_STARTUP)


if __name__ == "__main__":
    main(sys.argv[1])
