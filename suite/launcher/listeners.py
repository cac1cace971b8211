"""Listening sockets: opened once by the launcher, and inherited by every instance that accepts on them."""

import socket
from dataclasses import dataclass, field

BACKLOG = 2048  # connections that wait to be accepted, as uvicorn has it
LOOPBACK = "127.0.0.1"


@dataclass
class Listener:
    """The address of one process. While it is open, a caller waits for the next instance instead of being refused."""

    host: str
    port: int
    _socket: socket.socket | None = field(default=None, init=False)

    def descriptor(self) -> int:
        """What an instance inherits; opened where it is not, raises OSError where it cannot be."""
        if self._socket is None:
            self._socket = socket.create_server((self.host, self.port), backlog=BACKLOG)
        return self._socket.fileno()

    def close(self) -> None:
        """Let go of the address; who accepts on it already is not disturbed."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def private() -> socket.socket:
    """A listening socket on a loopback port that the system chooses: the way to one instance among several."""
    return socket.create_server((LOOPBACK, 0))
