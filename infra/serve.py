"""`python -m infra.serve MODULE:FACTORY`: run one app of the suite until SIGTERM, then drain."""

import importlib
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from infra.settings import load

HEAD_LIMIT = 256 * 1024  # bytes; also the most that one read of a socket brings
DRAIN = 10  # seconds that requests under way get to finish


class BoundedHead(HttpToolsProtocol):
    """HTTP/1.1 with a bound on the request's head, which uvicorn and httptools do not have."""

    _head = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Take what arrived; a head that does not end is answered 431 and cut off."""
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > HEAD_LIMIT and not self.transport.is_closing():
                self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n")
                self.transport.close()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head, self._head = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is whole; the next head may begin."""
        self._in_head = True
        super().on_message_complete()


class Listen(BaseSettings):
    """Where a process listens."""

    model_config = SettingsConfigDict(env_prefix="MAISON_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)


def main(target: str) -> None:
    """Build the app and serve it."""
    listen = load(Listen)
    module, _, factory = target.partition(":")
    build: Callable[[], FastAPI] = getattr(importlib.import_module(module), factory)
    uvicorn.run(
        build(),
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


if __name__ == "__main__":
    main(sys.argv[1])
